"""Users, runners and their fleets on a simulated cluster, in virtual time: what everybody waited, and what it took."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from cloud.fleet.cluster import CLAIM_LABEL, HOLDER, WARM, Cluster
from cloud.fleet.contract import Fleet, PodNotReady
from scripts.bench.scale.fake_cluster import FakeCluster
from scripts.bench.scale.queues import JobQueue, Taken
from scripts.bench.scale.workload import Spread, Visit

SAMPLE_S = 10.0
_RELOAD = Spread(1.5, 4.0, 20.0)
"""A new pod in the middle of a job: it opens the last snapshot, and the step that was lost is run again."""
_TRIES = 2  # of a pod that took its time: as `cloud.jobs.pod` gives up
_DRAIN_S = 7200.0

MakeFleet = Callable[[Cluster, str], Awaitable[Fleet]]


@dataclass(frozen=True)
class PodWait:
    """One `acquire`: when it began, how long it took, and whether it gave another pod than the user had before."""

    at_s: float
    wait_s: float
    is_new: bool


@dataclass(frozen=True)
class Sample:
    """The cluster at one moment: spares that are ready and that are coming, pods with and without a job, and more."""

    at_s: float
    warm_ready: int
    warm_coming: int
    busy: int
    idle: int
    wanted: int
    nodes: int
    jobs_waiting: int
    jobs_running: int


@dataclass
class Course:
    """What happened."""

    waits: list[PodWait] = field(default_factory=list)
    queue_waits: list[tuple[float, float]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    jobs: int = 0
    failed: int = 0
    pods_lost: int = 0
    runners: int = 0
    slots: int = 0


def slots_needed(visits: Sequence[Visit], spare: float = 0.2) -> int:
    """Jobs that run at once at most if nobody waits, and a little more."""
    changes = []
    for visit in visits:
        at_s = visit.at_s
        for job_s, think_s in visit.jobs:
            changes += [(at_s, 1), (at_s + job_s, -1)]
            at_s += job_s + think_s
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return math.ceil(most * (1 + spare)) + 2


class Simulation:
    """One run. `slots` jobs run at once at most, `concurrency` of them in each runner, which has a fleet of its own."""

    def __init__(
        self, cluster: FakeCluster, queue: JobQueue, make_fleet: MakeFleet, *, slots: int, concurrency: int, seed: int
    ) -> None:
        self._cluster = cluster
        self._queue = queue
        self._make_fleet = make_fleet
        self._runners = -(-slots // concurrency)
        self._concurrency = concurrency
        self._chance = random.Random(seed + 1)
        self._sent: dict[UUID, tuple[float, float, asyncio.Event]] = {}
        self._pod_of: dict[UUID, str] = {}
        self._running = 0
        self.course = Course(runners=self._runners, slots=self._runners * concurrency)

    async def run(self, visits: Sequence[Visit], until_s: float) -> Course:
        """All visits; nobody sends a job after `until_s`, but those that were sent come to their ends."""
        self._cluster.start()
        fleets = [await self._make_fleet(self._cluster, f"runner-{number}") for number in range(self._runners)]
        runners = [asyncio.create_task(self._run_jobs(fleet)) for fleet in fleets]
        sampling = asyncio.create_task(self._sample_forever())
        users = [asyncio.create_task(self._visit(visit, until_s)) for visit in visits]
        try:
            await asyncio.sleep(until_s)
            sampling.cancel()
            async with asyncio.timeout(_DRAIN_S):
                await asyncio.gather(*users)
        finally:
            for task in (sampling, *runners, *users):
                task.cancel()
            await asyncio.gather(sampling, *runners, *users, return_exceptions=True)
            self._cluster.nodes.count()
            await self._cluster.stop()
            await asyncio.gather(*(fleet.aclose() for fleet in fleets))
        return self.course

    async def _visit(self, visit: Visit, until_s: float) -> None:
        await asyncio.sleep(visit.at_s)
        for job_s, think_s in visit.jobs:
            if self._now() >= until_s:
                return
            job_id, ended = UUID(int=self._chance.getrandbits(128), version=4), asyncio.Event()
            self._sent[job_id] = (self._now(), job_s, ended)
            await self._queue.send(job_id, visit.user_id)
            await ended.wait()
            await asyncio.sleep(think_s)

    async def _run_jobs(self, fleet: Fleet) -> None:
        """As `cloud.jobs.runner.Runner._take_jobs`: takes what there is while it has room, else waits to be told."""
        changed, running = asyncio.Event(), set[asyncio.Task[None]]()
        self._queue.on_change(changed.set)
        try:
            while True:
                changed.clear()
                if len(running) >= self._concurrency or (taken := await self._queue.take()) is None:
                    await changed.wait()
                    continue
                task = asyncio.create_task(self._work(fleet, taken))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _: changed.set())
        finally:
            for task in running:
                task.cancel()

    async def _work(self, fleet: Fleet, taken: Taken) -> None:
        sent_s, job_s, ended = self._sent.pop(taken.job_id)
        self.course.queue_waits.append((sent_s, self._now() - sent_s))
        self._running += 1
        try:
            if not await self._build(fleet, taken.user_id, job_s):
                self.course.failed += 1
            self.course.jobs += 1
        finally:
            self._running -= 1
            await self._queue.end(taken)
            ended.set()

    async def _build(self, fleet: Fleet, user_id: UUID, left_s: float) -> bool:
        """The job on its pod, and on another when that is lost. Returns: whether it came to its end."""
        tries = _TRIES
        while True:
            began = self._now()
            try:
                pod = (await fleet.acquire(str(user_id))).pod
            except PodNotReady:
                tries -= 1
                if not tries:
                    return False
                continue
            is_new = self._pod_of.get(user_id) != pod
            self._pod_of[user_id] = pod
            self.course.waits.append(PodWait(began, self._now() - began, is_new))
            worked_from = self._now()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._cluster.until_going(pod)
                    left_s -= self._now() - worked_from - _RELOAD.draw(self._chance)
                    self.course.pods_lost += 1
                    await fleet.stop(str(user_id))
                    continue
            await fleet.release(str(user_id))
            return True

    async def _sample_forever(self) -> None:
        while True:
            pods = [pod for pod in self._cluster.pods.values() if not pod.is_going]
            warm = [pod for pod in pods if pod.labels.get(CLAIM_LABEL) == WARM]
            ready = sum(pod.is_ready for pod in warm)
            busy = sum(HOLDER in pod.annotations for pod in pods)
            self.course.samples.append(
                Sample(
                    self._now(),
                    ready,
                    len(warm) - ready,
                    busy,
                    len(pods) - len(warm) - busy,
                    self._cluster.replicas,
                    len(self._cluster.nodes.nodes),
                    len(self._sent),
                    self._running,
                )
            )
            await asyncio.sleep(SAMPLE_S)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
