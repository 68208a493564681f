"""What tests share: one real PostgreSQL a test run, and a migrated database of its own for each test module.

- `postgres_url`: the server (session); connect to it only to make databases.
- `database_url`: a fresh, migrated database (module).
- `database`: a `Database` on it for this test's event loop (function).
- `store`: an empty artifact store in a temporary folder (function).
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database, libpq_url
from cloud.db.migrate import upgrade
from cloud.storage.store import ArtifactStore

_TEMPLATE = "p2m_template"
_numbers = itertools.count(1)


def url_of_database(server_url: str, name: str) -> str:
    """The address of another database on the same server."""
    return server_url.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    url = server.start()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
    upgrade(url_of_database(url, _TEMPLATE))
    yield url
    server.stop()


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> str:
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
