"""A cluster that keeps the promises of `cloud.fleet.cluster.Cluster` in virtual time, and counts what it is asked.

It is the control plane of one namespace: versions and conflicts, watches with a delay that end now and then and
expire, the ReplicaSet behind the warm Deployment, the scheduler, pods that take their time to start, evictions.
"""

import asyncio
import bisect
import dataclasses
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cloud.fleet import cluster as seam
from cloud.fleet.cluster import ClusterPod, PodChange, PodGone, PodList, RunnerLease, VersionConflict, WatchExpired
from scripts.bench.scale.nodes import Node, NodeHabits, Nodes
from scripts.bench.scale.virtual_time import VirtualClock
from scripts.bench.scale.workload import Spread

_UNSCHEDULABLE = "0 nodes have room for it (Insufficient memory)."


@dataclass(frozen=True)
class ClusterHabits:
    """How long the cluster takes. `start`: from a place on a node with the image to ready, with Blender imported."""

    answer: Spread = field(default_factory=lambda: Spread(0.008, 0.03, 2.0))
    watch_late: Spread = field(default_factory=lambda: Spread(0.01, 0.05, 2.0))
    replace: Spread = field(default_factory=lambda: Spread(0.1, 0.4, 5.0))
    start: Spread = field(default_factory=lambda: Spread(8.0, 15.0, 60.0))
    end: Spread = field(default_factory=lambda: Spread(1.5, 5.0, 30.0))
    watch_lasts: Spread = field(default_factory=lambda: Spread(2400.0, 3600.0, 3600.0))
    kept_changes: int = 20_000
    nodes: NodeHabits = field(default_factory=NodeHabits)


