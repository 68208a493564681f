"""Queueing and cancelling in the caller's transaction, and whose turn it is."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.errors import Conflict
from cloud.jobs import queries
from cloud.jobs.claims.claims import Claim, claim_next, end_job
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.queue import enqueue, request_cancel
from cloud.settings import Settings
from tests.jobs.claims.conftest import any_model, claim_job, entries
from tests.jobs.conftest import Account


@pytest.fixture
async def owner(queue: Database) -> Account:
    return await Account.create(queue)


async def test_job_is_queued_with_its_first_event(owner: Account) -> None:
    job_id = await owner.post()
    job = await owner.job(job_id)
    assert job.state == "queued"
    assert job.queue_id is not None
    assert [event.type for event in await owner.events(job_id)] == ["job.queued"]
    assert await entries(owner) == [("todo", "run_job")]


async def test_rolled_back_request_queues_nothing(owner: Account) -> None:
    job = Job(id=uuid4(), user_id=owner.user_id, project_id=owner.project_id, prompt="x")
    async with owner.database.sessions() as session:
        await enqueue(session, job, Settings())
        await session.rollback()
    assert await entries(owner) == []


async def test_cancel_of_a_queued_job_is_immediate(owner: Account) -> None:
    job_id = await owner.post()
    await owner.cancel(job_id)
    job = await owner.job(job_id)
    assert (job.state, job.outcome) == ("cancelled", "cancelled")
    assert job.finished_at is not None
    assert [event.type for event in await owner.events(job_id)] == ["job.queued", "job.finished"]
    assert await entries(owner) == []


async def test_cancel_of_an_ended_job_is_a_conflict(owner: Account) -> None:
    job_id = await owner.post()
    await owner.cancel(job_id)
    with pytest.raises(Conflict, match="already ended"):
        await owner.cancel(job_id)


async def test_cancel_of_a_running_job_waits_for_its_runner(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await owner.cancel(job_id)
    await owner.cancel(job_id)
    job = await owner.job(job_id)
    assert job.state == "running"
    assert job.cancel_requested_at is not None


async def test_cancel_reads_the_state_of_now_and_not_the_callers(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    async with owner.database.sessions() as session, session.begin():
        stale = await queries.get_job(session, job_id)
        await claim_job(owner.database, lease)
        await request_cancel(session, stale)
        assert stale.state == "running"


async def serve(database: Database, lease: RunLease) -> UUID:
    """Run the job whose turn it is, in no time. Returns: its user."""
    claimed = await claim_next(database, lease, any_model)
    assert isinstance(claimed, Claim)
    async with database.sessions() as session, session.begin():
        writer = await queries.open_writer(session, claimed.job.id, attempt=claimed.job.attempt)
        await end_job(writer, "succeeded", "finished")
    return claimed.job.user_id


async def test_newcomer_is_served_before_the_many_jobs_of_one_who_came_first(queue: Database, lease: RunLease) -> None:
    many, newcomer = await Account.create(queue), await Account.create(queue)
    for _ in range(50):
        await many.post()
    assert await serve(queue, lease) == many.user_id
    await newcomer.post()
    assert newcomer.user_id in {await serve(queue, lease), await serve(queue, lease)}


async def test_stream_of_newcomers_does_not_starve_the_many_jobs(queue: Database, lease: RunLease) -> None:
    many, eager = await Account.create(queue), await Account.create(queue)
    for _ in range(10):
        await many.post()
    served = Counter[str]()
    for _ in range(12):
        await (await Account.create(queue)).post()
        await eager.post()
        user_id = await serve(queue, lease)
        served[{many.user_id: "many", eager.user_id: "eager"}.get(user_id, "newcomer")] += 1
    assert served["many"] >= 3
    assert served["eager"] >= 3
    assert served["newcomer"] >= 3
