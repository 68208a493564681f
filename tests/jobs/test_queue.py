"""Queueing and cancelling in the caller's transaction, and the rescue of what lost its runner."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.errors import Conflict
from cloud.jobs import queries
from cloud.jobs.events import JobStarted
from cloud.jobs.queue import enqueue, request_cancel
from cloud.jobs.rescue import rescue_lost_jobs
from tests.jobs.conftest import Account


@pytest.fixture
async def owner(database: Database) -> Account:
    return await Account.create(database)


async def waiting_entries(owner: Account) -> list[tuple[str, str]]:
    """Status and task of the owner's entries in procrastinate's queue."""
    async with owner.database.sessions() as session:
        rows = await session.execute(
            text("SELECT CAST(status AS text), task_name FROM procrastinate_jobs WHERE lock = :lock ORDER BY id"),
            {"lock": f"user:{owner.user_id}"},
        )
        return [(status, task) for status, task in rows]


async def claim(owner: Account, job_id: UUID, *, worker_silent_s: float = 3600) -> None:
    """What a runner that then dies has done: fetched the entry, and begun the job."""
    async with owner.database.sessions() as session, session.begin():
        worker = await session.scalar(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - make_interval(secs => :silent)) RETURNING id"
            ),
            {"silent": worker_silent_s},
        )
        writer = await queries.open_writer(session, job_id)
        await session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker WHERE id = :id"),
            {"worker": worker, "id": writer.job.queue_id},
        )
        writer.job.state, writer.job.attempt = "running", 1
        writer.emit(JobStarted(attempt=1, model="m"))


async def test_job_is_queued_with_its_first_event(owner: Account) -> None:
    job_id = await owner.post()
    job = await owner.job(job_id)
    assert job.state == "queued"
    assert job.queue_id is not None
    assert [event.type for event in await owner.events(job_id)] == ["job.queued"]
    assert await waiting_entries(owner) == [("todo", "run_job")]


async def test_rolled_back_request_queues_nothing(owner: Account) -> None:
    job = Job(id=uuid4(), user_id=owner.user_id, project_id=owner.project_id, prompt="x")
    async with owner.database.sessions() as session:
        await enqueue(session, job)
        await session.rollback()
    assert await waiting_entries(owner) == []


async def test_cancel_of_a_queued_job_is_immediate(owner: Account) -> None:
    job_id = await owner.post()
    await owner.cancel(job_id)
    job = await owner.job(job_id)
    assert (job.state, job.outcome) == ("cancelled", "cancelled")
    assert job.finished_at is not None
    assert [event.type for event in await owner.events(job_id)] == ["job.queued", "job.finished"]
    assert await waiting_entries(owner) == []


async def test_cancel_of_an_ended_job_is_a_conflict(owner: Account) -> None:
    job_id = await owner.post()
    await owner.cancel(job_id)
    with pytest.raises(Conflict, match="already ended"):
        await owner.cancel(job_id)


async def test_cancel_of_a_running_job_waits_for_its_runner(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id)
    await owner.cancel(job_id)
    await owner.cancel(job_id)
    job = await owner.job(job_id)
    assert job.state == "running"
    assert job.cancel_requested_at is not None


async def test_job_that_lost_its_runner_ends_as_interrupted_and_frees_its_user(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id, worker_silent_s=0)
    assert job_id in await rescue_lost_jobs(owner.database)
    job = await owner.job(job_id)
    assert (job.state, job.outcome) == ("failed", "failed")
    assert job.error is not None
    assert job.error["code"] == "interrupted"
    assert (await owner.events(job_id))[-1].type == "job.finished"
    assert await waiting_entries(owner) == [("failed", "run_job")]


async def test_job_that_lost_its_runner_after_a_cancel_ends_as_cancelled(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id)
    await owner.cancel(job_id)
    await rescue_lost_jobs(owner.database)
    assert (await owner.job(job_id)).state == "cancelled"
    assert await waiting_entries(owner) == [("failed", "run_job")]


async def test_job_of_a_living_runner_is_left_alone(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id)
    async with queries.job_run_lock(owner.database.engine, job_id):
        assert job_id not in await rescue_lost_jobs(owner.database)
    assert (await owner.job(job_id)).state == "running"
    assert job_id in await rescue_lost_jobs(owner.database)


async def test_entry_that_was_fetched_and_never_begun_is_queued_again(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id)
    async with owner.database.sessions() as session, session.begin():
        (await queries.get_job(session, job_id)).state = "queued"
    await rescue_lost_jobs(owner.database)
    assert await waiting_entries(owner) == [("todo", "run_job")]


async def test_superseded_attempt_writes_nothing(owner: Account) -> None:
    job_id = await owner.post()
    await claim(owner, job_id)
    async with owner.database.sessions() as session, session.begin():
        (await queries.get_job(session, job_id)).attempt = 2
    async with owner.database.sessions() as session:
        with pytest.raises(queries.Fenced):
            await queries.open_writer(session, job_id, attempt=1)


async def test_cancel_reads_the_state_of_now_and_not_the_callers(owner: Account) -> None:
    job_id = await owner.post()
    async with owner.database.sessions() as session, session.begin():
        stale = await queries.get_job(session, job_id)
        await claim(owner, job_id)
        await request_cancel(session, stale)
        assert stale.state == "running"
