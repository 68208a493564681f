"""The embedded PostgreSQL through starts, crashes and moves. Where the tests run as root it runs as another user."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cloud.db import leftovers
from cloud.db.embedded import DatabaseInUse, DatabaseNotStarted, EmbeddedPostgres
from cloud.db.engine import libpq_url
from cloud.errors import Prompt2MeshError

linux_only = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux's /proc")


def _keep(url: str, value: str) -> None:
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def _kept(url: str) -> list[str]:
    with psycopg.connect(libpq_url(url)) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def _wait(done: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one kept value, not running. Copy it."""
    folder = tmp_path_factory.mktemp("initialised")
    with EmbeddedPostgres(folder) as server:
        _keep(server.url, "old")
    return folder


@pytest.fixture
def data_dir(initialised: Path, tmp_path: Path) -> Path:
    target = tmp_path / "data"
    subprocess.run(["cp", "-a", initialised, target], check=True)
    return target


def test_data_outlives_a_stop_and_nothing_else_is_left(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    url = server.start()
    pid = server.pid
    _keep(url, "new")
    socket_folder = Path(url.partition("host=")[2])
    assert socket_folder.stat().st_mode & 0o077 == 0

    server.stop()

    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()
    assert not socket_folder.exists()
    with EmbeddedPostgres(data_dir) as again:
        assert _kept(again.url) == ["new", "old"]


def test_a_warm_start_is_fast_and_writes_are_durable(data_dir: Path) -> None:
    started = time.perf_counter()
    with EmbeddedPostgres(data_dir) as server:
        assert time.perf_counter() - started < 3
        with psycopg.connect(libpq_url(server.url)) as connection:
            settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())

    assert (settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"]) == ("on", "on", "on")
    assert settings["listen_addresses"] == ""


def test_a_second_starter_is_told_who_holds_the_folder(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as first:
        with pytest.raises(DatabaseInUse, match=str(os.getpid())):
            EmbeddedPostgres(data_dir).start()

        assert _kept(first.url) == ["old"]


def test_every_committed_row_survives_kill_9(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    _keep(server.start(), "new")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()

    with EmbeddedPostgres(data_dir) as again:
        assert _kept(again.url) == ["new", "old"]


@linux_only
def test_a_stale_pid_file_that_names_a_living_stranger_is_no_hindrance(data_dir: Path) -> None:
    stale = data_dir / "cluster" / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{data_dir}/cluster\n1\n5432\n/tmp\n\n  0 0\nready\n")
    owner = (data_dir / "cluster").stat()
    os.chown(stale, owner.st_uid, owner.st_gid)

    with EmbeddedPostgres(data_dir) as server:
        assert _kept(server.url) == ["old"]
    assert Path(f"/proc/{os.getppid()}").exists()


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_a_damaged_pid_file_is_no_hindrance(data_dir: Path, content: str) -> None:
    (data_dir / "cluster" / "postmaster.pid").write_text(content)

    with EmbeddedPostgres(data_dir) as server:
        assert _kept(server.url) == ["old"]


def test_a_folder_that_was_moved_starts(data_dir: Path, tmp_path: Path) -> None:
    moved = tmp_path / "a folder with spaces and żółć" / ("deep" * 30)
    moved.parent.mkdir()
    data_dir.rename(moved)

    with EmbeddedPostgres(moved) as server:
        assert _kept(server.url) == ["old"]


STARTER = """
import sys, time
from pathlib import Path
from cloud.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@linux_only
def test_the_server_dies_with_a_starter_that_is_killed(data_dir: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    assert server in leftovers.servers(data_dir / "cluster")

    starter.kill()
    starter.communicate(timeout=10)

    _wait(lambda: not Path(f"/proc/{server}").exists())
    with EmbeddedPostgres(data_dir) as again:
        assert _kept(again.url) == ["old"]


@linux_only
def test_a_server_that_outlived_its_starter_is_replaced(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    _keep(first.start(), "new")
    orphan, lock = first._server, first._lock
    assert orphan is not None
    assert lock is not None
    lock.close()

    with EmbeddedPostgres(data_dir) as second:
        assert orphan.wait(timeout=10) is not None
        assert _kept(second.url) == ["new", "old"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_a_folder_closed_to_postgres_user_works_and_stays_closed(data_dir: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.move(data_dir, closed / "data")

    with EmbeddedPostgres(closed / "data") as server:
        assert _kept(server.url) == ["old"]
        status = Path(f"/proc/{server.pid}/status").read_text()

    assert "Uid:\t0" not in status
    capabilities = next(line for line in status.splitlines() if line.startswith("CapPrm"))
    assert int(capabilities.split()[1], 16) == 1 << 2  # CAP_DAC_READ_SEARCH and no other
    assert closed.stat().st_mode & 0o777 == 0o700


def _is_open_to_all(folder: Path) -> bool:
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (folder, *folder.parents))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
@pytest.mark.skipif(not _is_open_to_all(Path(sys.prefix).resolve()), reason="this clone lies under a closed folder")
def test_in_an_open_folder_the_server_gets_no_capability() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as opened:
        os.chmod(opened, 0o755)  # noqa: S103
        with EmbeddedPostgres(Path(opened) / "data") as server:
            status = Path(f"/proc/{server.pid}/status").read_text()

    assert "Uid:\t0" not in status
    assert "CapPrm:\t0000000000000000" in status


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_where_no_capability_helps_the_database_goes_to_a_reachable_place(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path("/tmp") / f"p2m-test-{os.getpid()}"  # noqa: S108 - must be reachable by everyone
    monkeypatch.setattr("cloud.db.cluster._COPIES", elsewhere)
    monkeypatch.setattr("cloud.db.unprivileged._SEARCH_CLOSED_FOLDERS", ())
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    try:
        with EmbeddedPostgres(closed / "data") as server:
            _keep(server.url, "far")
        with EmbeddedPostgres(closed / "data") as server:
            assert _kept(server.url) == ["far"]

        assert (closed / "data" / "cluster").resolve().is_relative_to(elsewhere)
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_no_other_user_can_connect(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        folder = server.url.partition("host=")[2]
        os.chmod(folder, 0o755)  # noqa: S103 - even with the folder open, the server knows who asks
        attempt = (
            "import psycopg, sys\n"
            "try: psycopg.connect(sys.argv[1])\n"
            "except psycopg.OperationalError as e: print('refused', e)"
        )
        done = subprocess.run(
            [
                *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
                *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
                *(sys.executable, "-c", attempt, f"postgresql://postgres@/postgres?host={folder}"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.stdout.startswith("refused"), done.stderr
    assert "Peer authentication failed" in done.stdout


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DatabaseNotStarted, match="cannot be used") as caught:
        EmbeddedPostgres(tmp_path / "file" / "data").start()
    assert isinstance(caught.value, Prompt2MeshError)


def test_damaged_files_are_reported_with_postgres_own_words(data_dir: Path) -> None:
    (data_dir / "cluster" / "PG_VERSION").write_text("9.1\n")

    with pytest.raises(DatabaseNotStarted, match="incompatible"):
        EmbeddedPostgres(data_dir).start()
    assert not (data_dir / "cluster" / "postmaster.pid").exists()


def test_an_initdb_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "data" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(tmp_path / "data") as server:
        _keep(server.url, "fine")
        assert _kept(server.url) == ["fine"]
