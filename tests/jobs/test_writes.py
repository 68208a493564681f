"""A write of a running job lands once, whatever happens to its connection, or not at all."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.events import Waiting
from cloud.jobs.queries import Fenced, JobWriter
from cloud.jobs.writes import JobWrites, whole
from tests.jobs.conftest import Account


@pytest.fixture
async def account(database: Database) -> Account:
    return await Account.create(database)


async def running_job(account: Account) -> UUID:
    """A job at its second attempt, after one that got nowhere."""
    job = Job(id=uuid4(), user_id=account.user_id, project_id=account.project_id, state="running", attempt=2, stalls=1)
    async with account.database.sessions() as session, session.begin():
        session.add(job)
    return job.id


async def emit_one(writer: JobWriter) -> str:
    writer.emit(Waiting(reason="connection"))
    return "given"


def lost_after_commit(database: Database, times: int) -> Database:
    """The database, whose connection breaks so often right after a commit has arrived."""

    class Doubtful(Session):
        pass

    left = [times]

    def break_off(session: Session) -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("COMMIT", None, ConnectionResetError("the connection is gone"))

    event.listen(Doubtful, "after_commit", break_off)
    sessions = async_sessionmaker(database.engine, expire_on_commit=False, sync_session_class=Doubtful)
    return replace(database, sessions=sessions)


async def test_write_gives_what_its_body_gave_and_ends_the_vain_attempts(account: Account) -> None:
    job_id = await running_job(account)
    writes = JobWrites(account.database, job_id, attempt=2)
    assert await writes.write(emit_one) == "given"
    assert (await account.job(job_id)).stalls == 1
    await writes.write(emit_one, progress=True)
    job = await account.job(job_id)
    assert (job.stalls, job.writes) == (0, 2)


async def test_commit_in_doubt_that_arrived_is_not_done_again(account: Account) -> None:
    job_id = await running_job(account)
    writes = JobWrites(lost_after_commit(account.database, 1), job_id, attempt=2)
    assert await writes.write(emit_one) == "given"
    assert len(await account.events(job_id)) == 1
    assert await writes.write(emit_one) == "given"
    assert len(await account.events(job_id)) == 2


async def test_end_of_a_job_in_doubt_is_known_to_have_arrived(account: Account) -> None:
    async def end(writer: JobWriter) -> None:
        writer.finish("succeeded", "finished")

    job_id = await running_job(account)
    await JobWrites(lost_after_commit(account.database, 1), job_id, attempt=2).write(end)
    assert (await account.job(job_id)).state == "succeeded"
    assert len(await account.events(job_id)) == 1


async def test_transaction_whose_connection_was_cut_is_done_again(account: Account) -> None:
    tries: list[int] = []

    async def cut_once(writer: JobWriter) -> None:
        tries.append(1)
        writer.emit(Waiting(reason="connection"))
        if len(tries) == 1:
            await writer.session.flush()
            pid = await writer.session.scalar(text("SELECT pg_backend_pid()"))
            async with account.database.sessions() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    job_id = await running_job(account)
    await JobWrites(account.database, job_id, attempt=2).write(cut_once)
    assert len(tries) == 2
    assert len(await account.events(job_id)) == 1


async def test_database_that_stays_away_is_told_in_the_end(account: Account) -> None:
    job_id = await running_job(account)

    async def always_cut(writer: JobWriter) -> None:
        raise OperationalError("SELECT 1", None, ConnectionResetError("the connection is gone"))

    with pytest.raises(OperationalError):
        await JobWrites(account.database, job_id, attempt=2, patience_s=0.3).write(always_cut)
    assert await account.events(job_id) == []


@pytest.mark.parametrize(("attempt", "state"), [(1, "running"), (2, "queued"), (2, "cancelled")])
async def test_superseded_attempt_writes_nothing(account: Account, attempt: int, state: str) -> None:
    job_id = await running_job(account)
    async with account.database.sessions() as session, session.begin():
        await session.execute(text("UPDATE jobs SET state = :state WHERE id = :id"), {"state": state, "id": job_id})
    with pytest.raises(Fenced):
        await JobWrites(account.database, job_id, attempt).write(emit_one)
    assert await account.events(job_id) == []


async def test_cancel_lets_a_write_end_that_has_begun() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @whole
    async def write() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    writing: asyncio.Task[Any] = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert ended.is_set()


async def test_cancel_does_not_wait_for_a_write_that_hangs() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    @whole
    async def write() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    writing: asyncio.Task[Any] = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(writing, 30)
    await asyncio.wait_for(cancelled.wait(), 30)
