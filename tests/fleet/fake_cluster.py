"""A `Cluster` in memory that keeps what `cloud.fleet.cluster` promises: versions, one order of changes, ReplicaSets."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from cloud.fleet.cluster import (
    CLAIM_LABEL,
    NAME,
    NAME_LABEL,
    WARM,
    ClusterAway,
    ClusterPod,
    PodChange,
    PodGone,
    PodList,
    RunnerLease,
    VersionConflict,
    WarmDeployment,
    WatchExpired,
)

_numbers = itertools.count(1)


@dataclass
class FakeCluster:
    """Pods that are ready as soon as they are made, unless `why` holds them up. Several fleets may share one.

    `is_away`: every call fails. `swallows`: so many patches are made, and their answers lost.
    """

    replicas: int = 1
    why: str = ""
    quota: str = ""
    is_away: bool = False
    is_mute: bool = False
    swallows: int = 0
    pods: dict[str, ClusterPod] = field(default_factory=dict)
    leases: dict[str, RunnerLease] = field(default_factory=dict)
    changes: list[PodChange] = field(default_factory=list)
    forgotten: int = 0
    deleted: list[str] = field(default_factory=list)
    _version: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._replace_claimed()

    async def list_pods(self) -> PodList:
        await self._answer()
        return PodList(tuple(self.pods.values()), str(self._version))

    async def read_pod(self, name: str) -> ClusterPod:
        await self._answer()
        if name not in self.pods:
            raise PodGone(name)
        return self.pods[name]

    @asynccontextmanager
    async def watch_pods(self, since: str) -> AsyncIterator[AsyncIterator[PodChange]]:
        await self._answer()
        yield self._follow(int(since))

    async def _follow(self, since: int) -> AsyncIterator[PodChange]:
        while True:
            if since < self.forgotten:
                raise WatchExpired
            if self.is_away:
                raise ClusterAway("watch pods", "it is away")
            changed = self._changed
            for change in list(self.changes):
                if int(change.resource_version) > since:
                    since = int(change.resource_version)
                    yield change
            if changed is self._changed:
                await changed.wait()

    async def patch_pod(
        self,
        pod: ClusterPod,
        *,
        labels: Mapping[str, str | None] | None = None,
        annotations: Mapping[str, str | None] | None = None,
    ) -> ClusterPod:
        await self._answer()
        found = self._of_version(pod)
        patched = replace(
            found, labels=_merged(found.labels, labels), annotations=_merged(found.annotations, annotations)
        )
        patched = self.put(patched)
        self._replace_claimed()
        if self.swallows:
            self.swallows -= 1
            # As the client does it: the call is made again, and meets its own first attempt.
            raise VersionConflict
        return patched

    async def delete_pod(self, pod: ClusterPod, *, any_version: bool = False) -> None:
        await self._answer()
        if not any_version:
            self._of_version(pod)
        elif pod.name not in self.pods:
            raise PodGone(pod.name)
        self.deleted.append(pod.name)
        self.remove(pod.name)

    async def read_warm(self) -> WarmDeployment:
        await self._answer()
        return WarmDeployment(self.replicas, "1", self.quota)

    async def scale_warm(self, replicas: int, resource_version: str) -> None:
        await self._answer()
        self.replicas = replicas
        self._replace_claimed()

    async def list_leases(self) -> list[RunnerLease]:
        await self._answer()
        return list(self.leases.values())

    async def renew_lease(self, holder: str, *, duration_s: int, waiting: int) -> None:
        await self._answer()
        self.leases[holder] = RunnerLease(holder, str(next(_numbers)), waiting)

    async def delete_lease(self, holder: str) -> None:
        await self._answer()
        self.leases.pop(holder, None)

    async def aclose(self) -> None:
        pass

    def put(self, pod: ClusterPod) -> ClusterPod:
        """The pod is so from now on, under a new version."""
        self._version += 1
        pod = replace(pod, resource_version=str(self._version))
        self.pods[pod.name] = pod
        self._tell(PodChange(pod.resource_version, pod))
        return pod

    def remove(self, name: str) -> None:
        """The pod is no more."""
        self._version += 1
        self._tell(PodChange(str(self._version), self.pods.pop(name), is_gone=True))
        self._replace_claimed()

    def forget_history(self) -> None:
        """Who watches has to list anew."""
        self._version += 1
        self.forgotten = self._version
        self._wake()

    def back(self) -> None:
        """The API answers again."""
        self.is_away = False

    def mute(self) -> None:
        """From now on watches bring nothing."""
        self._changed = asyncio.Event()
        self.is_mute = True

    def away(self) -> None:
        """The API answers no more, and breaks what is open."""
        self.is_away = True
        self._wake()

    def claimed(self) -> list[ClusterPod]:
        """The pods that somebody claimed."""
        return [pod for pod in self.pods.values() if pod.labels[CLAIM_LABEL] != WARM]

    def _replace_claimed(self) -> None:
        """What the Deployment's controllers do."""
        warm = [pod for pod in self.pods.values() if pod.labels[CLAIM_LABEL] == WARM]
        for _ in range(0 if self.quota else self.replicas - len(warm)):
            number = next(_numbers)
            labels = {NAME_LABEL: NAME, CLAIM_LABEL: WARM}
            made = ClusterPod(f"blender-{number}", f"uid-{number}", "", labels, created_at=1000.0, why=self.why)
            ready = replace(made, ip=f"127.0.0.{number % 250 + 1}", port=8765, phase="Running", is_ready=True)
            self.put(made if self.why else replace(ready, ready_at=1010.0))

    def _of_version(self, pod: ClusterPod) -> ClusterPod:
        found = self.pods.get(pod.name)
        if found is None:
            raise PodGone(pod.name)
        if found.resource_version != pod.resource_version:
            raise VersionConflict
        return found

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise ClusterAway("any call", "it is away")

    def _tell(self, change: PodChange) -> None:
        self.changes.append(change)
        self._wake()

    def _wake(self) -> None:
        if self.is_mute:
            return
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _merged(before: Mapping[str, str], change: Mapping[str, str | None] | None) -> dict[str, str]:
    after = {**before, **(change or {})}
    return {key: value for key, value in after.items() if value is not None}
