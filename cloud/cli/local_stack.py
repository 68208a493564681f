"""A client's hold on the local stack: found if it runs, started if not, stopped when its last client is gone."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cloud.errors import Unavailable
from cloud.settings import Settings
from cloud.stack.lease import (
    StackInfo,
    forget_stack_info,
    keep_flag,
    lease_lock,
    read_stack_info,
    stack_lock,
)

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
POLL_S = 0.03
EXIT_ALREADY_RUNNING = 75

Supervisor = subprocess.Popen[bytes] | None


class StackDidNotStart(Unavailable):
    """The supervisor ended, or nothing answered in time."""

    code = "stack_did_not_start"

    def __init__(self, why: str, log_file: Path) -> None:
        super().__init__(f"The local stack did not start: {why} Its log: {log_file}")


@contextlib.contextmanager
def local_stack(settings: Settings, *, keep: bool, on_wait: Callable[[str], None]) -> Iterator[StackInfo]:
    """The stack of the settings' data folder, answering, for as long as the block lasts.

    `keep` leaves it running afterwards. `on_wait` is told, in a few words, what takes long.
    Raises: StackDidNotStart; OSError: the data folder cannot be written.
    """
    data_dir = settings.data_dir.resolve()
    lease = lease_lock(data_dir)
    supervisor = None
    try:
        _wait(lease.try_shared, STOP_TIMEOUT_S, "an earlier stack is still stopping.", data_dir)
        info, supervisor = _find_or_start(data_dir, on_wait)
        if keep:
            keep_flag(data_dir).touch()
        yield info
    finally:
        lease.release()
        if not keep_flag(data_dir).exists():
            _wait_until_gone(data_dir, supervisor)


def stop_local_stack(settings: Settings) -> bool:
    """Stop a running stack and wait for its end. Returns: False if none ran."""
    data_dir = settings.data_dir.resolve()
    info = read_stack_info(data_dir)
    if info is None or _nobody_runs(data_dir):
        return False
    keep_flag(data_dir).unlink(missing_ok=True)
    os.kill(info.pid, signal.SIGTERM)
    _wait_until_gone(data_dir, None)
    return True


def _find_or_start(data_dir: Path, on_wait: Callable[[str], None]) -> tuple[StackInfo, Supervisor]:
    """Where the stack answers, and its supervisor if it is our child."""
    supervisor: Supervisor = None
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if _nobody_runs(data_dir) and (supervisor is None or supervisor.poll() is not None):
            if supervisor is not None and supervisor.returncode != EXIT_ALREADY_RUNNING:
                raise StackDidNotStart(_last_words(data_dir), _log_file(data_dir))
            on_wait("starting the stack")
            supervisor = _spawn(data_dir)
        info = read_stack_info(data_dir)
        if info is not None:
            return info, supervisor
        time.sleep(POLL_S)
    raise StackDidNotStart(f"it was not ready after {START_TIMEOUT_S:.0f} s.", _log_file(data_dir))


def _nobody_runs(data_dir: Path) -> bool:
    with stack_lock(data_dir) as lock:
        if not lock.try_exclusive():
            return False
        # We hold the lock: whatever an ended stack left is stale.
        forget_stack_info(data_dir)
        return True


def _spawn(data_dir: Path) -> subprocess.Popen[bytes]:
    log_file = _log_file(data_dir)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as sink:
        # A session of its own: the terminal's Ctrl-C and hang-up reach the client, which then gives up its lease.
        return subprocess.Popen(
            [sys.executable, "-m", "cloud.stack"],
            env={**os.environ, "P2M_DATA_DIR": str(data_dir)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )


def _log_file(data_dir: Path) -> Path:
    return data_dir / "logs" / "stack.log"


def _last_words(data_dir: Path) -> str:
    lines = _log_file(data_dir).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"its supervisor ended with {lines[-1][:500]!r}." if lines else "its supervisor ended without a word."


def _wait(condition: Callable[[], bool], timeout_s: float, why: str, data_dir: Path) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise StackDidNotStart(why, _log_file(data_dir))
        time.sleep(POLL_S)


def _wait_until_gone(data_dir: Path, supervisor: Supervisor) -> None:
    """Wait while the supervisor stops; another client's lease keeps it up, and then there is nothing to wait for."""
    _wait_until_free(data_dir)
    if supervisor is not None and _nobody_runs(data_dir):
        supervisor.wait()  # it has freed its lock and is at its last breath


def _wait_until_free(data_dir: Path) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline and not _nobody_runs(data_dir):
        with lease_lock(data_dir) as lease:
            in_use = lease.try_shared() and not lease.try_exclusive()
        if in_use:
            return
        time.sleep(POLL_S)
