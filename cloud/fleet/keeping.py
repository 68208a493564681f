"""What one runner does for the fleet all the time: it lives, pods that have to end do, and the pool is large enough."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable

from cloud.errors import Prompt2MeshError
from cloud.fleet.claiming import Claims
from cloud.fleet.cluster import HOLDER, USER_ID, Cluster, ClusterPod, PodGone, RunnerLease, VersionConflict
from cloud.fleet.pod_cache import PodCache
from cloud.fleet.reaping import LivingRunners, doomed
from cloud.fleet.rules import Clock, FleetRules, Use
from cloud.fleet.times import claimed_at
from cloud.fleet.warm_pool import WINDOWS_S, PoolSize, spares_wanted, usual_start_s

_CLAIMS_KEPT = 20_000
_STARTS_KEPT = 200
_LEASE_KEPT_S = 600.0

logger = logging.getLogger(__name__)


class Demand:
    """When users' pods were claimed, by whichever runner, and how long pods took to start: told by the cache."""

    def __init__(self) -> None:
        self._claims: deque[float] = deque(maxlen=_CLAIMS_KEPT)
        self._starts: deque[float] = deque(maxlen=_STARTS_KEPT)
        self._known: deque[tuple[str, str]] = deque(maxlen=2 * _CLAIMS_KEPT)
        self._is_known: set[tuple[str, str]] = set()

    def see(self, pod: ClusterPod) -> None:
        """A pod as it is now."""
        if pod.is_ready and pod.ready_at is not None and self._is_new("start", pod):
            self._starts.append(max(pod.ready_at - pod.created_at, 0.0))
        if (at := claimed_at(pod)) and self._is_new("claim", pod):
            self._claims.append(at)

    def claims(self, now: float) -> list[float]:
        """The times of the claims that still count."""
        since = now - max(WINDOWS_S)
        return [at for at in self._claims if at > since]

    @property
    def starts_s(self) -> list[float]:
        """How long the last pods took until they were ready."""
        return list(self._starts)

    def _is_new(self, what: str, pod: ClusterPod) -> bool:
        key = (what, pod.uid)
        if key in self._is_known:
            return False
        if len(self._known) == self._known.maxlen:
            self._is_known.discard(self._known[0])
        self._known.append(key)
        self._is_known.add(key)
        return True


class Keeper:
    """The tasks behind a `KubernetesFleet`; `run` is their owner. Every runner has one, and any one is enough."""

    def __init__(
        self,
        cluster: Cluster,
        cache: PodCache,
        claims: Claims,
        demand: Demand,
        use: Use,
        rules: FleetRules,
        runner: str,
        *,
        now: Clock,
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._claims = claims
        self._demand = demand
        self._use = use
        self._rules = rules
        self._runner = runner
        self._now = now
        self._runners = LivingRunners(rules.lease_s)
        self._size = PoolSize(rules.pool)
        self.lives = asyncio.Event()
        """Set once our Lease stands: before it nothing may be claimed, or it would count as an orphan."""

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(self._rules.lease_s / 4, self._renew))
            tasks.create_task(self._every(self._rules.sweep_s, self._sweep))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # the top of a loop: what fails now is done at its next turn
                known = isinstance(error, Prompt2MeshError)
                logger.warning("the fleet is not kept", exc_info=not known, extra={"error": str(error)[:300]})
            # Not all runners at the same moment.
            await asyncio.sleep(seconds * random.uniform(0.8, 1.2))

    async def _renew(self) -> None:
        waiting = len(self._use.waiting)
        await self._cluster.renew_lease(self._runner, duration_s=round(self._rules.lease_s), waiting=waiting)
        self.lives.set()

    async def _sweep(self) -> None:
        await self._cache.wait_listed()
        await self.lives.wait()
        claimed = self._cache.claimed()
        leases = await self._cluster.list_leases()  # after the look at the pods: whoever holds one has a Lease by now
        living = self._runners.told(leases) | {self._runner}
        for doom in list(doomed(self._cache, claimed, now=self._now(), living=living, idle_s=self._rules.idle_s)):
            if self._cache.was_ended(doom.pod.name):
                continue
            try:
                await self._cluster.delete_pod(doom.pod)
            except VersionConflict:
                continue  # it changed: it is looked at again
            except PodGone:
                logger.debug("pod has ended already", extra={"pod": doom.pod.name})
            logger.info("pod ended", extra={"pod": doom.pod.name, "why": doom.why})
            self._cache.mark_ended(doom.pod.name)
        await self._claims.end_again()
        await self._set_right(claimed)
        # The pool has one hand on it at a time: two that see a claim at different moments would pull it up and down.
        if self._runner == min(self._runners.proven | {self._runner}):
            await self._resize([lease for lease in leases if lease.holder in self._runners.proven])
            for holder in self._runners.long_dead(_LEASE_KEPT_S):
                await self._cluster.delete_lease(holder)

    async def _set_right(self, claimed: list[ClusterPod]) -> None:
        """Let go of what we hold for nobody, and hold what is in use.

        A release may be lost, an `acquire` be cancelled after its claim; and of two runners that work for one user, one
        after the other, the first may let go when the second has already begun.
        """
        for pod in claimed:
            seen = self._cache.get(pod.name) or pod
            user_id, holder = seen.annotations.get(USER_ID, ""), seen.annotations.get(HOLDER)
            if seen.is_going:
                continue
            try:
                if holder == self._runner and not self._use.needs(user_id):
                    await self._claims.let_go(seen)
                elif not holder and user_id in self._use.in_use and self._claims.of_user(user_id)[0].name == seen.name:
                    await self._claims.hold(seen)
            except (VersionConflict, PodGone):
                logger.debug("pod is set right later", extra={"pod": seen.name})

    async def _resize(self, leases: list[RunnerLease]) -> None:
        waiting = len(self._use.waiting) + sum(lease.waiting for lease in leases if lease.holder != self._runner)
        now, limit = self._now(), self._rules.max_pods
        room = max(0, limit - self._cache.claimed_count) if limit else None
        waiting = waiting if room is None else min(waiting, room)
        wanted = spares_wanted(
            self._demand.claims(now),
            now=now,
            start_s=usual_start_s(self._demand.starts_s, self._rules.pool),
            waiting=waiting,
            room=room,
            rules=self._rules.pool,
        )
        pool = await self._cluster.read_warm()
        size = self._size.decide(pool.replicas, wanted, waiting, at=asyncio.get_running_loop().time())
        if size == pool.replicas:
            return
        try:
            await self._cluster.scale_warm(size, pool.resource_version)
            logger.info("warm pool resized", extra={"before": pool.replicas, "spares": size, "waiting": waiting})
        except VersionConflict:
            logger.debug("the warm Deployment changed: it is looked at again")
