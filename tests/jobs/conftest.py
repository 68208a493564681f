"""Users, projects and jobs for the jobs' tests, and a runner with a real Blender pod."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.db.models import Artifact, Job, Project, Snapshot, User
from cloud.fleet.local import LocalFleet
from cloud.jobs import queries
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.events import AnyEvent
from cloud.jobs.queue import enqueue, request_cancel
from cloud.jobs.runner import Runner
from cloud.jobs.work import Services
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.blender.pod_process import CACHE


async def until(condition: Callable[[], Awaitable[Any]], deadline_s: float = 20.0) -> Any:
    """What `condition` gives as soon as it is true."""
    async with asyncio.timeout(deadline_s):
        while not (value := await condition()):  # noqa: ASYNC110 - what changes is in another process
            await asyncio.sleep(0.02)
        return value


@dataclass(frozen=True)
class Account:
    """A user with one project, and what a client does for them."""

    database: Database
    user_id: UUID
    project_id: UUID

    @classmethod
    async def create(cls, database: Database) -> "Account":
        user = User(id=uuid4(), username=f"user-{uuid4().hex[:12]}", password_hash="x")
        project = Project(id=uuid4(), user_id=user.id, name="Scene")
        async with database.sessions() as session, session.begin():
            session.add(user)
            await session.flush()
            session.add(project)
        return cls(database, user.id, project.id)

    async def post(self, prompt: str = "a chair", **facts: Any) -> UUID:
        """Queue a job as the API does."""
        job = Job(
            id=uuid4(),
            user_id=self.user_id,
            project_id=self.project_id,
            prompt=prompt,
            **{"kind": "build", "request": {"formats": [], "image_ids": []}, **facts},
        )
        async with self.database.sessions() as session, session.begin():
            await enqueue(session, job, Settings())
        return job.id

    async def cancel(self, job_id: UUID) -> None:
        """Ask for the job's end as the API does."""
        async with self.database.sessions() as session, session.begin():
            await request_cancel(session, await queries.get_job(session, job_id))

    async def job(self, job_id: UUID) -> Job:
        async with self.database.sessions() as session:
            return await queries.get_job(session, job_id)

    async def in_state(self, job_id: UUID, *states: str, deadline_s: float = 60.0) -> Job:
        """The job once it is in one of the states."""

        async def reached() -> Job | None:
            job = await self.job(job_id)
            return job if job.state in states else None

        return await until(reached, deadline_s)

    async def ended(self, job_id: UUID) -> Job:
        return await self.in_state(job_id, *queries.FINAL_STATES)

    async def events(self, job_id: UUID) -> list[AnyEvent]:
        """The job's events; their seqs have no gap."""
        async with self.database.sessions() as session:
            rows = await queries.events_after(session, job_id, 0)
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        return [event for _, event in rows]

    async def artifacts(self, job_id: UUID) -> dict[str, Artifact]:
        async with self.database.sessions() as session:
            rows = await session.scalars(select(Artifact).where(Artifact.job_id == job_id))
            return {row.name: row for row in rows}

    async def snapshots(self) -> Sequence[Snapshot]:
        async with self.database.sessions() as session:
            rows = await session.scalars(
                select(Snapshot).where(Snapshot.project_id == self.project_id).order_by(Snapshot.created_at)
            )
            return rows.all()

    async def head(self) -> Snapshot | None:
        async with self.database.sessions() as session:
            return await queries.head_of(session, self.project_id)


@dataclass(frozen=True)
class Backend:
    """Services over a real database, a real fleet, and no model yet."""

    services: Services
    fleet: LocalFleet

    def with_model(self, base_url: str, **settings: Any) -> Services:
        """The services with Claude at this address."""
        models = ModelAccess(
            offline_url=base_url, default_model="claude-sonnet-5-5", api_key="sk-test", base_url=base_url
        )
        return replace(self.services, models=models, settings=self.services.settings.model_copy(update=settings))


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Runner]:
    """A runner at work for as long as the block runs."""
    runner = Runner(services, grace_s=0.1)
    task = asyncio.create_task(runner.run(install_signal_handlers=False))
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    folder: Path = tmp_path_factory.mktemp("backend")
    database = Database.connect(database_url, pool_size=8)
    fleet = LocalFleet(folder / "pods", spares=0, pod_options=["--cache-dir", str(CACHE)])
    await fleet.start()
    settings = Settings(data_dir=folder, database_url=database_url, review=False)
    store = ArtifactStore.local(folder / "artifacts")
    models = ModelAccess(offline_url="", default_model="none")
    yield Backend(Services(settings, database, store, fleet, models), fleet)
    await fleet.aclose()
    await database.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account(backend: Backend) -> Account:
    """The one user whose pod the module's tests share; each test makes a project of its own."""
    return await Account.create(backend.services.database)


@pytest_asyncio.fixture(loop_scope="module")
async def user(account: Account) -> Account:
    """The shared user with a fresh project."""
    project = Project(id=uuid4(), user_id=account.user_id, name="Scene")
    async with account.database.sessions() as session, session.begin():
        session.add(project)
    return replace(account, project_id=project.id)


@pytest.fixture
async def queue(database: Database) -> Database:
    """The module's database without users, and so without jobs."""
    async with database.sessions() as session, session.begin():
        await session.execute(text("TRUNCATE users, procrastinate_jobs CASCADE"))
    return database


@pytest.fixture
async def lease(queue: Database) -> AsyncIterator[RunLease]:
    opened = RunLease(queue.url)
    yield opened
    await opened.aclose()
