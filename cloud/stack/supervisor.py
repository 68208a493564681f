"""Starts and keeps up the stack: embedded PostgreSQL, API, runner and, if asked for, the web UI.

Main thread only: the children's parent-death signal is tied to the thread that started them. The supervisor stops
when it gets SIGINT, SIGTERM or SIGHUP, or, started for clients (`leased`), when the last of them is gone.
"""

import http.client
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from cloud.db.cluster import DatabaseNotStarted
from cloud.db.embedded import EmbeddedPostgres
from cloud.errors import Conflict
from cloud.settings import Settings
from cloud.stack.lease import (
    StackInfo,
    StackRunning,
    forget_stack_info,
    keep_flag,
    lease_lock,
    stack_lock,
    write_stack_info,
)
from cloud.stack.secret_keys import ensure_secret_keys
from cloud.stack.services import CrashLoop, Service
from cloud.start import check_secrets, is_secret_variable

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
STOP_TIMEOUT_S = 8.0
READY_TIMEOUT_S = 90.0
RUNNER_GRACE_S = 1.0
"""On one machine a stop is the user's, who waits for it; a job that it interrupts goes on at the next start."""
WATCH_INTERVAL_S = 0.1


class PortInUse(Conflict):
    """Somebody else listens on a port that was asked for by number."""

    code = "port_in_use"

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is in use; name another one, or 0 for any free one.")


class StopRequested(Exception):
    """A signal asked the supervisor to stop."""


