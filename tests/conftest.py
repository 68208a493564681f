"""What tests share: one real PostgreSQL a test run, and a migrated database of its own for each test module.

- `postgres_url`: the server (session); connect to it only to make databases.
- `database_url`: a fresh, migrated database (module).
- `database`: a `Database` on it for this test's event loop (function).
- `store`: an empty artifact store in a temporary folder (function).
- `make_bucket`: makes empty buckets on an S3 server on loopback (session); `bucket`: one of them (function).
- `api`: the real API over HTTP on a free loopback port, on the module's database (module).
"""

import itertools
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database, libpq_url
from cloud.db.migrate import upgrade
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore

if TYPE_CHECKING:
    from tests.support.s3_server import Bucket

_TEMPLATE = "p2m_template"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a Blender or a browser come first: what takes long must not begin last, while other workers rest."""
    slow = {item.path for item in items if item.get_closest_marker("blender") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)


def url_of_database(server_url: str, name: str) -> str:
    """The address of another database on the same server."""
    return server_url.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords(request: pytest.FixtureRequest) -> Iterator[None]:
    """Argon2id at its least cost: each test signs people in. A module marked `dear_passwords` has the real cost."""
    if request.node.get_closest_marker("dear_passwords"):
        yield
        return
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    from cloud.accounts import passwords

    cheap = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        passwords._nobodys_hash.cache_clear()
        yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        with psycopg.connect(libpq_url(server.url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
        upgrade(url_of_database(server.url, _TEMPLATE))
        yield server.url


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> str:
    return new_database(postgres_url)


def new_database(postgres_url: str) -> str:
    """The address of a migrated database of one's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(libpq_url(postgres_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}".encode())
    return url_of_database(postgres_url, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.connect(database_url, pool_size=5)
    yield opened
    await opened.aclose()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore.local(tmp_path / "artifacts")


@pytest.fixture(scope="session")
def make_bucket() -> "Iterator[Callable[[], Bucket]]":
    # Tests that need no bucket need not wait for moto.
    from tests.support.s3_server import s3_server

    with s3_server() as make:
        yield make


@pytest.fixture
def bucket(make_bucket: "Callable[[], Bucket]") -> "Bucket":
    return make_bucket()


@dataclass(frozen=True)
class RunningApi:
    """Where the API listens, and what it runs on."""

    url: str
    settings: Settings


@contextmanager
def serve_api(settings: Settings) -> Iterator[RunningApi]:
    """The API in a thread of this process; stopped, as by SIGTERM, at the end."""
    # Tests that need no API need not wait for these imports.
    from cloud.api.__main__ import ApiServer
    from cloud.api.app import create_app

    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(create_app(settings), settings.trusted_proxies)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started, "the API did not start"
        yield RunningApi(f"http://127.0.0.1:{listener.getsockname()[1]}", settings)
    finally:
        server.should_exit = True
        thread.join(timeout=15)
    assert not thread.is_alive(), "the API did not stop"


@pytest.fixture(scope="module")
def api(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    data_dir = tmp_path_factory.mktemp("data")
    with serve_api(Settings(data_dir=data_dir, database_url=database_url)) as running:
        yield running