class FakeCluster:
    """A `Cluster` for any number of fleets at once. `start` it within the loop, `stop` it at the end."""

    def __init__(self, habits: ClusterHabits, *, seed: int, replicas: int, clock: VirtualClock, nodes: int = 0) -> None:
        self.habits = habits
        self.pods: dict[str, ClusterPod] = {}
        self.counts: Counter[str] = Counter()
        self.replicas = replicas
        self._chance = random.Random(seed)
        self._clock = clock
        self._first_nodes = nodes
        self._version = 1
        self._deployment_version = 1
        self._made = 0
        self._changes: list[tuple[int, float, PodChange]] = []
        self._dropped = 0
        self._news = asyncio.Event()
        self._places: dict[str, Node] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._ending: set[str] = set()
        self._goes: dict[str, asyncio.Event] = {}
        self._at: dict[str, str] = {}
        self._leases: dict[str, RunnerLease] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._replacing = False
        self.nodes = Nodes(habits.nodes, self._chance, self._evict)

    def start(self) -> None:
        """Make the first nodes and spares."""
        self.nodes.add_ready(self._first_nodes)
        self._replace_soon()

    async def stop(self) -> None:
        """End everything that it does."""
        self.nodes.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until_going(self, name: str) -> None:
        """Returns once the pod ends, or is no more."""
        pod = self.pods.get(name)
        if pod is not None and not pod.is_going:
            await self._goes.setdefault(name, asyncio.Event()).wait()

    def answers_at(self, base_url: str) -> bool:
        """Whether a pod runs there: what its front would say."""
        name = self._at.get(base_url.rpartition("/")[2].partition(":")[0])
        return name is not None and name in self.pods and self.pods[name].is_ready and not self.pods[name].is_going

    # What the fleet asks

    async def list_pods(self) -> PodList:
        await self._answer("list")
        return PodList(tuple(self.pods.values()), str(self._version))

    async def read_pod(self, name: str) -> ClusterPod:
        await self._answer("read")
        if name not in self.pods:
            raise PodGone(name)
        return self.pods[name]

    @asynccontextmanager
    async def watch_pods(self, since: str) -> AsyncIterator[AsyncIterator[PodChange]]:
        await self._answer("watch")
        yield self._watched(int(since))

    async def _watched(self, since: int) -> AsyncIterator[PodChange]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.habits.watch_lasts.draw(self._chance)
        if self._changes and since < self._changes[0][0] - 1 and self._dropped:
            self.counts["watch_expired"] += 1
            raise WatchExpired(str(since))
        position = self._dropped + bisect.bisect_right(self._changes, since, key=lambda change: change[0])
        while loop.time() < ends_at:
            while position - self._dropped < len(self._changes):
                if position < self._dropped:
                    self.counts["watch_expired"] += 1
                    raise WatchExpired(str(since))
                _, at, change = self._changes[position - self._dropped]
                late_s = self.habits.watch_late.median_s + at - loop.time()
                if late_s > 0:
                    await asyncio.sleep(late_s)
                position += 1
                self.counts["watch_events"] += 1
                yield change
            news = self._news
            try:
                async with asyncio.timeout_at(ends_at):
                    await news.wait()
            except TimeoutError:
                break

    async def patch_pod(
        self,
        pod: ClusterPod,
        *,
        labels: Mapping[str, str | None] | None = None,
        annotations: Mapping[str, str | None] | None = None,
    ) -> ClusterPod:
        await self._answer("patch")
        now = self._same_version(pod)
        patched = dataclasses.replace(
            now, labels=_merged(now.labels, labels), annotations=_merged(now.annotations, annotations)
        )
        self._write(patched)
        self._replace_soon()
        return self.pods[pod.name]

    async def delete_pod(self, pod: ClusterPod, *, any_version: bool = False) -> None:
        await self._answer("delete")
        if any_version and pod.name in self.pods and self.pods[pod.name].uid == pod.uid:
            self._end(pod.name)
            return
        self._same_version(pod)
        self._end(pod.name)

    async def read_warm(self) -> seam.WarmDeployment:
        await self._answer("read_warm")
        return seam.WarmDeployment(self.replicas, str(self._deployment_version))

    async def scale_warm(self, replicas: int, resource_version: str) -> None:
        await self._answer("scale")
        if resource_version != str(self._deployment_version):
            self.counts["scale_conflict"] += 1
            raise VersionConflict(resource_version)
        self._deployment_version += 1
        self.replicas = replicas
        self._replace_soon()

    async def list_leases(self) -> list[RunnerLease]:
        await self._answer("list_leases")
        return list(self._leases.values())

    async def renew_lease(self, holder: str, *, duration_s: int, waiting: int) -> None:
        await self._answer("renew_lease")
        self._version += 1
        self._leases[holder] = RunnerLease(holder, str(self._version), waiting)

    async def delete_lease(self, holder: str) -> None:
        await self._answer("delete_lease")
        self._leases.pop(holder, None)

    async def aclose(self) -> None:
        """Nothing is open."""

    # What the cluster does

    def _same_version(self, pod: ClusterPod) -> ClusterPod:
        now = self.pods.get(pod.name)
        if now is None or now.uid != pod.uid:
            raise PodGone(pod.name)
        if now.resource_version != pod.resource_version:
            self.counts["conflict"] += 1
            raise VersionConflict(pod.name)
        return now

    def _write(self, pod: ClusterPod, *, is_gone: bool = False) -> None:
        self._version += 1
        pod = dataclasses.replace(pod, resource_version=str(self._version))
        if is_gone:
            del self.pods[pod.name]
        else:
            self.pods[pod.name] = pod
        now = asyncio.get_running_loop().time()
        self._changes.append((self._version, now, PodChange(pod.resource_version, pod, is_gone)))
        self.counts["changes"] += 1
        if len(self._changes) > 2 * self.habits.kept_changes:
            self._changes = self._changes[self.habits.kept_changes :]
            self._dropped += self.habits.kept_changes
        self._news.set()
        self._news = asyncio.Event()

    def _replace_soon(self) -> None:
        if not self._replacing:
            self._replacing = True
            self._begin(self._replace())

    async def _replace(self) -> None:
        """The ReplicaSet: as many warm pods that are not going as it says. Too many: those that are not ready first."""
        await asyncio.sleep(self.habits.replace.draw(self._chance))
        self._replacing = False
        warm = [pod for pod in self.pods.values() if pod.labels.get(seam.CLAIM_LABEL) == seam.WARM and not pod.is_going]
        for pod in sorted(warm, key=lambda pod: (pod.is_ready, -pod.created_at))[: max(0, len(warm) - self.replicas)]:
            self.counts["scaled_down"] += 1
            self._end(pod.name)
        for _ in range(self.replicas - len(warm)):
            self._make()

    def _make(self) -> None:
        self._made += 1
        name = f"blender-{self._made:06d}"
        labels = {seam.NAME_LABEL: seam.NAME, seam.CLAIM_LABEL: seam.WARM}
        created_at = self._clock.timestamp()
        self._write(ClusterPod(name, f"uid-{self._made}", "", labels, {}, port=8765, created_at=created_at))
        self.counts["made"] += 1
        self._starting[name] = self._begin(self._start(name))

    async def _start(self, name: str) -> None:
        place = await self.nodes.room_for(name, lambda: self._change(name, why=_UNSCHEDULABLE))
        self._places[name] = place
        if name not in self.pods or self.pods[name].is_going:
            return
        await asyncio.sleep(self.habits.start.draw(self._chance))
        if name in self.pods and not self.pods[name].is_going:
            number = int(name.rpartition("-")[2])
            ip = f"127.{1 + number // 65_536}.{number // 256 % 256}.{number % 256}"
            self._at[ip] = name
            ready_at = self._clock.timestamp()
            self._change(name, ip=ip, phase="Running", is_ready=True, ready_at=ready_at, why="")

    def _change(self, name: str, **changed: Any) -> None:
        if name in self.pods:
            self._write(dataclasses.replace(self.pods[name], **changed))

    def _evict(self, name: str) -> None:
        if name in self.pods and not self.pods[name].is_going:
            self.counts["evicted"] += 1
            self._end(name)

    def _end(self, name: str) -> None:
        if name not in self._ending:
            self._ending.add(name)
            self._change(name, is_going=True)
            if name in self._goes:
                self._goes.pop(name).set()
            self._begin(self._be_gone(name))
            self._replace_soon()

    async def _be_gone(self, name: str) -> None:
        await asyncio.sleep(self.habits.end.draw(self._chance))
        starting = self._starting.pop(name, None)
        if starting is not None and not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
        if (place := self._places.pop(name, None)) is not None:
            self.nodes.leave(place, name)
        else:
            self.nodes.forget(name)
        self._ending.discard(name)
        self._at.pop(self.pods[name].ip, None)
        self._write(self.pods[name], is_gone=True)

    async def _answer(self, what: str) -> None:
        self.counts[what] += 1
        await asyncio.sleep(self.habits.answer.draw(self._chance))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _merged(old: Mapping[str, str], new: Mapping[str, str | None] | None) -> dict[str, str]:
    both: dict[str, str | None] = {**old, **(new or {})}
    return {key: value for key, value in both.items() if value is not None}
