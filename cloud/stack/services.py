"""One supervised child process: started, watched, restarted, stopped."""

import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cloud.errors import Unavailable

log = logging.getLogger(__name__)

CRASHES_LIMIT = 5
CRASH_S = 10.0
"""Who ends by itself so soon after its start has crashed."""
LOG_LIMIT_BYTES = 10 * 2**20
_BACK_OFF_S = (0.0, 0.0, 0.1, 0.5, 1.0)


class ServiceFailed(Unavailable):
    """A part of the stack does not stay up."""

    code = "service_failed"

    def __init__(self, name: str, log_file: Path) -> None:
        super().__init__(
            f"The {name} ended {CRASHES_LIMIT} times in a row right after its start; its log says why: {log_file}"
        )


class CrashLoop:
    """When a part that has ended is started again: at once, later if it crashes again and again, at last never.

    Only who ends by itself, right after its start, can be at fault. Who was killed (SIGKILL is never one's own doing)
    is started again as often as it takes, and one that ran for a while has proved that it can.
    """

    def __init__(self, name: str, log_file: Path) -> None:
        self._name = name
        self._log_file = log_file
        self._crashes = 0
        self._started_at = 0.0

    def has_started(self) -> None:
        """The part has just been started."""
        self._started_at = time.monotonic()

    def has_ended(self, *, killed: bool) -> float:
        """How many seconds to wait before the next start. Raises: ServiceFailed: it is not worth one."""
        quick = time.monotonic() - self._started_at < CRASH_S
        if not quick:
            self._crashes = 0
        elif not killed:
            self._crashes += 1
        if self._crashes >= CRASHES_LIMIT:
            raise ServiceFailed(self._name, self._log_file)
        return _BACK_OFF_S[min(self._crashes, len(_BACK_OFF_S) - 1)]


def dies_with_us(command: Sequence[str]) -> list[str]:
    """`command`, wrapped so that the kernel kills it when our process ends, even by `kill -9` (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else list(command)


@dataclass
class Service:
    """A child of the supervisor, in a process group of its own: the terminal's Ctrl-C reaches the supervisor alone."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    inherited_fds: Sequence[int] = ()
    starts: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = None
    _crash_loop: CrashLoop = field(init=False)
    _start_at: float | None = None

    def __post_init__(self) -> None:
        self._crash_loop = CrashLoop(self.name, self.log_file)

    def start(self) -> None:
        """Start the process; its output goes to the end of the log file, which is turned over at 10 MiB."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        with self.log_file.open("ab") as sink:
            self._process = subprocess.Popen(
                dies_with_us(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=self.inherited_fds,
                process_group=0,
            )
        self.starts += 1
        self._start_at = None
        self._crash_loop.has_started()

    @property
    def is_running(self) -> bool:
        """Whether the process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def revive(self) -> None:
        """Start the process again if it has ended, or soon. Raises: ServiceFailed: it ends too often."""
        if self._process is None or self.is_running:
            return
        if self._start_at is None:
            code = self._process.returncode
            log.warning("service ended", extra={"service": self.name, "exit_code": code})
            self._start_at = time.monotonic() + self._crash_loop.has_ended(killed=code == -signal.SIGKILL)
        if time.monotonic() >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM; does not wait."""
        if self._process is not None and self.is_running:
            self._process.terminate()

    def ensure_stopped(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then kill the process's whole group."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("service killed", extra={"service": self.name})
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
