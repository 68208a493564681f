"""The real parts that the event benchmark loads: embedded PostgreSQL, the API's process, a runner with its pods."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import psycopg

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import libpq_url
from cloud.db.migrate import upgrade
from cloud.stack.services import Service
from ui.api_client import ApiClient

_ROOT = Path(__file__).resolve().parents[2]
_READY_LIMIT_S = 60
_STOP_LIMIT_S = 20


@dataclass(frozen=True)
class Member:
    """One user of the benchmark, with one project."""

    client: ApiClient
    token: str
    project_id: str


@dataclass(frozen=True)
class StackUnderLoad:
    """Parts that answer."""

    folder: Path
    database_url: str
    api_url: str
    api: psutil.Process
    runner: psutil.Process
    postgres: psutil.Process
    services: dict[str, Service]

    @property
    def database(self) -> psycopg.Connection:
        """A connection of the benchmark's own."""
        return psycopg.connect(libpq_url(self.database_url), autocommit=True)

    def add_member(self, name: str) -> Member:
        """Sign up a user and make their project."""
        client = ApiClient(self.api_url)
        client.sign_up(name, "correct horse battery staple")
        session = client.log_in(name, "correct horse battery staple")
        return Member(client, session["token"], client.create_project("Bench")["id"])

    def stop_runner(self) -> None:
        """End the runner and its pods."""
        self.services["runner"].ask_to_stop()
        self.services["runner"].ensure_stopped(time.monotonic() + _STOP_LIMIT_S)


@contextmanager
def running_stack(folder: Path, *, messages_url: str, jobs_at_once: int) -> Iterator[StackUnderLoad]:
    """Start the parts; end them after the block. The model is what answers at `messages_url` ("": the offline one)."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    with EmbeddedPostgres(folder / "postgres") as server:
        upgrade(server.url)
        assert server.pid
        environment = _environment(folder, server.url)
        model = {"ANTHROPIC_API_KEY": "sk-bench" if messages_url else "", "ANTHROPIC_BASE_URL": messages_url}
        model |= {"P2M_REVIEW": "0"} if messages_url else {}
        limits = {"P2M_MAX_STEPS": "1000000", "P2M_MAX_JOB_USD": "1e9", "P2M_JOB_LIMIT_S": "86400"}
        limits["P2M_RUNNER_CONCURRENCY"] = str(jobs_at_once)
        python, fd = [sys.executable, "-m"], listener.fileno()
        services = {
            "api": Service("api", [*python, "cloud.api", "--fd", str(fd)], environment, folder / "api.log", (fd,)),
            "runner": Service("runner", [*python, "cloud.jobs"], environment | model | limits, folder / "runner.log"),
        }
        try:
            for service in services.values():
                service.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            httpx2.get(f"{url}/readyz", timeout=_READY_LIMIT_S, trust_env=False).raise_for_status()
            parts = (_child("cloud.api"), _child("cloud.jobs"), psutil.Process(server.pid))
            yield StackUnderLoad(folder, server.url, url, *parts, services)
        finally:
            for service in services.values():
                service.ask_to_stop()
            for service in services.values():
                service.ensure_stopped(time.monotonic() + _STOP_LIMIT_S)
            listener.close()


def cpu_seconds(process: psutil.Process) -> float:
    """What the process and those below it have used, those that have ended included."""
    used = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:  # it has ended meanwhile
            continue
    return used


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    return {
        **kept,
        "DATABASE_URL": database_url,
        "P2M_DATA_DIR": str(folder),
        "P2M_POD_CACHE_DIR": str(Path(tempfile.gettempdir()) / f"p2m-bench-cache-{os.getuid()}"),
        "PYTHONPATH": str(_ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _child(module: str) -> psutil.Process:
    """Our child that runs the module."""
    return next(child for child in psutil.Process().children() if module in child.cmdline())
