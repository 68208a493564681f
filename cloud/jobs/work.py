"""What a runner does with one job it has claimed: get a pod with the scene, then what the job's kind says.

A kind that needs no Blender gets none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.agent.access import ModelAccess
from cloud.agent.brief import Brief
from cloud.agent.contract import Outcome
from cloud.agent.verdict import Verdict
from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.fleet.contract import Fleet
from cloud.jobs import queries
from cloud.jobs.events import JobResult, SceneChange
from cloud.jobs.kinds import build, call, compare, export, importing, parameters, refine
from cloud.jobs.options import BuildOptions
from cloud.jobs.pod import EMPTY_SCENE, History, PodToolbox
from cloud.jobs.progress.queries import snapshots_told
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.script import seed_of_project
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore


@dataclass(frozen=True)
class Services:
    """What every job of a runner shares; to a job's work, `models` are those of who pays for it."""

    settings: Settings
    database: Database
    store: ArtifactStore
    fleet: Fleet
    models: ModelAccess
    keys: ModelKeys = field(default_factory=lambda: ModelKeys(None))


@dataclass
class JobWork:
    """One attempt at one job. `result` holds what is known so far, also when the attempt fails."""

    services: Services
    job: Job
    model: str
    recorder: JobRecorder
    comparison: dict[str, Any] | None = None
    brief: Brief | None = None
    verdict: Verdict | None = None
    mends: int = 0
    changed: SceneChange | None = None
    timings: dict[str, float] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=lambda: Outcome("failed"))
    began: float = field(default_factory=time.monotonic)

    async def run(self) -> Outcome:
        """Do the job, or what earlier attempts have left of it.

        Its time limit counts all attempts, but not the time between them.
        Raises: TimeoutError: the job's limit. HandOver. Fenced. One of `DATABASE_ERRORS`. What of ours makes the
        job fail, besides what the outcome says.
        """
        head = await self.recorder.resume()
        async with asyncio.timeout(self.services.settings.job_limit_s - self.recorder.active_s):
            if self.job.kind in _WITHOUT_POD:
                self.outcome = await _WITHOUT_POD[self.job.kind](self)
                return self.outcome
            await self.recorder.stage("prepare")
            return await self._run_on(head.sha256 if head else EMPTY_SCENE)

    async def _run_on(self, scene: str) -> Outcome:
        async with AsyncExitStack() as stack:
            with self.timed("pod"):
                toolbox = PodToolbox(
                    self.services.fleet,
                    self.services.store,
                    str(self.job.user_id),
                    scene,
                    self.recorder.waiting,
                    seed=await self._seed(),
                    history=self._snapshots_told,
                )
                await stack.enter_async_context(toolbox)
            self.outcome = await _KINDS[self.job.kind](self, toolbox)
        return self.outcome

    @cached_property
    def options(self) -> BuildOptions:
        """How the prompt is to be built."""
        return BuildOptions.of_request(self.job.request)

    @property
    def result(self) -> JobResult:
        """What came of the job so far. `timings` are those of this attempt."""
        recorder = self.recorder
        return JobResult(
            model=self.model,
            objects=recorder.objects,
            triangles=recorder.triangles,
            steps=recorder.script_steps,
            tool_calls=recorder.steps,
            seconds=round(recorder.active_s + time.monotonic() - self.began, 3),
            usage=recorder.usage,
            summary=self.outcome.summary,
            not_built=list(self.outcome.not_built),
            comparison=self.comparison,
            brief=self.brief,
            verdict=self.verdict,
            mends=self.mends,
            changed=self.changed,
            timings={name: round(seconds, 3) for name, seconds in self.timings.items()},
        )

    async def _snapshots_told(self) -> History:
        async with self.services.database.sessions() as session:
            return await snapshots_told(session, self.job.project_id)

    async def _seed(self) -> int:
        async with self.services.database.sessions() as session:
            return seed_of_project(await queries.project_of(session, self.job))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the block's time under `part`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[part] = self.timings.get(part, 0.0) + time.monotonic() - began


_KINDS: dict[str, Callable[[JobWork, PodToolbox], Awaitable[Outcome]]] = {
    "build": build.run,
    "export": export.run,
    "import": importing.run,
    "compare": compare.run,
    "parameters": parameters.run,
    "call": call.run,
}

_WITHOUT_POD: dict[str, Callable[[JobWork], Awaitable[Outcome]]] = {"refine": refine.run}
"""Those that need no Blender."""
