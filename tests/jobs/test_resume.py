"""A job whose attempt dies after any of its writes ends as an undisturbed one: the next attempt goes on from there."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.db.models import Artifact, Job, Message, Project, Snapshot, Step, Usage
from cloud.fleet.contract import Fleet
from cloud.jobs.queries import get_job, messages_of
from cloud.jobs.recorder import HandOver, JobRecorder
from cloud.jobs.work import JobWork, Services
from cloud.jobs.writes import JobWrites
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account
from tests.jobs.notebook_pod import NotebookPod
from tests.support.scripted_messages import Reply, ScriptedMessages, calls, finishes, scripted_messages

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = [
    calls(
        ("run_python", {"code": "tower", "title": "A tower"}),
        ("run_python", {"code": "raise", "title": "Fails"}),
        ("run_python", {"code": "roof"}),
        text="First the tower.",
    ),
    calls(("look", {})),
    calls(("run_python", {"code": "door"})),
    finishes("A tower stands."),
]
MODEL = "claude-sonnet-5-5"
# Of an undisturbed job: the death after each but the last is tried.
WRITES = 30
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
    api: ScriptedMessages
    attempts: list[JobWork] = field(default_factory=list)

    async def new_job(self) -> UUID:
        """A project with one queued job."""
        project = Project(id=uuid4(), user_id=self.account.user_id, name="Scene")
        job = Job(
            id=uuid4(),
            user_id=self.account.user_id,
            project_id=project.id,
            prompt="a tower",
            request={"formats": ["obj"], "image_ids": []},
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
            pictured = {row.step: row.thumbnail_id is not None for row in snapshots}
            messages = [
                (m.seq, m.role, m.content, m.stop_reason, steps.get(m.snapshot_id))
                for m in await rows(Message, Message.seq)
            ]
            usage = [(u.message_seq, u.input_tokens, u.is_estimate) for u in await rows(Usage, Usage.message_seq)]
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
        result = (
            {key: job.result[key] for key in ("objects", "triangles", "steps", "usage", "summary")}
            if job.result
            else None
        )
        return {
            "job": (job.state, job.outcome, job.stalls, result),
            "messages": messages,
            "usage": usage,
            "files": files,
            "steps": step_rows,
            "snapshots": [
                (s.step, s.sha256, steps.get(s.parent_id), s.code, s.message_seq, s.run_id == job_id) for s in snapshots
            ],
            "pictured": pictured,
            "events": _comparable([event.model_dump(mode="json") for event in await self.account.events(job_id)]),
        }


def _comparable(events: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The events without ids and times, those of thumbnails by themselves: they come whenever they are ready."""
    kept = [
        json.dumps(
            {
                k: v
                for k, v in event.items()
                if not k.endswith("_id") and k not in ("seconds", "result", "bytes", "sha256")
            }
        )
        for event in events
        if event["type"] not in OF_ATTEMPTS
    ]
    return [e for e in kept if "thumbnail" not in e], sorted(e for e in kept if "thumbnail" in e)


async def _run(work: JobWork) -> None:
    """An attempt as the runner makes it, with its end."""
    outcome = await work.run()
    await work.recorder.finish("succeeded", outcome.kind, None, work.result.model_dump(mode="json"))


def _turns(body: dict[str, Any]) -> int:
    """How many turns of the model a request holds."""
    return sum(message["role"] == "assistant" for message in body["messages"])


def _answer(body: dict[str, Any]) -> Reply:
    return SCRIPT[_turns(body)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("resume")
    database = Database.connect(database_url, pool_size=8)
    store = ArtifactStore.local(folder / "artifacts")
    settings = Settings(data_dir=folder, database_url=database_url)
    patch = pytest.MonkeyPatch()
    patch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
    async with scripted_messages(*[_answer] * 1000) as api:
        models = ModelAccess(offline_url="", default_model=MODEL, api_key="sk-test", base_url=api.base_url)
        no_fleet: Fleet = None  # type: ignore[assignment]
        services = Services(settings, database, store, no_fleet, models)
        yield Bench(await Account.create(database), services, api)
    patch.undo()
    await database.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(bench: Bench) -> tuple[int, dict[str, Any]]:
    """How many writes a job takes, and all that is kept of it."""
    job_id = await bench.new_job()
    writes = await bench.attempt(job_id)
    assert len(bench.api.requests) == len(SCRIPT)
    return writes, await bench.seen(job_id)


@pytest.mark.parametrize("death", range(1, WRITES))
async def test_death_after_any_write_changes_nothing(
    bench: Bench, undisturbed: tuple[int, dict[str, Any]], death: int
) -> None:
    writes, expected = undisturbed
    assert writes == WRITES
    job_id = await bench.new_job()
    assert await bench.attempt(job_id, death) == death
    answers = await bench.answers(job_id)
    bench.api.requests.clear()
    await bench.attempt(job_id)
    assert [_turns(body) for body in bench.api.requests] == list(range(answers, len(SCRIPT)))
    assert await bench.seen(job_id) == expected


async def test_runner_that_drains_lets_go_after_each_turn_and_step(
    bench: Bench, undisturbed: tuple[int, dict[str, Any]]
) -> None:
    job_id = await bench.new_job()
    attempts = 0
    while (await bench.account.job(job_id)).state != "succeeded":
        await bench.attempt(job_id, draining=True)
        attempts += 1
    turns, steps = 4 + 4, 5
    assert attempts == turns + steps + 1
    assert await bench.seen(job_id) == undisturbed[1]
    assert len(bench.api.requests) == len(SCRIPT)
