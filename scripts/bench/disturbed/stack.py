"""The real stack of the run: our own supervisor on a folder of its own, and what of it lives.

The bench holds the stack's lease, so that the stack ends with the bench however that ends.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cloud.cli.local_stack import local_stack
from cloud.settings import Settings

KINDS = ("runner", "api", "postgres", "backend", "front", "child")
_MODULES = {"cloud.jobs": "runner", "cloud.api": "api", "cloud.blender": "front", "cloud.blender.child": "child"}


@dataclass
class StackUnderTest:
    """A running stack. `seen` holds every process that was ever found in it."""

    data_dir: Path
    api_url: str
    supervisor: psutil.Process
    seen: dict[tuple[int, float], psutil.Process] = field(default_factory=dict)
    _sockets: set[Path] = field(default_factory=set)

    @classmethod
    @contextmanager
    def started(cls, data_dir: Path, model_url: str, runners: int) -> Iterator["StackUnderTest"]:
        """Start the stack with the model at `model_url`; stop it after the block."""
        own = {
            "P2M_DATA_DIR": str(data_dir),
            "P2M_RUNNERS": str(runners),
            # As all benches of pods: what is made once for a machine is not what is measured.
            "P2M_POD_CACHE_DIR": str(Path(tempfile.gettempdir()) / f"p2m-bench-cache-{os.getuid()}"),
            "ANTHROPIC_BASE_URL": model_url,
            "P2M_REVIEW": "0",
            "ANTHROPIC_API_KEY": "sk-chaos-stand-in",
        }
        foreign = [name for name in os.environ if name.startswith(("P2M_", "ANTHROPIC_", "DATABASE_URL"))]
        before = {name: os.environ.pop(name) for name in foreign}
        os.environ.update(own)
        try:
            with local_stack(Settings(data_dir=data_dir), keep=False, on_wait=_say) as info:
                yield cls(data_dir, info.api_url, psutil.Process(info.pid))
        finally:
            for name in own:
                os.environ.pop(name, None)
            os.environ.update(before)

    @property
    def database_url(self) -> str:
        """libpq's address of the stack's PostgreSQL, as its API was told it. Raises: RuntimeError: no API for 30 s."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for process in self.processes().get("api", []):
                with suppress(psutil.Error):
                    url = process.environ()["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
                    self._sockets.add(Path(url.partition("host=")[2]))
                    return url
            time.sleep(0.1)
        raise RuntimeError("the stack has no API")

    def processes(self) -> dict[str, list[psutil.Process]]:
        """What lives of the stack now, by kind; remembers all of it."""
        found: dict[str, list[psutil.Process]] = {}
        for process in self._descendants():
            with suppress(psutil.Error):
                self.seen[process.pid, process.create_time()] = process
                found.setdefault(_kind_of(process, self.supervisor.pid), []).append(process)
        return found

    def strays(self) -> list[psutil.Process]:
        """Processes once seen that live though nothing above them belongs to the stack any more."""
        own = {process.pid for process in self._descendants()} | {self.supervisor.pid}
        return [process for process in self.living() if process.pid not in own]

    def living(self) -> list[psutil.Process]:
        """Of all processes ever seen, those that live; after the stack's end every one of them is an orphan."""
        return [process for process in list(self.seen.values()) if _lives(process)]

    def naming_us(self) -> list[psutil.Process]:
        """All processes of the machine, but ourselves, whose command or environment names our data folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                named = [*process.cmdline(), *process.environ().values(), process.cwd()]
                if process.pid != os.getpid() and any(str(self.data_dir) in text for text in named) and _lives(process):
                    found.append(process)
        return found

    def leftovers(self) -> list[str]:
        """Folders and sockets that should have gone with the stack."""
        pods = [str(path.relative_to(self.data_dir)) for path in self.data_dir.glob("pods/fleet-*/pod-*")]
        sockets = [str(path) for path in self._sockets if path.exists()]
        stale = [name for name in ("stack.json", "stack.keep") if (self.data_dir / name).exists()]
        return pods + sockets + stale

    def _descendants(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return self.supervisor.children(recursive=True)
        return []


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _kind_of(process: psutil.Process, supervisor: int) -> str:
    line = process.cmdline()
    if line and Path(line[0]).name.startswith("python") and "-m" in line:
        return _MODULES.get(line[line.index("-m") + 1], "other")
    if process.name() == "postgres":
        if process.ppid() == supervisor:
            return "postgres"
        return "backend" if line and line[0].startswith("postgres: postgres") else "other"
    return "other"


def _say(what: str) -> None:
    print(f"chaos: {what} …", file=sys.stderr, flush=True)
