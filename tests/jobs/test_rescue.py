"""What lost its runner goes back into the queue; what has one, even a slow one, is left alone."""

from uuid import UUID

import pytest
from sqlalchemy import func, text, update

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.rescue import HUNG_S, SILENT_S, Rescuer, sweep_queue
from tests.jobs.claims.conftest import claim_job, entries
from tests.jobs.conftest import Account


@pytest.fixture
async def owner(queue: Database) -> Account:
    return await Account.create(queue)


@pytest.fixture(autouse=True)
def database_has_run_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' server has just been started, which is a reason to wait that these tests are not about."""
    monkeypatch.setattr("cloud.jobs.claims.queries.SERVER_START", "now() - interval '1 day'")


async def silence(owner: Account, job_id: UUID, seconds: float) -> None:
    """The last heartbeat was so long ago."""
    async with owner.database.sessions() as session, session.begin():
        past = func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        await session.execute(update(Job).where(Job.id == job_id).values(heartbeat_at=past))


async def rescued(owner: Account) -> list[UUID]:
    return await Rescuer(owner.database).look(sure_s=0)


async def test_job_that_lost_its_runner_is_queued_again(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await lease.aclose()
    await silence(owner, job_id, SILENT_S + 1)
    assert await rescued(owner) == [job_id]
    job = await owner.job(job_id)
    assert (job.state, job.stalls) == ("queued", 1)
    assert (await owner.events(job_id))[-1].model_dump() == {"type": "job.handed_over", "reason": "runner_lost"}
    assert await entries(owner) == [("todo", "run_job")]
    assert await claim_job(owner.database, lease) == job_id


async def test_job_that_lost_its_runner_after_a_cancel_ends_as_cancelled(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await owner.cancel(job_id)
    await lease.aclose()
    await silence(owner, job_id, SILENT_S + 1)
    await rescued(owner)
    assert (await owner.job(job_id)).state == "cancelled"
    assert await entries(owner) == []


async def test_job_of_a_living_runner_is_left_alone_though_its_heartbeat_is_late(
    owner: Account, lease: RunLease
) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await silence(owner, job_id, HUNG_S - 5)
    assert await rescued(owner) == []


async def test_job_of_a_runner_that_hangs_is_taken_from_it(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await silence(owner, job_id, HUNG_S + 1)
    assert await rescued(owner) == [job_id]
    other = RunLease(owner.database.url)
    assert await claim_job(owner.database, other) == job_id
    await other.aclose()


async def test_runner_gets_time_to_come_back_after_a_restart_of_the_database(
    owner: Account, lease: RunLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await lease.aclose()
    await silence(owner, job_id, HUNG_S + 1)
    monkeypatch.setattr("cloud.jobs.claims.queries.SERVER_START", "now()")
    assert await rescued(owner) == []


async def test_one_look_is_not_enough(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await lease.aclose()
    await silence(owner, job_id, SILENT_S + 1)
    rescuer = Rescuer(owner.database)
    assert await rescuer.look(sure_s=3600) == []
    assert await rescuer.look(sure_s=0) == [job_id]


async def test_sweep_frees_what_a_deleted_job_held_and_queues_what_is_missing(owner: Account, lease: RunLease) -> None:
    gone, missing = await owner.post(), await owner.post()
    await claim_job(owner.database, lease)
    async with owner.database.sessions() as session, session.begin():
        await session.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": gone})
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE args->>'job_id' = :id"), {"id": str(missing)})
    await sweep_queue(owner.database)
    assert await entries(owner) == [("todo", "run_job")]
    assert await claim_job(owner.database, lease) == missing
