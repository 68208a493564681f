"""Attempts at a job that die where a test says, and everything that is kept of the job in the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.db.models import Artifact, Consultation, Job, Message, Project, Snapshot, Step, Usage
from cloud.fleet.contract import Fleet
from cloud.jobs.conversing import HandOver
from cloud.jobs.queries import get_job, messages_of, project_of
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.work import JobWork, Services
from cloud.jobs.writes import JobWrites
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account
from tests.support.scripted_messages import MessagesApi, Reply, scripted_messages

MODEL = "claude-sonnet-5-5"
RESULT = ("objects", "triangles", "steps", "summary", "not_built", "verdict", "mends")
# What an attempt's own coming and going adds, and what has no place of its own among the others.
OF_ATTEMPTS = {"job.started", "job.handed_over", "waiting"}


class Died(Exception):
    """The attempt's process is gone."""


@dataclass
class DyingWrites(JobWrites):
    """Lands this many writes; with the last the process dies, and nothing more is written."""

    left: int = 10**6
    victim: asyncio.Task[Any] | None = None
    landed: int = 0

    async def _try(self, write: Any, progress: bool) -> None:
        if self.left <= 0:
            raise Died
        await super()._try(write, progress)
        self.landed += 1
        self.left -= 1
        if self.left <= 0:
            assert self.victim is not None
            self.victim.cancel()
            raise Died


@dataclass
class Bench:
    """A database, a store and a model that answers by how far the conversation is."""

    account: Account
    services: Services
    api: MessagesApi
    formats: list[str]

    async def new_import(self, name: str) -> UUID:
        """A project with one queued job that imports a file."""
        job_id = await self.new_job()
        stored = await self.services.store.put(b"a file")
        async with self.account.database.sessions() as session, session.begin():
            job = await get_job(session, job_id)
            upload = Artifact(
                id=uuid4(),
                user_id=job.user_id,
                project_id=job.project_id,
                kind="upload",
                name=name,
                media_type="model/obj",
                sha256=stored.sha256,
                bytes=stored.bytes,
            )
            session.add(upload)
            job.kind, job.request = "import", {"artifact_id": str(upload.id), "formats": self.formats}
        return job_id

    async def new_job(self, **options: Any) -> UUID:
        """A project with one queued job of these build options."""
        project = Project(id=uuid4(), user_id=self.account.user_id, name="Scene")
        job = Job(
            id=uuid4(),
            user_id=self.account.user_id,
            project_id=project.id,
            prompt="a tower",
            request={"formats": self.formats, "image_ids": [], **options},
        )
        async with self.account.database.sessions() as session, session.begin():
            session.add(project)
            await session.flush()
            session.add(job)
        self.api.requests.clear()
        return job.id

    async def attempt(self, job_id: UUID, writes: int = 10**6, *, draining: bool = False) -> int:
        """One runner's attempt, which dies after so many writes. Returns: how many there were."""
        database = self.account.database
        async with database.sessions() as session, session.begin():
            await session.execute(
                update(Job).where(Job.id == job_id).values(attempt=Job.attempt + 1, state="running", stalls=1)
            )
        async with database.sessions() as session:
            job = await get_job(session, job_id)
        recorder = JobRecorder(database, self.services.store, job, job.attempt)
        if draining:
            recorder.draining.set()
        dying = DyingWrites(database, job_id, job.attempt, left=writes)
        recorder._writes = dying
        work = JobWork(self.services, job, MODEL, recorder)
        dying.victim = asyncio.create_task(_run(work))
        await asyncio.wait({dying.victim})
        if not dying.victim.cancelled():
            error = dying.victim.exception()
            assert error is None or isinstance(error, HandOver if draining else Died), error
        return dying.landed

    async def answers(self, job_id: UUID) -> int:
        """How many of the model's answers are kept."""
        async with self.account.database.sessions() as session:
            return sum(message.role == "assistant" for message in await messages_of(session, job_id))

    async def seen(self, job_id: UUID) -> dict[str, Any]:
        """Everything that is kept of the job, without ids, times and attempts."""
        async with self.account.database.sessions() as session:

            async def rows(model: Any, *order: Any) -> list[Any]:
                return list(await session.scalars(select(model).where(model.job_id == job_id).order_by(*order)))

            job = await get_job(session, job_id)
            snapshots = await rows(Snapshot, Snapshot.step)
            steps = {row.id: row.step for row in snapshots}
            pictured = {row.step: (row.thumbnail_id is not None, row.model_id is not None) for row in snapshots}
            messages = [
                (m.seq, m.role, m.content, m.stop_reason, steps.get(m.snapshot_id))
                for m in await rows(Message, Message.seq)
            ]
            # A call that was in flight when the attempt died was paid for, and stands in the ledger beside these.
            paid = await rows(Usage, Usage.message_seq, Usage.consultation_key)
            usage = [
                (u.message_seq, u.consultation_key, u.purpose, u.input_tokens, u.is_estimate)
                for u in paid
                if u.message_seq is not None or u.consultation_key is not None
            ]
            consulted = [
                (c.key, {k: v for k, v in c.answer.items() if k != "snapshot_id"})
                for c in await rows(Consultation, Consultation.key)
            ]
            project = await project_of(session, job)
            files = [
                (a.kind, a.name, a.kind == "script" or a.sha256)
                for a in await rows(Artifact, Artifact.kind, Artifact.name)
            ]
            step_rows = [
                (
                    s.number,
                    s.message_seq,
                    s.tool,
                    s.title,
                    s.code,
                    s.result,
                    steps.get(s.before_snapshot_id),
                    steps.get(s.after_snapshot_id),
                )
                for s in await rows(Step, Step.number)
            ]
        result = {key: job.result[key] for key in RESULT} if job.result else None
        totals = (job.result or {}).get("usage", {})
        return {
            "job": (job.state, job.outcome, job.stalls, result),
            "ledger adds up": totals.get("input_tokens") == sum(row.input_tokens for row in paid),
            "messages": messages,
            "usage": usage,
            "consulted": consulted,
            "scene": steps.get(project.head_snapshot_id),
            "files": files,
            "steps": step_rows,
            "snapshots": [
                (s.step, s.sha256, steps.get(s.parent_id), s.code, s.message_seq, s.run_id == job_id) for s in snapshots
            ],
            "pictured": pictured,
            "events": _comparable([event.model_dump(mode="json") for event in await self.account.events(job_id)]),
        }

    async def told(self, job_id: UUID) -> list[dict[str, Any]]:
        """The job's events, but for thumbnails and models."""
        events = [event.model_dump(mode="json") for event in await self.account.events(job_id)]
        return [event for event in events if event.get("kind") != "thumbnail" and event["type"] != "model"]