def listen_on(port: int) -> socket.socket:
    """A listening loopback socket; 0 takes a free port. Raises: PortInUse."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortInUse(port) from error
    listener.listen(128)
    return listener


class Supervisor:
    """The stack of one data folder. Use `run`; it returns when the stack has stopped."""

    def __init__(
        self, settings: Settings, *, ui_port: int | None = None, api_port: int = 0, leased: bool = False
    ) -> None:
        self._settings = settings
        self._data_dir = settings.data_dir.resolve()
        self._ui_port = ui_port
        self._api_port = api_port
        self._leased = leased
        self._postgres: EmbeddedPostgres | None = None
        self._api_socket: socket.socket | None = None
        self._postgres_crashes = CrashLoop("database", self._data_dir / "postgres" / "postgres.log")
        self._postgres_start_at = 0.0
        self._services: list[Service] = []
        self._timings: dict[str, float] = {}
        self._no_client_left = False

    def run(self, on_ready: Callable[[StackInfo], None] = lambda info: None) -> None:
        """Start everything, call `on_ready`, watch, stop everything.

        Raises: StackRunning, PortInUse, ServiceFailed, InvalidInput (a secret key is none), and what the database's
        start raises.
        """
        check_secrets(self._settings)  # told here rather than by processes that end at once
        self._data_dir.mkdir(parents=True, exist_ok=True)
        with stack_lock(self._data_dir) as own, lease_lock(self._data_dir) as lease:
            self._take(own.try_exclusive)
            forget_stack_info(self._data_dir)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._on_signal)
            try:
                info = self._start()
                on_ready(info)
                self._watch(lease.try_exclusive)
            except StopRequested:
                log.info("stopping on a signal")
            finally:
                self._stop()

    def _take(self, try_lock: Callable[[], bool]) -> None:
        # A client that looks whether a stack runs holds the lock for a moment: try for a second.
        deadline = time.monotonic() + 1.0
        while not try_lock():
            if time.monotonic() > deadline:
                raise StackRunning(self._data_dir)
            time.sleep(0.02)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise StopRequested

    def _start(self) -> StackInfo:
        # Ours for as long as we live: an API that is started again takes up the connections that wait on it.
        self._api_socket = api_socket = listen_on(self._api_port)
        api_url = f"http://{HOST}:{api_socket.getsockname()[1]}"
        database_url = self._start_database()
        ui_port = None if self._ui_port is None else _free_port(self._ui_port)
        ui_url = None if ui_port is None else f"http://{HOST}:{ui_port}"
        environment = self._environment(database_url, self._settings.public_url or ui_url or "")
        # The API tests users' keys and lists models; a runner signs nobody in; the UI needs no secret at all.
        of_runners = {name: value for name, value in environment.items() if name != "P2M_OIDC_CLIENT_SECRET"}
        without_secrets = {name: value for name, value in of_runners.items() if not is_secret_variable(name)}
        python = [sys.executable, "-m"]
        logs = self._data_dir / "logs"
        api_fd = api_socket.fileno()
        self._services = [
            *self._runners([*python, "cloud.jobs"], of_runners, logs),
            Service("api", [*python, "cloud.api", "--fd", str(api_fd)], environment, logs / "api.log", (api_fd,)),
        ]
        if ui_port is not None:
            self._services.append(_ui_service(ui_port, {**without_secrets, "P2M_API_URL": api_url}, logs))
        for service in self._services:
            service.start()
        started = time.monotonic()
        self._wait_ready(api_url, "/readyz")
        if ui_url:
            self._wait_ready(ui_url, "/_stcore/health")
        self._timings["api"] = time.monotonic() - started
        info = StackInfo(os.getpid(), api_url, ui_url, {name: round(s, 3) for name, s in self._timings.items()})
        write_stack_info(self._data_dir, info)
        return info

    def _runners(self, command: Sequence[str], environment: dict[str, str], logs: Path) -> list[Service]:
        names = ["runner", *(f"runner-{number}" for number in range(2, self._settings.runners + 1))]
        port = self._settings.metrics_port  # the API has this one
        ports = [str(port + number if port else 0) for number in range(1, len(names) + 1)]
        return [
            Service(name, command, {**environment, "P2M_METRICS_PORT": own}, logs / f"{name}.log")
            for name, own in zip(names, ports, strict=True)
        ]

    def _start_database(self) -> str:
        # Imported late: Alembic is slow to import and is not needed on most starts.
        from cloud.db.migrate import upgrade

        started = time.monotonic()
        url = self._settings.database_url
        if not url:
            self._postgres = EmbeddedPostgres(self._data_dir / "postgres")
            url = self._postgres.start()
            self._postgres_crashes.has_started()
        self._timings["postgres"] = time.monotonic() - started
        started = time.monotonic()
        upgrade(url)
        self._timings["migrations"] = time.monotonic() - started
        return url

    def _environment(self, database_url: str, public_url: str) -> dict[str, str]:
        own = self._settings.secret_keys
        return {
            "P2M_RUNNER_GRACE_S": str(RUNNER_GRACE_S),
            **os.environ,
            "P2M_DATA_DIR": str(self._data_dir),
            "DATABASE_URL": database_url,
            "P2M_PUBLIC_URL": public_url,
            "PYTHONUNBUFFERED": "1",
            "P2M_SECRET_KEYS": own.get_secret_value() if own else ensure_secret_keys(self._data_dir),
        }

    def _wait_ready(self, url: str, path: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not _answers(url, path):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url}{path} was not ready after {READY_TIMEOUT_S:.0f} s")
            for service in self._services:
                service.revive()
            time.sleep(0.05)

    def _watch(self, nobody_left: Callable[[], bool]) -> None:
        keep = keep_flag(self._data_dir)
        while True:
            for service in self._services:
                service.revive()
            self._revive_postgres()
            if self._leased and not keep.exists() and nobody_left():
                log.info("stopping: no client is left")
                return
            time.sleep(WATCH_INTERVAL_S)

    def _revive_postgres(self) -> None:
        """Start the database again if it has ended. Raises: ServiceFailed, DatabaseInUse."""
        if self._postgres is None or self._postgres.pid is not None or time.monotonic() < self._postgres_start_at:
            return
        log.warning("service ended", extra={"service": "postgres"})
        self._postgres.stop()
        try:
            self._postgres.start()
        except DatabaseNotStarted as error:  # it may have been killed while it recovered
            log.warning("the database did not start", extra={"error": str(error)})
            self._postgres_start_at = time.monotonic() + self._postgres_crashes.has_ended(killed=False)
        else:
            self._postgres_crashes.has_started()

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        forget_stack_info(self._data_dir)
        for service in self._services:
            service.ask_to_stop()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for service in self._services:
            service.ensure_stopped(deadline)
        if self._api_socket is not None:
            self._api_socket.close()
        if self._postgres is not None:
            self._postgres.stop()


def _free_port(asked: int) -> int:
    """The port, or any that is free for 0: Streamlit takes a number only. Raises: PortInUse."""
    with listen_on(asked) as probe:
        return probe.getsockname()[1]


def _ui_service(port: int, environment: dict[str, str], logs: Path) -> Service:
    from ui.launch import streamlit_command

    return Service("web UI", streamlit_command(port), environment, logs / "ui.log")


def _answers(url: str, path: str) -> bool:
    """True if a GET of the path gives 200 within a few seconds."""
    address = url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
