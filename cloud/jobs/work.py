"""What a runner does with one job it has claimed: prepare, build, deliver; or prepare and export."""

import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from cloud.agent.access import ModelAccess
from cloud.agent.budget import Budget
from cloud.agent.contract import Block, Outcome
from cloud.agent.loop import Agent, Turn
from cloud.agent.prompts import load_prompt
from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.fleet.contract import Fleet
from cloud.jobs import queries
from cloud.jobs.deliver import count_geometry, deliver_export, deliver_files, deliver_preview
from cloud.jobs.events import JobResult
from cloud.jobs.pod import EMPTY_SCENE, PodToolbox
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.script import seed_of_project
from cloud.jobs.transcript import as_turns, image_source
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore


@dataclass(frozen=True)
class Services:
    """What every job of a runner shares."""

    settings: Settings
    database: Database
    store: ArtifactStore
    fleet: Fleet
    models: ModelAccess


@dataclass
class JobWork:
    """One attempt at one job. `result` holds what is known so far, also when the attempt fails."""

    services: Services
    job: Job
    model: str
    recorder: JobRecorder
    timings: dict[str, float] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=lambda: Outcome("failed"))
    began: float = field(default_factory=time.monotonic)

    async def run(self) -> Outcome:
        """Do the job. Raises: what of ours makes it fail, besides what the outcome says."""
        await self.recorder.stage("prepare")
        async with AsyncExitStack() as stack:
            with self._timed("pod"):
                scene = await self._scene()
                toolbox = PodToolbox(
                    self.services.fleet,
                    self.services.store,
                    str(self.job.user_id),
                    scene,
                    self.recorder.waiting,
                    seed=seed_of_project(self.job.project_id),
                )
                await stack.enter_async_context(toolbox)
            if self.job.kind == "export":
                await self._export(toolbox)
            else:
                await self._build(toolbox)
        return self.outcome

    @property
    def result(self) -> JobResult:
        """What came of the job so far."""
        recorder = self.recorder
        return JobResult(
            model=self.model,
            objects=recorder.objects,
            triangles=recorder.triangles,
            steps=recorder.steps,
            seconds=round(time.monotonic() - self.began, 3),
            usage=recorder.usage,
            summary=self.outcome.summary,
            not_built=list(self.outcome.not_built),
            timings={name: round(seconds, 3) for name, seconds in self.timings.items()},
        )

    async def _export(self, toolbox: PodToolbox) -> None:
        self.recorder.objects, self.recorder.triangles = await count_geometry(toolbox)
        await self.recorder.stage("deliver")
        with self._timed("deliver"):
            for file_format in self.job.request.get("formats", []):
                await deliver_export(toolbox, self.recorder, file_format)
        self.outcome = Outcome("finished")

    async def _build(self, toolbox: PodToolbox) -> None:
        with self._timed("pod"):
            conversation = await self._conversation(toolbox)
        was_empty = toolbox.scene == EMPTY_SCENE
        await self.recorder.stage("build")
        settings = self.services.settings
        client = self.services.models.client(self.model)
        agent = Agent(
            model=client,
            toolbox=toolbox,
            recorder=self.recorder,
            budget=Budget(settings.max_steps, settings.max_job_usd, self.recorder.model_calls, self.recorder.usage.usd),
            system=load_prompt("build"),
            conversation=conversation,
            steps=self.recorder.steps,
        )
        try:
            self.outcome = await agent.run()
        finally:
            self.timings |= agent.seconds
            await client.aclose()
        built = self.recorder.snapshots > 0
        if self.outcome.kind == "finished" and was_empty and not built:
            said = self.outcome.summary or "The model ended its work without building anything."
            self.outcome = replace(self.outcome, kind="failed", reason=said, code="nothing_built")
        if built or self.outcome.kind == "finished":
            await self.recorder.stage("deliver")
            with self._timed("preview"):
                await deliver_preview(toolbox, self.recorder)
            with self._timed("deliver"):
                await deliver_files(toolbox, self.recorder, self.job.request.get("formats", []))

    async def _scene(self) -> str:
        async with self.services.database.sessions() as session:
            head = await queries.head_of(session, self.job.project_id)
        return head.sha256 if head else EMPTY_SCENE

    async def _conversation(self, toolbox: PodToolbox) -> list[Turn]:
        """What was said in this job so far, or the user's first turn, which is kept here."""
        async with self.services.database.sessions() as session:
            kept = await as_turns(await queries.messages_of(session, self.job.id), self.services.store)
        if kept:
            return kept
        first = Turn("user", await self._first_turn(toolbox))
        await self.recorder.user_turn(first)
        return [first]

    async def _first_turn(self, toolbox: PodToolbox) -> list[Block]:
        """The reference pictures, the state of the scene, and last the prompt, word for word."""
        ids = [UUID(image_id) for image_id in self.job.request.get("image_ids", [])]
        async with self.services.database.sessions() as session:
            images = await queries.images_of(session, self.job.user_id, ids)
        blocks: list[Block] = [
            {"type": "image", "source": image_source(await self.services.store.get(image.sha256), image.media_type)}
            for image in images
        ]
        scene = "empty"
        if toolbox.scene != EMPTY_SCENE:
            facts = await toolbox.call_surely("inspect", {})
            if count := len(facts.structured.get("objects", [])):
                scene = f"{count} objects; inspect before you change anything"
        return [
            *blocks,
            {"type": "text", "text": f"<scene>{scene}</scene>"},
            {"type": "text", "text": self.job.prompt},
        ]

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[part] = self.timings.get(part, 0.0) + time.monotonic() - began
