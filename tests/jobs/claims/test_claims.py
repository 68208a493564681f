"""A claim, an end and a hand-over are each one transaction, and nobody else's attempt writes."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import update

from cloud.db.engine import Database, Transaction
from cloud.db.models import Job
from cloud.jobs import queries
from cloud.jobs.claims import queries as claims
from cloud.jobs.claims.claims import (
    DEPLOY,
    RUNNER_LOST,
    STALLS_LIMIT,
    Claim,
    NothingToDo,
    claim_next,
    end_job,
    put_back,
    tell_who_waits,
)
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.payers.choice import ModelChoice
from tests.jobs.claims.conftest import claim, claim_job, entries
from tests.jobs.conftest import Account


@pytest.fixture
async def owner(queue: Database) -> Account:
    return await Account.create(queue)


async def test_claim_begins_an_attempt_on_the_scene_as_it_is(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    claimed = await claim(owner.database, lease)
    assert isinstance(claimed, Claim)
    job = await owner.job(job_id)
    assert (job.state, job.attempt, job.base_snapshot_id) == ("running", 1, None)
    assert job.started_at is not None
    assert job.heartbeat_at is not None
    assert [event.type for event in await owner.events(job_id)] == ["job.queued", "job.started"]
    assert await entries(owner) == [("doing", "run_job")]


async def test_users_next_job_waits_until_the_one_before_has_ended(owner: Account, lease: RunLease) -> None:
    first, second = await owner.post(), await owner.post()
    assert await claim_job(owner.database, lease) == first
    assert await claim(owner.database, lease) == NothingToDo()
    async with owner.database.sessions() as session, session.begin():
        await end_job(await queries.open_writer(session, first, attempt=1), "succeeded", "finished")
    assert await claim_job(owner.database, lease) == second


async def test_ten_claims_at_once_take_ten_users_jobs_once_each(queue: Database, lease: RunLease) -> None:
    posted = [await (await Account.create(queue)).post() for _ in range(10)]
    claimed = await asyncio.gather(*(claim_job(queue, lease) for _ in posted))
    assert sorted(claimed) == sorted(posted)


async def test_claim_that_fails_leaves_the_job_in_the_queue(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()

    async def no_model(session: Transaction, job: Job) -> ModelChoice:
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        await claim_next(owner.database, lease, no_model)
    assert (await owner.job(job_id)).state == "queued"
    assert await claim_job(owner.database, lease) == job_id


async def test_cancel_in_the_middle_of_a_claim_blocks_neither(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    async with owner.database.sessions() as session, session.begin():
        writer = await queries.open_writer(session, job_id)
        claiming = asyncio.create_task(claim(owner.database, lease))
        await asyncio.sleep(0.1)  # it has the entry and waits for the job's row, which we hold
        async with asyncio.timeout(5):
            await end_job(writer, "cancelled", "cancelled")
    assert await claiming == NothingToDo()
    assert await entries(owner) == []


async def test_handed_over_job_keeps_its_place_and_its_start(owner: Account, lease: RunLease) -> None:
    first = await owner.post()
    await claim_job(owner.database, lease)
    before = await owner.job(first)
    await owner.post()
    async with owner.database.sessions() as session, session.begin():
        assert await put_back(await queries.open_writer(session, first, attempt=1), DEPLOY) == "queued"
    assert await claim_job(owner.database, lease) == first
    job = await owner.job(first)
    assert (job.attempt, job.stalls, job.started_at) == (2, 0, before.started_at)
    assert job.queue_id != before.queue_id
    kinds = [event.type for event in await owner.events(first)]
    assert kinds == ["job.queued", "job.started", "job.handed_over", "job.started"]


async def test_handed_over_job_goes_before_one_that_was_sent_at_the_same_moment(
    owner: Account, lease: RunLease
) -> None:
    first, second = await owner.post(), await owner.post()
    await claim_job(owner.database, lease)
    async with owner.database.sessions() as session, session.begin():
        for job_id in (first, second):  # as two requests that did not see each other
            (await queries.open_writer(session, job_id)).job.turn = 1
    async with owner.database.sessions() as session, session.begin():
        waiting = (await queries.open_writer(session, second)).job
        await claims.remove_entry(session, waiting.queue_id)
        await claims.defer(session, waiting)
        await put_back(await queries.open_writer(session, first, attempt=1), DEPLOY)
    assert await claim_job(owner.database, lease) == first


async def test_superseded_attempt_ends_nothing(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    async with owner.database.sessions() as session, session.begin():
        await put_back(await queries.open_writer(session, job_id, attempt=1), RUNNER_LOST)
    await claim_job(owner.database, lease)
    async with owner.database.sessions() as session:
        with pytest.raises(queries.Fenced):
            await queries.open_writer(session, job_id, attempt=1)
    assert await entries(owner) == [("doing", "run_job")]


async def test_job_that_never_gets_on_ends_as_interrupted(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    for attempt in range(1, STALLS_LIMIT + 1):
        await claim_job(owner.database, lease)
        async with owner.database.sessions() as session, session.begin():
            await put_back(await queries.open_writer(session, job_id, attempt=attempt), RUNNER_LOST)
    job = await owner.job(job_id)
    assert (job.state, job.attempt) == ("failed", STALLS_LIMIT)
    assert job.error is not None
    assert job.error["code"] == "interrupted"
    assert await entries(owner) == []


async def test_job_that_was_to_be_cancelled_is_not_handed_over(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    await owner.cancel(job_id)
    async with owner.database.sessions() as session, session.begin():
        assert await put_back(await queries.open_writer(session, job_id, attempt=1), RUNNER_LOST) == "cancelled"
    job = await owner.job(job_id)
    assert job.result is not None
    assert job.result["usage"]["usd"] == 0
    assert await entries(owner) == []


async def test_limit_of_running_jobs_holds_for_all_runners(queue: Database, lease: RunLease) -> None:
    posted = [await (await Account.create(queue)).post() for _ in range(5)]
    claimed = await asyncio.gather(*(claim(queue, lease, 2) for _ in posted))
    assert sum(isinstance(one, Claim) for one in claimed) == 2
    assert [one for one in claimed if isinstance(one, NothingToDo)] == [NothingToDo(is_full=True)] * 3


async def test_who_waits_for_room_is_told_once(queue: Database, lease: RunLease) -> None:
    busy, waiting = await Account.create(queue), await Account.create(queue)
    await busy.post()
    await claim_job(queue, lease)
    behind, alone = await busy.post(), await waiting.post()
    async with queue.sessions() as session, session.begin():
        await session.execute(update(Job).values(created_at=Job.created_at - dt.timedelta(seconds=5)))
    await tell_who_waits(queue)
    await tell_who_waits(queue)
    assert [event.type for event in await waiting.events(alone)] == ["job.queued", "waiting"]
    assert [event.type for event in await busy.events(behind)] == ["job.queued"]


async def test_mark_of_an_attempt_is_taken_again_after_its_connection_broke(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)

    async def is_lost() -> bool:
        async with owner.database.sessions() as session:
            return bool(await claims.lost_attempts(session, -1, 3600))

    assert not await is_lost()
    assert lease._connection is not None
    await lease._connection.close()
    for _ in range(600):  # the server lets go when it has noticed
        if await is_lost():
            break
        await asyncio.sleep(0.05)
    assert await is_lost()
    await lease.renew()
    assert not await is_lost()
    await lease.let_go(job_id, 1)
    assert await is_lost()


async def test_cancel_of_a_job_that_waits_after_a_hand_over_is_immediate(owner: Account, lease: RunLease) -> None:
    job_id = await owner.post()
    await claim_job(owner.database, lease)
    async with owner.database.sessions() as session, session.begin():
        await put_back(await queries.open_writer(session, job_id, attempt=1), DEPLOY)
    await owner.cancel(job_id)
    assert (await owner.job(job_id)).state == "cancelled"
    assert await entries(owner) == []