def _comparable(events: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The events without ids and times; thumbnails and models by themselves: they come whenever they are ready."""
    kept = [
        json.dumps(
            {
                k: v
                for k, v in event.items()
                if not k.endswith("_id") and k not in ("seconds", "result", "bytes", "sha256", "usage")
            }
        )
        for event in events
        if event["type"] not in OF_ATTEMPTS
    ]
    beside = sorted(event for event in kept if '"thumbnail"' in event or '"type": "model"' in event)
    return [event for event in kept if event not in beside], beside


async def _run(work: JobWork) -> None:
    """An attempt as the runner makes it, with its end."""
    outcome = await work.run()
    await work.recorder.finish("succeeded", outcome.kind, None, work.result.model_dump(mode="json"))


def turns_in(body: dict[str, Any]) -> int:
    """How many turns of the model a request holds."""
    return sum(message["role"] == "assistant" for message in body["messages"])


def is_review(body: dict[str, Any]) -> bool:
    """Whether a request asks for a verdict."""
    return "format" in body.get("output_config", {})


@asynccontextmanager
async def open_bench(
    database_url: str,
    folder: Path,
    fleet: Fleet,
    script: Sequence[Reply],
    formats: list[str],
    review: Callable[[dict[str, Any]], Reply] | None = None,
) -> AsyncIterator[Bench]:
    """A bench on a database of its own, for as long as the block runs. `review` answers the reviewer's calls."""

    def answer(body: dict[str, Any]) -> Reply:
        return review(body) if review is not None and is_review(body) else script[turns_in(body)]

    database = Database.connect(database_url, pool_size=8)
    store = ArtifactStore.local(folder / "artifacts")
    settings = Settings(data_dir=folder, database_url=database_url, review=review is not None)
    async with scripted_messages(*[answer] * 1000) as api:
        models = ModelAccess(offline_url="", default_model=MODEL, api_key="sk-test", base_url=api.base_url)
        services = Services(settings, database, store, fleet, models)
        yield Bench(await Account.create(database), services, api, formats)
    await database.aclose()
