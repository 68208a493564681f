"""However an attempt ends, its end is written: real runner, real database, work without a pod."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from cloud.agent.contract import Outcome
from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.conversing import HandOver
from cloud.jobs.work import JobWork
from tests.jobs.claims.conftest import Hanging, PodlessFleet, at_work, finish_at_once, services_for
from tests.jobs.conftest import Account, until


@pytest.fixture
async def owner(queue: Database) -> Account:
    return await Account.create(queue)


async def has_begun(work: Hanging) -> JobWork:
    await asyncio.wait_for(work.began.wait(), 20)
    return work.works[-1]


async def test_job_succeeds_and_the_users_next_one_begins_at_once(owner: Account, tmp_path: Path) -> None:
    async with at_work(services_for(owner.database, tmp_path), finish_at_once):
        posted = [await owner.post() for _ in range(5)]
        ended = [await owner.ended(job_id) for job_id in posted]
    assert [job.state for job in ended] == ["succeeded"] * 5


async def test_job_that_was_queued_before_the_runner_came_is_run(owner: Account, tmp_path: Path) -> None:
    job_id = await owner.post()
    async with at_work(services_for(owner.database, tmp_path), finish_at_once):
        assert (await owner.ended(job_id)).state == "succeeded"


async def test_cancel_is_written_though_the_work_is_deaf_and_its_user_then_goes_on(
    owner: Account, tmp_path: Path
) -> None:
    work = Hanging(deaf_s=2)
    async with at_work(services_for(owner.database, tmp_path), work):
        job_id, after = await owner.post(), await owner.post()
        await has_begun(work)
        await owner.cancel(job_id)
        job = await owner.ended(job_id)
        assert not work.ended.is_set()
        assert job.cancel_requested_at is not None
        assert job.finished_at is not None
        assert (job.state, job.outcome) == ("cancelled", "cancelled")
        await owner.in_state(after, "running")
        await asyncio.wait_for(work.ended.wait(), 20)
        await until(lambda: _count(work, 2))
        assert work.order == ["began", "ended", "began"]  # one at a time, for the user has one pod
        await owner.cancel(after)
        await owner.ended(after)


async def _count(work: Hanging, count: int) -> bool:
    return len(work.works) == count


async def test_pod_that_does_not_let_go_of_a_cancelled_job_is_stopped(
    owner: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.claims.attempt._CLEAN_UP_S", 0.1)
    work, fleet = Hanging(deaf_s=3), PodlessFleet()
    async with at_work(services_for(owner.database, tmp_path, fleet), work):
        job_id = await owner.post()
        await has_begun(work)
        await owner.cancel(job_id)
        await owner.ended(job_id)

        async def stopped() -> bool:
            return fleet.stopped == [str(owner.user_id)]

        await until(stopped)


async def test_stopped_runner_hands_the_job_over_at_the_end_of_a_step(owner: Account, tmp_path: Path) -> None:
    async def steps(work: JobWork) -> Outcome:
        await work.recorder.draining.wait()
        raise HandOver

    async with at_work(services_for(owner.database, tmp_path), steps, grace_s=3600) as runner:
        job_id = await owner.post()
        await owner.in_state(job_id, "running")
        runner.stop()
        await owner.in_state(job_id, "queued")
    async with at_work(services_for(owner.database, tmp_path), finish_at_once):
        job = await owner.ended(job_id)
    assert (job.state, job.attempt, job.stalls) == ("succeeded", 2, 0)
    kinds = [event.type for event in await owner.events(job_id)]
    assert kinds == ["job.queued", "job.started", "job.handed_over", "job.started", "job.finished"]


async def test_work_that_does_not_come_to_the_end_of_a_step_is_cut_off_after_the_grace(
    owner: Account, tmp_path: Path
) -> None:
    work = Hanging()
    async with at_work(services_for(owner.database, tmp_path), work, grace_s=0.2):
        job_id = await owner.post()
        await has_begun(work)
    assert (await owner.job(job_id)).state == "queued"
    assert work.ended.is_set()


async def test_second_stop_ends_the_grace(owner: Account, tmp_path: Path) -> None:
    work = Hanging()
    async with at_work(services_for(owner.database, tmp_path), work, grace_s=3600) as runner:
        job_id = await owner.post()
        await has_begun(work)
        runner.stop()  # and once more at the end of the block
    assert (await owner.job(job_id)).state == "queued"


async def test_attempt_that_was_taken_away_stops_and_writes_nothing(owner: Account, tmp_path: Path) -> None:
    work = Hanging()
    async with at_work(services_for(owner.database, tmp_path), work):
        job_id = await owner.post()
        await has_begun(work)
        async with owner.database.sessions() as session, session.begin():
            await session.execute(update(Job).where(Job.id == job_id).values(attempt=7))
        await asyncio.wait_for(work.ended.wait(), 20)
    job = await owner.job(job_id)
    assert (job.state, job.attempt) == ("running", 7)
    assert [event.type for event in await owner.events(job_id)] == ["job.queued", "job.started"]


async def test_work_that_finds_the_database_away_is_tried_again(owner: Account, tmp_path: Path) -> None:
    attempts: list[int] = []

    async def work(work: JobWork) -> Outcome:
        attempts.append(work.recorder.attempt)
        if len(attempts) == 1:
            raise ExceptionGroup("of a task group", [OperationalError("SELECT 1", {}, Exception("gone"))])
        return Outcome("finished")

    async with at_work(services_for(owner.database, tmp_path), work):
        job = await owner.ended(await owner.post())
    assert (job.state, attempts) == ("succeeded", [1, 2])


async def test_end_that_cannot_be_written_now_is_written_later(
    owner: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloud.jobs.claims import attempt

    calls = 0

    async def end_job(*given: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise OperationalError("UPDATE jobs", {}, Exception("the database system is starting up"))
        await real(*given, **named)

    real = attempt.end_job
    monkeypatch.setattr(attempt, "end_job", end_job)
    async with at_work(services_for(owner.database, tmp_path), finish_at_once):
        job_id = await owner.post()
        job = await owner.ended(job_id)
    assert (job.state, job.attempt) == ("succeeded", 1)
    assert [event.type for event in await owner.events(job_id)].count("job.finished") == 1


async def test_unforeseen_error_fails_the_job_with_a_sentence(owner: Account, tmp_path: Path) -> None:
    async def work(work: JobWork) -> Outcome:
        raise KeyError("x")

    async with at_work(services_for(owner.database, tmp_path), work):
        job = await owner.ended(await owner.post())
    assert job.error is not None
    assert job.error["code"] == "internal_error"


async def test_runner_at_its_limit_tells_who_waits_and_still_obeys_their_cancel(owner: Account, tmp_path: Path) -> None:
    work, other = Hanging(), await Account.create(owner.database)
    async with at_work(services_for(owner.database, tmp_path, max_running_jobs=1), work, concurrency=2):
        first = await owner.post()
        await has_begun(work)
        waiting = await other.post()

        async def told() -> bool:
            return [event.type for event in await other.events(waiting)] == ["job.queued", "waiting"]

        await until(told)
        await other.cancel(waiting)
        assert (await other.job(waiting)).state == "cancelled"
        await owner.cancel(first)
        await owner.ended(first)


async def test_two_runners_share_the_jobs_and_none_runs_twice(queue: Database, tmp_path: Path) -> None:
    attempts: list[Any] = []

    async def work(work: JobWork) -> Outcome:
        attempts.append(work.job.id)
        return Outcome("finished")

    accounts = [await Account.create(queue) for _ in range(3)]
    services = services_for(queue, tmp_path)
    async with at_work(services, work), at_work(services, work):
        posted = [(account, await account.post()) for _ in range(5) for account in accounts]
        for account, job_id in posted:
            assert (await account.ended(job_id)).attempt == 1
    assert len(attempts) == len(set(attempts)) == 15
