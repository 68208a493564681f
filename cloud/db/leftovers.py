"""Ends what is left of an earlier PostgreSQL on a folder, and removes a pid file that names no live server.

PostgreSQL refuses to start while the pid in `postmaster.pid` is alive, whoever that is by now (a container
that restarts on a kept volume reuses small pids). So a process counts as the server only if it is a
`postgres` whose working folder is the cluster. The caller holds the lock of the data folder.
"""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_PROC = Path("/proc")


def stop(cluster: Path, timeout_s: float = 20.0) -> None:
    """No process works on `cluster` when this returns, and there is no stale pid file."""
    if not _PROC.is_dir():
        return
    pid_file = cluster / "postmaster.pid"
    first = _pid_in(pid_file)
    if first is None:
        return
    if first in servers(cluster):
        log.warning("stopping a PostgreSQL that outlived its starter", extra={"pid": first})
        end(first, lambda: first not in servers(cluster), timeout_s)
    _wait(lambda: not servers(cluster), timeout_s)
    pid_file.unlink(missing_ok=True)


def end(pid: int, gone: Callable[[], bool], timeout_s: float) -> None:
    """Fast shutdown; after `timeout_s` an immediate one; then SIGKILL. Returns when `gone()`."""
    for sign, patience_s in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if gone():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if _wait(gone, patience_s):
            return
        log.warning("PostgreSQL did not end in time", extra={"pid": pid, "signal": sign.name})


def servers(cluster: Path) -> set[int]:
    """The pids of PostgreSQL's processes that work on `cluster`."""
    found = cluster.stat()
    return {
        int(entry.name)
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and _works_on(entry, cluster, (found.st_dev, found.st_ino))
    }


def _works_on(process: Path, cluster: Path, identity: tuple[int, int]) -> bool:
    try:
        if (process / "exe").readlink().name.removesuffix(" (deleted)") != "postgres":
            return False
        folder = (process / "cwd").stat()
    except PermissionError:
        # Root without CAP_SYS_PTRACE (a container's) may not look into another user's process.
        return _command_names(process, cluster)
    except OSError:
        return False
    return (folder.st_dev, folder.st_ino) == identity


def _command_names(process: Path, cluster: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/postgres") and os.fsencode(cluster) in words


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except FileNotFoundError:
        return None
    except ValueError:
        return -1


def _wait(done: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
