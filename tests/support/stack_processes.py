"""Which processes of a stack are alive, found by its data folder in their command line or environment."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def processes_of(data_dir: Path) -> dict[int, str]:
    """Command lines by pid of every live process that names `data_dir`, ourselves left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, IndexError):
            continue  # it has just ended
        if state != "Z" and os.fsencode(data_dir) in command + environment:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def wait_for(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Return as soon as `condition()` is true. Raises: AssertionError: it was not, in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(0.02)
