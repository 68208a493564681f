"""`kill -9` in the middle of a deletion or of a clean-up: the next one goes on, and counts nothing twice."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from cloud.accounts.origin import Origin
from cloud.accounts.queries import Identity, get_user
from cloud.accounts.scopes import session_scopes
from cloud.db.engine import Database, libpq_url
from cloud.db.models import Artifact, Project
from cloud.jobs.closing import queries
from cloud.jobs.closing.requests import request_deletion
from cloud.jobs.closing.work import SET_ASIDE_FOR, advance
from cloud.jobs.retention.cleanup import clean_up
from cloud.jobs.retention.queries import only_one_cleans
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account, until

PROJECTS = 25
_PROGRAM = """
import asyncio, sys
from cloud.db.engine import Database
from cloud.storage.store import ArtifactStore
from cloud.settings import Settings
from cloud.jobs.closing.work import advance
from cloud.jobs.retention.cleanup import clean_up
from cloud.jobs.retention.queries import only_one_cleans

async def main(what, url, folder):
    database, store = Database.connect(url, pool_size=3), ArtifactStore.local(__import__("pathlib").Path(folder))
    await (advance(database, store) if what == "advance" else clean_up(database, store, Settings(data_dir=folder)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def owner(database: Database, store: ArtifactStore) -> Account:
    """Somebody with many projects, each with a file of its own."""
    account = await Account.create(database)
    for number in range(PROJECTS - 1):
        stored = await store.put(b"file %d of %s" % (number, account.user_id.bytes))
        async with database.sessions.begin() as session:
            project = Project(id=uuid4(), user_id=account.user_id, name=f"Scene {number}")
            session.add(project)
            await session.flush()
            mine = {"user_id": account.user_id, "project_id": project.id}
            session.add(Artifact(**mine, kind="scene", name="x", media_type="x", **stored._asdict()))
    return account


@contextmanager
def held(database_url: str, statement: str) -> Iterator[int]:
    """Whoever needs what the statement locks waits for as long as the block runs. Gives the holder's process id."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute(statement.encode())
        yield connection.info.backend_pid


async def killed_in_the_middle(database_url: str, folder: Path, what: str, locking: str) -> None:
    """A process at the work is killed where it waits for the lock."""
    with held(database_url, locking) as holder:
        command = [sys.executable, "-c", _PROGRAM, what, database_url, str(folder)]
        process = subprocess.Popen(  # noqa: ASYNC220 - it is to run beside us
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        try:
            with psycopg.connect(libpq_url(database_url), autocommit=True) as watching:
                asked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"

                async def waits() -> bool:
                    assert process.poll() is None, "it ended before it was killed"
                    row = watching.execute(asked, (holder,)).fetchone()
                    return row is not None and row[0] > 0

                await until(waits, 60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)


async def give_up(owner: Account) -> str:
    async with owner.database.sessions.begin() as session:
        user = await get_user(session, owner.user_id)
        assert user is not None
        identity = Identity(user, session_scopes(is_admin=False))
        return str((await request_deletion(session, identity, Origin())).id)


@pytest.mark.parametrize(
    "locking",
    [
        # The eleventh project and further ones: the first ten were deleted in a transaction before.
        pytest.param("SELECT id FROM projects ORDER BY id OFFSET 12 LIMIT 1 FOR UPDATE", id="between projects"),
        pytest.param("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE", id="in what is counted", marks=pytest.mark.heavy),
        pytest.param("LOCK TABLE users IN SHARE MODE", id="before the user's row", marks=pytest.mark.heavy),
        pytest.param("LOCK TABLE audit_log IN SHARE MODE", id="in the audit log", marks=pytest.mark.heavy),
    ],
)
async def test_a_deletion_that_was_killed_is_finished_by_the_next(
    owner: Account, store: ArtifactStore, tmp_path: Path, database_url: str, locking: str
) -> None:
    await give_up(owner)
    await killed_in_the_middle(database_url, tmp_path / "artifacts", "advance", locking)

    await finish(owner.database, store)

    async with owner.database.sessions() as session:
        assert not await queries.open_deletions(session)
        assert await get_user(session, owner.user_id) is None
    with psycopg.connect(libpq_url(database_url)) as sql:
        asked = "SELECT details FROM audit_log WHERE action = 'user.deleted' AND actor_id = %s"
        row = sql.execute(asked, (owner.user_id,)).fetchone()
    assert row is not None
    counted = {table: row[0]["rows"][table] for table in ("projects", "artifacts", "users")}
    assert counted == {"projects": PROJECTS, "artifacts": PROJECTS - 1, "users": 1}
    assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


@pytest.mark.heavy
async def test_a_sweep_of_the_store_that_was_killed_is_done_by_the_next(
    owner: Account, store: ArtifactStore, tmp_path: Path, database_url: str
) -> None:
    await give_up(owner)
    await advance_for_sure(owner.database, store, dt.datetime.now(dt.UTC))
    with psycopg.connect(libpq_url(database_url), autocommit=True) as sql:
        sql.execute("UPDATE account_deletions SET swept_at = now() - interval '1 hour' WHERE finished_at IS NULL")
    await store.put(b"written by a straggler since the first sweep")
    locking = "LOCK TABLE snapshots IN ACCESS EXCLUSIVE MODE"
    await killed_in_the_middle(database_url, tmp_path / "artifacts", "advance", locking)

    await finish(owner.database, store)

    async with owner.database.sessions() as session:
        assert not await queries.open_deletions(session)
    assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


async def finish(database: Database, store: ArtifactStore) -> None:
    """Let the time pass that a deletion takes."""
    now = dt.datetime.now(dt.UTC)
    for wait in range(4):
        await advance_for_sure(database, store, now + wait * (SET_ASIDE_FOR + dt.timedelta(seconds=5)))


async def advance_for_sure(database: Database, store: ArtifactStore, now: dt.datetime) -> None:
    """Go on, once the database knows that the killed process is gone."""

    async def is_free() -> bool:
        async with queries.only_one_deletes(database.engine) as is_ours:
            return is_ours

    await until(is_free)
    await advance(database, store, now=now)


async def test_a_clean_up_that_was_killed_is_done_by_the_next(
    owner: Account, store: ArtifactStore, tmp_path: Path, database_url: str
) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as sql:
        sql.execute("UPDATE projects SET deleted_at = now() - interval '30 days' WHERE user_id = %s", (owner.user_id,))
    locking = "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"
    await killed_in_the_middle(database_url, tmp_path / "artifacts", "clean_up", locking)

    async def is_free() -> bool:
        async with only_one_cleans(owner.database.engine) as is_ours:
            return is_ours

    await until(is_free)
    settings, now = Settings(data_dir=tmp_path), dt.datetime.now(dt.UTC)
    for hours in (2, 4):
        await clean_up(owner.database, store, settings, now=now + dt.timedelta(hours=hours))

    assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
