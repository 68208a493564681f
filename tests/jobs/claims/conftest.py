"""An empty queue, and runners whose work is what the test says: no pod, no model."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from cloud.agent.access import ModelAccess
from cloud.agent.contract import Outcome
from cloud.db.engine import Database, Transaction
from cloud.db.models import Job
from cloud.fleet.contract import Endpoint, PodNotReady
from cloud.jobs.claims.attempt import DoWork
from cloud.jobs.claims.claims import Claim, NothingToDo, claim_next
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.payers.choice import ModelChoice
from cloud.jobs.runner import Runner
from cloud.jobs.work import JobWork, Services
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account


class PodlessFleet:
    """A fleet that has no pod to give, and remembers whose pod was to be stopped."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    async def acquire(self, user_id: str) -> Endpoint:
        raise PodNotReady(user_id, 0.0)

    async def release(self, user_id: str) -> None:
        return

    async def stop(self, user_id: str) -> None:
        self.stopped.append(user_id)

    async def list(self) -> dict[str, Endpoint]:
        return {}

    async def aclose(self) -> None:
        return


async def finish_at_once(work: JobWork) -> Outcome:
    """The work of a job that has none."""
    return Outcome("finished")


class Hanging:
    """Work that begins and does not end by itself; `deaf`: not even when it is cancelled, for so many seconds."""

    def __init__(self, deaf_s: float = 0.0) -> None:
        self.began = asyncio.Event()
        self.works: list[JobWork] = []
        self.order: list[str] = []
        self.ended = asyncio.Event()
        self._deaf_s = deaf_s

    async def __call__(self, work: JobWork) -> Outcome:
        self.works.append(work)
        self.order.append("began")
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            if self._deaf_s:
                await asyncio.sleep(self._deaf_s)
            self.order.append("ended")
            self.ended.set()
        return Outcome("finished")


StartRunner = Callable[..., AbstractAsyncContextManager[Runner]]


def services_for(database: Database, folder: Path, fleet: PodlessFleet | None = None, **settings: Any) -> Services:
    """What a runner without pods shares."""
    return Services(
        Settings(data_dir=folder, database_url=database.url, **settings),
        database,
        ArtifactStore.local(folder / "artifacts"),
        fleet or PodlessFleet(),
        ModelAccess(offline_url="", default_model="none"),
    )


@asynccontextmanager
async def at_work(services: Services, do: DoWork, **facts: Any) -> AsyncIterator[Runner]:
    """A runner at work for as long as the block runs; then it is stopped, and lets go of its jobs."""
    runner = Runner(services, do=do, **{"grace_s": 0.1, **facts})
    task = asyncio.create_task(runner.run(install_signal_handlers=False))
    try:
        yield runner
        runner.stop()
        await asyncio.wait_for(task, 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def any_model(session: Transaction, job: Job) -> ModelChoice:
    """What a claim needs to know of models."""
    return ModelChoice("m")


async def claim(database: Database, lease: RunLease, limit: int = 0) -> Claim | NothingToDo:
    return await claim_next(database, lease, any_model, limit)


async def claim_job(database: Database, lease: RunLease) -> UUID:
    """The id of the job that was claimed."""
    claimed = await claim(database, lease)
    assert isinstance(claimed, Claim)
    return claimed.job.id


async def entries(account: Account) -> list[tuple[str, str]]:
    """Status and task of the account's entries in procrastinate's queue."""
    async with account.database.sessions() as session:
        rows = await session.execute(
            text("SELECT CAST(status AS text), task_name FROM procrastinate_jobs WHERE lock = :lock ORDER BY id"),
            {"lock": f"user:{account.user_id}"},
        )
        return [(status, task) for status, task in rows]
