"""A user is suspended while their jobs wait and run."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from sqlalchemy import update

from cloud.db.engine import Database
from cloud.db.models import Project, User
from cloud.jobs.claims.claims import NothingToDo
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.queries import utc_now
from cloud.jobs.stopping import stop_jobs_of
from tests.jobs.claims.conftest import Hanging, at_work, claim, claim_job, entries, finish_at_once, services_for
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import keep


async def suspend(account: Account, *, suspended: bool = True) -> None:
    values = {"suspended_at": utc_now() if suspended else None}
    async with account.database.sessions.begin() as session:
        await session.execute(update(User).where(User.id == account.user_id).values(**values))


async def test_queued_and_running_jobs_of_one_user_end_and_no_others(queue: Database, tmp_path: Path) -> None:
    ada, eve = [await Account.create(queue) for _ in range(2)]
    work = Hanging()
    running, theirs = await ada.post(), await eve.post()
    async with at_work(services_for(queue, tmp_path), work):
        await ada.in_state(running, "running")
        await eve.in_state(theirs, "running")
        others = [Project(id=uuid4(), user_id=ada.user_id, name=f"{number}") for number in range(3)]
        await keep(ada, *others)
        queued = [await replace(ada, project_id=other.id).post() for other in others]
        queued += [await ada.post() for _ in range(2)]
        # Not suspended yet: the runner looks for suspended users too, and would stop some of them first.
        assert await stop_jobs_of(queue, ada.user_id) == 6
        for job_id in (running, *queued):
            assert (await ada.ended(job_id)).state == "cancelled"
        assert (await eve.job(theirs)).state == "running"
    assert await stop_jobs_of(queue, ada.user_id) == 0
    assert await entries(ada) == []


async def test_runners_stop_a_suspended_users_job_though_nobody_cancels_it(queue: Database, tmp_path: Path) -> None:
    ada = await Account.create(queue)
    work = Hanging()
    job_id = await ada.post()
    async with at_work(services_for(queue, tmp_path), work):
        await ada.in_state(job_id, "running")
        await suspend(ada)
        assert (await ada.ended(job_id)).state == "cancelled"
        await asyncio.wait_for(work.ended.wait(), 20)


async def test_a_suspended_users_queued_job_is_never_begun(queue: Database, lease: RunLease) -> None:
    ada, eve = [await Account.create(queue) for _ in range(2)]
    first, second = await ada.post(), await eve.post()
    await suspend(ada)
    assert await claim(queue, lease) == NothingToDo()
    assert [event.type for event in await ada.events(first)] == ["job.queued", "job.finished"]
    assert (await ada.job(first)).state == "cancelled"
    assert await claim_job(queue, lease) == second


async def test_a_restored_users_new_jobs_run(queue: Database, tmp_path: Path) -> None:
    ada = await Account.create(queue)
    await suspend(ada)
    await suspend(ada, suspended=False)
    job_id = await ada.post(kind="export")
    async with at_work(services_for(queue, tmp_path), finish_at_once):
        assert (await ada.ended(job_id)).state == "succeeded"
