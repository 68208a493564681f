"""Links to scenes that have ended go with the clean-up, and those that live stay."""

import datetime as dt
from uuid import uuid4

import psycopg

from cloud.db.models import Project, Snapshot
from cloud.jobs.retention.cleanup import clean_up
from cloud.settings import Settings
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import NOW, Shelf


async def test_ended_links_go_after_a_while(owner: Account, shelf: Shelf, sql: psycopg.Connection) -> None:
    project, snapshot = uuid4(), uuid4()
    async with owner.database.sessions.begin() as session:
        session.add(Project(id=project, user_id=owner.user_id, name="x"))
        await session.flush()
        facts = {"sha256": "0" * 64, "bytes": 1, "code": ""}
        session.add(Snapshot(id=snapshot, user_id=owner.user_id, project_id=project, **facts))
    for title, expired_days, revoked_days in (
        ("endless", None, None),
        ("expired lately", 20, None),
        ("expired", 31, None),
        ("revoked lately", None, 20),
        ("revoked", None, 31),
    ):
        ends = [days and NOW - dt.timedelta(days=days) for days in (expired_days, revoked_days)]
        sql.execute(
            "INSERT INTO shares (id, user_id, project_id, snapshot_id, title, token_hash, hint, allow_download,"
            " expires_at, revoked_at, views) VALUES (%s, %s, %s, %s, %s, %s, 'wxyz', false, %s, %s, 0)",
            (uuid4(), owner.user_id, project, snapshot, title, uuid4().bytes, *ends),
        )

    freed = await clean_up(owner.database, shelf.store, Settings(), now=NOW)

    assert freed.shares == 2
    titles = sql.execute("SELECT title FROM shares ORDER BY title").fetchall()
    assert titles == [("endless",), ("expired lately",), ("revoked lately",)]
