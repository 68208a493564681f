"""Taking a pod for a user: theirs if they have one, else a spare, and never two of them."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator

from cloud.fleet.cluster import (
    AUDIENCE,
    CLAIM_LABEL,
    CLAIMED,
    CLAIMED_AT,
    EXPIRES_AT,
    HOLDER,
    KEPT_FROM_DISRUPTION,
    LAST_USED_AT,
    OWNER_LABEL,
    USER_ID,
    WARM,
    Cluster,
    ClusterAway,
    ClusterPod,
    ClusterRefused,
    PodGone,
    VersionConflict,
)
from cloud.fleet.pod_cache import PodCache
from cloud.fleet.rules import Clock, FleetRules, Healthy
from cloud.fleet.times import as_seconds, as_text, claimed_at
from cloud.telemetry.metrics import POD_START_S

# Between two looks at one pod others may write to it: its kubelet, its ReplicaSet, another runner.
_TRIES = 5
_ROUNDS = 4
_SEEN_LIMIT_S = 3.0

logger = logging.getLogger(__name__)


def owner_of(user_id: str) -> str:
    """The user's id as a label's value can have it: whatever it holds, other users' never give the same."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:40]


class Claims:
    """What one runner does to pods of users. Safe to use from many tasks, but for one user from one at a time.

    **No two pods for one user, whoever claims.** After its own claim a runner waits until its watch has brought it.
    Everybody's watch brings claims in the same order; so who was first is the same for all, and it has the user.
    The limit of all pods is kept in the same way: whose claim is beyond it gives the pod back.

    **Who races spreads.** A user's spares are tried in an order that the user's id decides: runners that claim for
    different users begin at different pods, and those that claim for the same one meet at the same pod.
    """

    def __init__(
        self, cluster: Cluster, cache: PodCache, rules: FleetRules, runner: str, *, now: Clock, is_healthy: Healthy
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._rules = rules
        self._runner = runner
        self._now = now
        self._is_healthy = is_healthy
        self._unended: dict[str, ClusterPod] = {}
        self._tried: set[str] = set()
        self._let_go: set[str] = set()
        """Pods that we let go of and did not take up again: the cache may still say that we hold them."""

    def of_user(self, user_id: str) -> list[ClusterPod]:
        """The user's pods that live: one, or none; for moments more, of which the first counts."""
        return self._cache.of_user(user_id)

    @property
    def is_full(self) -> bool:
        """There are as many users' pods as there may be."""
        return 0 < self._rules.max_pods <= self._cache.claimed_count

    async def find_or_claim(self, user_id: str) -> ClusterPod | None:
        """The user's pod, held by this runner; None: there is none to have now. Raises: ClusterAway, ClusterRefused."""
        for _ in range(_ROUNDS):
            mine = self.of_user(user_id)
            if mine:
                if pod := await self._take_up(mine[0]):
                    return pod
            elif self.is_full and not await self._make_room():
                return None
            else:
                claimed = await self._claim_any(user_id)
                if claimed is None:
                    return None
                answers, is_first = await asyncio.gather(self._answers(claimed), self._is_first(claimed, user_id))
                if answers and is_first:
                    _note_start(claimed)
                    return claimed
                logger.info("claim given up", extra={"pod": claimed.name, "answers": answers, "first": is_first})
                await self.end(claimed)
        return None

    async def let_go(self, pod: ClusterPod) -> None:
        """The pod, if we hold it, is held no more, and idle from now on. Raises: VersionConflict, ClusterAway.

        What others write to it meanwhile does not hinder that: a pod that was claimed just now is let go of by its
        ReplicaSet at the same time, and a runner that ends has no second chance; its pod would count as an orphan.
        """
        self._let_go.add(pod.name)
        released = {HOLDER: None, LAST_USED_AT: as_text(self._now())}
        found: ClusterPod | None = pod
        for _ in range(_TRIES):
            if found is None or found.annotations.get(HOLDER) != self._runner:
                return
            try:
                await self._cluster.patch_pod(found, annotations=released)
            except PodGone:
                return
            except VersionConflict:
                found = await self._read(pod.name)
            else:
                return
        raise VersionConflict(pod.name)

    async def end(self, pod: ClusterPod) -> None:
        """Delete the pod, whatever became of it meanwhile. Where the cluster does not hear it, `end_again` does it."""
        self._unended.pop(pod.name, None)
        self._let_go.discard(pod.name)
        try:
            await self._cluster.delete_pod(pod, any_version=True)
        except PodGone:
            logger.debug("pod has ended already", extra={"pod": pod.name})
        except VersionConflict:
            return  # another pod of that name: not ours
        except (ClusterAway, ClusterRefused) as error:
            logger.warning("pod is not ended yet", extra={"pod": pod.name, "error": str(error)})
            self._unended[pod.name] = pod
        self._cache.mark_ended(pod.name)

    async def end_again(self) -> None:
        """Delete what `end` could not."""
        for pod in list(self._unended.values()):
            await self.end(pod)

    async def _take_up(self, pod: ClusterPod) -> ClusterPod | None:
        """Hold a pod that the user has already; None: it is of no use, and ended."""
        expires_at = as_seconds(pod.annotations.get(EXPIRES_AT))
        if expires_at is not None and expires_at - self._now() < self._rules.longest_use_s:
            logger.info("pod is too old to be used again", extra={"pod": pod.name})
        elif await self._answers(pod):
            return await self.hold(pod)
        else:
            logger.warning("pod does not answer", extra={"pod": pod.name, "why": pod.why})
        await self.end(pod)
        return None

    async def hold(self, pod: ClusterPod) -> ClusterPod | None:
        """Name us as the pod's holder; None: it is its user's no more. Raises: ClusterAway, ClusterRefused."""
        owner = pod.labels.get(OWNER_LABEL)
        for _ in range(_TRIES):
            if pod.annotations.get(HOLDER) == self._runner and pod.name not in self._let_go:
                return pod
            try:
                held = await self._cluster.patch_pod(pod, annotations={HOLDER: self._runner})
                self._let_go.discard(pod.name)
                return held
            except PodGone:
                break
            except VersionConflict:
                found = await self._read(pod.name)
                if found is None or found.is_going or found.labels.get(OWNER_LABEL) != owner:
                    break
                pod = found
        else:
            raise ClusterAway("hold a pod", "it changes faster than we can write")
        self._let_go.discard(pod.name)
        self._cache.mark_ended(pod.name)
        return None

    async def _claim_any(self, user_id: str) -> ClusterPod | None:
        for spare in self._in_order(user_id):
            if spare.name in self._tried:
                continue  # for another of our users: a class that waits must not fight itself for each new spare
            self._tried.add(spare.name)
            try:
                if pod := await self._claim(spare, user_id):
                    return pod
            finally:
                self._tried.discard(spare.name)
        return None

    async def _claim(self, spare: ClusterPod, user_id: str) -> ClusterPod | None:
        """One try for one spare; None: it went to somebody else, or is gone."""
        for _ in range(_TRIES):
            try:
                return await self._cluster.patch_pod(
                    spare,
                    labels={CLAIM_LABEL: CLAIMED, OWNER_LABEL: owner_of(user_id)},
                    annotations=self._of_claim(spare, user_id),
                )
            except PodGone:
                return None
            except VersionConflict:
                found = await self._read(spare.name)
                if found is None or found.is_going:
                    return None
                if found.annotations.get(USER_ID) == user_id:
                    # Another runner's claim for this user; or our own, whose answer was lost.
                    return await self.hold(found)
                if found.labels.get(CLAIM_LABEL) != WARM or not found.is_ready:
                    return None
                spare = found
        return None

    def _of_claim(self, spare: ClusterPod, user_id: str) -> dict[str, str | None]:
        now = self._now()
        return {
            USER_ID: user_id,
            CLAIMED_AT: as_text(now),
            HOLDER: self._runner,
            LAST_USED_AT: as_text(now),
            AUDIENCE: spare.name,
            EXPIRES_AT: as_text(now + self._rules.lifetime_s),
            **KEPT_FROM_DISRUPTION,
        }

    async def _is_first(self, pod: ClusterPod, user_id: str) -> bool:
        """Whether our claim stands, once everything that was claimed before it is known.

        Raises: ClusterAway: the watch does not bring it; it will be found when it does.
        """
        try:
            async with asyncio.timeout(_SEEN_LIMIT_S):
                while True:
                    changed = self._cache.changed
                    seen = self._cache.get(pod.name)
                    if seen is None or seen.is_going:
                        return False
                    if seen.labels.get(CLAIM_LABEL) == CLAIMED:
                        break
                    await changed.wait()
        except TimeoutError as error:
            raise ClusterAway("watch pods", "a claim of ours is not told of") from error
        if self.of_user(user_id)[0].name != pod.name:
            return False
        return not 0 < self._rules.max_pods <= self._cache.claimed_before(pod.name)

    async def _make_room(self) -> bool:
        """End the pod that has been idle longest, so that another user can have one. Returns: whether there was one."""
        idle = [pod for pod in self._cache.claimed() if not pod.annotations.get(HOLDER)]
        for pod in sorted(idle, key=lambda pod: as_seconds(pod.annotations.get(LAST_USED_AT)) or claimed_at(pod)):
            try:
                await self._cluster.delete_pod(pod)
            except VersionConflict:
                continue
            except PodGone:
                pass
            logger.info("idle pod ended for another user", extra={"pod": pod.name})
            self._cache.mark_ended(pod.name)
            return True
        return False

    async def _answers(self, pod: ClusterPod) -> bool:
        return bool(pod.base_url) and await self._is_healthy(pod.base_url)

    async def _read(self, name: str) -> ClusterPod | None:
        try:
            return await self._cluster.read_pod(name)
        except PodGone:
            return None

    def _in_order(self, user_id: str) -> Iterator[ClusterPod]:
        yield from sorted(
            self._cache.spares(), key=lambda pod: hashlib.sha256(f"{user_id}\0{pod.name}".encode()).digest()
        )


def _note_start(pod: ClusterPod) -> None:
    """Tell how long the pod took to be ready: of all runners the one that claims it, so that it counts once."""
    if pod.ready_at is not None:
        POD_START_S.labels(outcome="ok").observe(max(pod.ready_at - pod.created_at, 0.0))
