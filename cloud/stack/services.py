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

RESTARTS_PER_MINUTE = 5
LOG_LIMIT_BYTES = 10 * 2**20


class ServiceFailed(Unavailable):
    """A part of the stack ended again and again."""

    code = "service_failed"

    def __init__(self, name: str, log_file: Path) -> None:
        super().__init__(f"The {name} ended {RESTARTS_PER_MINUTE} times within a minute; its log says why: {log_file}")


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
    _process: subprocess.Popen[bytes] | None = None
    _starts: list[float] = field(default_factory=list)

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
        self._starts.append(time.monotonic())

    @property
    def is_running(self) -> bool:
        """Whether the process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def revive(self) -> None:
        """Start the process again if it has ended. Raises: ServiceFailed: it ends too often."""
        if self._process is None or self.is_running:
            return
        recent = [start for start in self._starts if start > time.monotonic() - 60]
        log.warning("service ended", extra={"service": self.name, "exit_code": self._process.returncode})
        if len(recent) >= RESTARTS_PER_MINUTE:
            raise ServiceFailed(self.name, self.log_file)
        self._starts = recent
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
