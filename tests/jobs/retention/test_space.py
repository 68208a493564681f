"""How much a user keeps, and what happens at the limit."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from cloud.db.engine import Database
from cloud.db.models import Project
from cloud.jobs.retention.queries import largest_projects, used_bytes
from cloud.jobs.retention.space import StorageFull, require_space, size_text
from cloud.settings import Settings
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import artifact, hash_of, keep, snapshot

MIB = 2**20


def _limit(mib: int) -> Settings:
    return Settings(database_url="unused", user_storage_mib=mib)


async def _require(owner: Account, settings: Settings) -> None:
    async with owner.database.sessions() as session:
        await require_space(session, owner.user_id, settings)


async def test_each_content_counts_once_however_often_it_is_used(owner: Account, database: Database) -> None:
    stranger = await Account.create(database)
    one, two = hash_of(b"one"), hash_of(b"two")
    await keep(owner, snapshot(owner, one, 100), snapshot(owner, one, 100), artifact(owner, one, 100))
    await keep(owner, artifact(owner, two, 7))
    await keep(stranger, artifact(stranger, two, 7), snapshot(stranger, hash_of(b"three"), 1000))

    async with database.sessions() as session:
        assert await used_bytes(session, owner.user_id) == 107
        assert await used_bytes(session, stranger.user_id) == 1007
        assert await used_bytes(session, uuid4()) == 0


async def test_the_largest_projects_come_first_and_share_what_they_share(owner: Account, database: Database) -> None:
    other = Project(id=uuid4(), user_id=owner.user_id, name="Other")
    await keep(owner, other)
    shared = hash_of(b"shared")
    await keep(owner, snapshot(owner, shared, 10), snapshot(owner, hash_of(b"more"), 5))
    await keep(owner, snapshot(owner, shared, 10, project_id=other.id), artifact(owner, shared, 10, other.id))

    async with database.sessions() as session:
        largest = await largest_projects(session, owner.user_id, 10)
        first = await largest_projects(session, owner.user_id, 1)

    assert [(one.name, one.bytes) for one in largest] == [("Scene", 15), ("Other", 10)]
    assert first == largest[:1]


async def test_at_the_limit_nothing_new_is_begun(owner: Account) -> None:
    await keep(owner, artifact(owner, hash_of(b"big"), 3 * MIB))

    await _require(owner, _limit(4))
    await _require(owner, _limit(0))
    async with owner.database.sessions() as session:
        await require_space(session, owner.user_id, _limit(3), with_file=True)  # it just fits
        with pytest.raises(StorageFull, match=r"The file does not fit: 3\.0 MiB of 2\.0 MiB would be used"):
            await require_space(session, owner.user_id, _limit(2), with_file=True)
    with pytest.raises(StorageFull, match=r"3\.0 MiB of 3\.0 MiB.*purge=true"):
        await _require(owner, _limit(3))


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 bytes"), (2048, "2.0 KiB"), (3 * MIB // 2, "1.5 MiB"), (3 * 2**40, "3072.0 GiB")]
)
def test_sizes_are_shown_for_people(size: int, shown: str) -> None:
    assert size_text(size) == shown


async def test_what_is_used_twice_does_not_fill_the_storage_twice(owner: Account) -> None:
    shared = hash_of(b"shared")
    await keep(owner, artifact(owner, shared, 2 * MIB), snapshot(owner, shared, 2 * MIB))

    await _require(owner, _limit(3))


@pytest.mark.heavy
async def test_with_100000_rows_the_sum_reads_two_indexes_alone(owner: Account, database: Database) -> None:
    stranger = await Account.create(database)
    for account in (owner, stranger, stranger):
        async with database.sessions.begin() as session:
            await session.execute(_MANY_SNAPSHOTS, {"user": account.user_id, "project": account.project_id})
            await session.execute(_MANY_ARTIFACTS, {"user": account.user_id, "project": account.project_id})
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("VACUUM ANALYZE snapshots, artifacts"))
    asked: list[tuple[str, Any]] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    async with database.engine.connect() as connection:
        async with database.sessions(bind=connection) as session:
            assert await used_bytes(session, owner.user_id) == 50_000 * 50_001
        sums = [one for one in asked if "sum" in one[0]]
        for statement, parameters in sums:
            plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars())
            assert "Index Only Scan using ix_" in plan
            assert "Seq Scan" not in plan
    assert len(sums) == 2


_ROWS = "encode(sha256(CAST(n || :kind AS text)::bytea), 'hex'), n FROM generate_series(1, 50000) AS n"
_MANY_SNAPSHOTS = text(
    "INSERT INTO snapshots (id, user_id, project_id, step, title, code, sha256, bytes)"
    f" SELECT gen_random_uuid(), :user, :project, 0, '', '', {_ROWS}"
).bindparams(kind="snapshot")
_MANY_ARTIFACTS = text(
    "INSERT INTO artifacts (id, user_id, project_id, kind, name, media_type, sha256, bytes)"
    f" SELECT gen_random_uuid(), :user, :project, 'scene', '', '', {_ROWS}"
).bindparams(kind="artifact")
