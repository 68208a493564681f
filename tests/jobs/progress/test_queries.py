"""The time that counts towards a job's limit is the time in which somebody worked on it."""

import datetime as dt
from uuid import uuid4

from cloud.db.engine import Database
from cloud.db.models import Snapshot
from cloud.jobs.progress.queries import active_seconds, snapshots_told
from tests.jobs.conftest import Account


def at(seconds: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


def test_time_between_attempts_does_not_count() -> None:
    events = [
        ("job.queued", at(0)),
        ("job.started", at(100)),
        ("stage", at(103)),
        ("job.handed_over", at(150)),
        ("job.started", at(200)),
        ("usage", at(207)),
    ]
    assert active_seconds(events) == 3 + 7


def test_job_that_has_just_begun_has_used_no_time() -> None:
    assert active_seconds([("job.queued", at(0)), ("job.started", at(5))]) == 0
    assert active_seconds([("job.queued", at(0))]) == 0


async def test_a_pod_is_told_of_the_snapshots_of_its_project_alone_newest_first(database: Database) -> None:
    mine, theirs = await Account.create(database), await Account.create(database)
    first, second = uuid4(), uuid4()
    rows = [
        Snapshot(id=first, user_id=mine.user_id, project_id=mine.project_id, sha256="aa", bytes=1, title="legs"),
        Snapshot(user_id=theirs.user_id, project_id=theirs.project_id, sha256="bb", bytes=2, title="not yours"),
        Snapshot(
            id=second, user_id=mine.user_id, project_id=mine.project_id, parent_id=first, sha256="cc", bytes=3, step=1,
            label="good",
        ),
    ]  # fmt: skip
    async with database.sessions() as session, session.begin():
        for row in rows:
            session.add(row)
            await session.flush()
    async with database.sessions() as session:
        told = await snapshots_told(session, mine.project_id)
    assert [(each["sha256"], each["parent"], each["title"], each["label"]) for each in told] == [
        ("cc", "aa", "", "good"),
        ("aa", "", "legs", ""),
    ]
