"""Who runs the stack of a data folder, and who needs it: two file locks, so that no death leaves anything behind.

- `stack.lock` is held (exclusively) by the supervisor for as long as it lives.
- `lease.lock` is held (shared) by each client that needs the stack. When the supervisor can take it exclusively,
  nobody is left and it stops; it keeps that lock to its end, so that a new client waits for the next stack.

The kernel frees both when a process ends, however it ends. `stack.json` says where the running stack answers.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType

from cloud.errors import Conflict


class StackRunning(Conflict):
    """A supervisor holds this data folder already."""

    code = "stack_running"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"A stack already runs on the data folder {str(data_dir)!r}; use it, or stop it with `prompt2mesh down`."
        )


@dataclass(frozen=True)
class StackInfo:
    """Where a running stack answers. `timings_s` says what its start took, by part."""

    pid: int
    api_url: str
    ui_url: str | None = None
    timings_s: dict[str, float] = field(default_factory=dict)


class FileLock:
    """An `flock` on a file; freed by `release`, by the end of a `with` block, or by the end of the process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        """Take the lock alone if nobody holds it; never waits."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock beside others if nobody holds it alone; never waits."""
        return self._try(fcntl.LOCK_SH)

    def _try(self, mode: int) -> bool:
        try:
            fcntl.flock(self._file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def stack_lock(data_dir: Path) -> FileLock:
    return FileLock(data_dir / "stack.lock")


def lease_lock(data_dir: Path) -> FileLock:
    return FileLock(data_dir / "lease.lock")


def keep_flag(data_dir: Path) -> Path:
    """While this file exists the supervisor goes on without any lease (`--keep`)."""
    return data_dir / "stack.keep"


def write_stack_info(data_dir: Path, info: StackInfo) -> None:
    target = data_dir / "stack.json"
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps(asdict(info)), encoding="utf-8")
    draft.replace(target)


def read_stack_info(data_dir: Path) -> StackInfo | None:
    """What the running stack wrote; None while there is none."""
    try:
        return StackInfo(**json.loads((data_dir / "stack.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def forget_stack_info(data_dir: Path) -> None:
    """Only for who holds `stack.lock`."""
    (data_dir / "stack.json").unlink(missing_ok=True)
    keep_flag(data_dir).unlink(missing_ok=True)
