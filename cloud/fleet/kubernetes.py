"""Blender pods on Kubernetes: a Deployment of warm spares, claimed one by one for users.

A claim is one patch, guarded by the pod's version: it changes the label that the Deployment selects by, so that the
cluster starts the next spare, and names owner, holder and expiry (`claiming.py`). The pods live on without us: runners
come and go, and find them again. What no runner keeps is ended by whichever runner sees it (`keeping.py`). What the
fleet knows of the pods comes from one watch (`pod_cache.py`).

**Rights.** This is all that the fleet asks of the API, every bit of it in the namespace of the users' pods
(`prompt2mesh-blender`), for the runner's service account:

| group               | resource            | names     | verbs                            |
|---------------------|---------------------|-----------|----------------------------------|
| "" (core)           | `pods`              |           | get, list, watch, patch, delete  |
| apps                | `deployments`       | `blender` | get                              |
| apps                | `deployments/scale` | `blender` | patch                            |
| coordination.k8s.io | `leases`            |           | list, create, patch, delete      |

It creates no pod, reads no secret, and asks nothing of other namespaces or of the cluster. The manifest of the
Deployment must leave out `spec.replicas`: else every roll-out would reset the pool's size, which is ours to set.
"""

import asyncio
import logging
import secrets
from functools import partial
from weakref import WeakValueDictionary

from cloud.fleet.claiming import Claims
from cloud.fleet.cluster import (
    HOLDER,
    USER_ID,
    Cluster,
    ClusterAway,
    ClusterPod,
    ClusterRefused,
    VersionConflict,
)
from cloud.fleet.contract import Endpoint, PodNotReady
from cloud.fleet.keeping import Demand, Keeper
from cloud.fleet.pod_cache import PodCache
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.rules import Clock, FleetRules, FrontCheck, Healthy, Use, wall_clock
from cloud.fleet.waits import why_none

_LOOK_AGAIN_S = 1.0
_RELEASE_NOTICED_S = 0.3
_GOODBYE_S = 3.0

logger = logging.getLogger(__name__)


class KubernetesFleet:
    """A `Fleet` of a cluster's pods. All waiting is asyncio's, and `now` is the only wall clock.

    `is_healthy` asks a pod's front at its base address. `runner` names this process in Leases and annotations; it must
    be new at every start.
    """

    def __init__(
        self,
        cluster: Cluster,
        tokens: PodTokens,
        rules: FleetRules | None = None,
        *,
        runner: str = "",
        now: Clock = wall_clock,
        is_healthy: Healthy | None = None,
    ) -> None:
        self.runner = runner or secrets.token_hex(6)
        self._cluster = cluster
        self._tokens = tokens
        self._rules = rules or FleetRules()
        self._front_check = FrontCheck()
        self._use = Use()
        demand = Demand()
        self._cache = PodCache(cluster, demand.see)
        self._claims = Claims(
            cluster, self._cache, self._rules, self.runner, now=now, is_healthy=is_healthy or self._front_check
        )
        self._keeper = Keeper(cluster, self._cache, self._claims, demand, self._use, self._rules, self.runner, now=now)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: list[asyncio.Task[None]] = []
        self._releases: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def start(self) -> None:
        """Begin to watch and to keep the fleet. Without it the first `acquire` does."""
        if not self._tasks and not self._is_closed:
            self._tasks = [asyncio.create_task(self._cache.run()), asyncio.create_task(self._keeper.run())]

    async def watches(self) -> None:
        """Return once the pods are known, and our own Lease stands: from now on an `acquire` only has to claim."""
        await self._cache.wait_listed()
        await self._keeper.lives.wait()

    async def acquire(self, user_id: str) -> Endpoint:
        """The user's pod, held by this runner until it is released or stopped. Raises: PodNotReady."""
        lock = self._locks.setdefault(user_id, asyncio.Lock())
        async with lock:
            if self._is_closed:
                raise PodNotReady("(none)", 0, "the fleet is closed.")
            await self.start()
            began = asyncio.get_running_loop().time()
            self._use.waiting.add(user_id)
            limit = asyncio.timeout(self._rules.start_limit_s)
            try:
                async with limit:
                    pod = await self._get(user_id)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                waited_s = asyncio.get_running_loop().time() - began
                raise PodNotReady("(none)", waited_s, await self._why_none()) from error
            else:
                self._use.in_use.add(user_id)
                return self._endpoint(pod, user_id)
            finally:
                # An acquire that is cancelled may leave a claim behind: the keeper lets go of it.
                self._use.waiting.discard(user_id)

    async def release(self, user_id: str) -> None:
        """The user does not need the pod now; it stays for the user's next job, for as long as idle pods do."""
        self._use.in_use.discard(user_id)
        if user_id in self._use.waiting:
            return
        releasing = asyncio.create_task(self._let_go(user_id))
        self._releases.add(releasing)
        releasing.add_done_callback(self._releases.discard)
        # Who cancels a job does not wait for an API that is away.
        await asyncio.wait({releasing}, timeout=_RELEASE_NOTICED_S)

    async def stop(self, user_id: str) -> None:
        """End the user's pod and everything in it, whoever holds it. No error if absent."""
        self._use.in_use.discard(user_id)
        for pod in self._claims.of_user(user_id):
            await self._claims.end(pod)

    async def list(self) -> dict[str, Endpoint]:
        """The users' pods of the whole cluster, by user id."""
        return {
            user_id: self._endpoint(pod, user_id)
            for pod in reversed(self._cache.claimed())  # of two, the first counts
            if pod.base_url and (user_id := pod.annotations.get(USER_ID))
        }

    @property
    def spares(self) -> int:
        """How many pods can be claimed now, as far as we know."""
        return len(self._cache.spares())

    def why_waiting(self, user_id: str) -> str:
        """`pod_limit` while there are as many users' pods as there may be, else ""."""
        return "pod_limit" if user_id in self._use.waiting and self._claims.is_full else ""

    async def aclose(self) -> None:
        """Let go of what we hold, and stop. No pod dies with the backend: they wait for who comes next."""
        self._is_closed = True
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await asyncio.gather(*(self.release(user_id) for user_id in list(self._use.in_use)))
                await asyncio.gather(*self._releases)
                if self._tasks:
                    await self._end_tasks()
                    await self._cluster.delete_lease(self.runner)
        except (TimeoutError, ClusterAway, ClusterRefused):
            logger.warning("the cluster did not hear our good-bye; our Lease will run out")
        await self._end_tasks()
        await self._front_check.aclose()
        await self._cluster.aclose()

    async def _let_go(self, user_id: str) -> None:
        async with self._locks.setdefault(user_id, asyncio.Lock()):
            for pod in self._claims.of_user(user_id):
                if pod.annotations.get(HOLDER) == self.runner and not self._use.needs(user_id):
                    try:
                        await self._claims.let_go(pod)
                    except (VersionConflict, ClusterAway, ClusterRefused):
                        logger.info("release is for the keeper to do", extra={"pod": pod.name})

    async def _get(self, user_id: str) -> ClusterPod:
        """The user's pod; waits for as long as it takes."""
        await self.watches()
        while True:
            changed = self._cache.changed
            try:
                if pod := await self._claims.find_or_claim(user_id):
                    return pod
            except (ClusterAway, ClusterRefused) as error:
                logger.warning("no pod yet", extra={"error": str(error)})
            try:
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await changed.wait()
            except TimeoutError:
                continue

    async def _why_none(self) -> str:
        return await why_none(self._cluster, self._cache, is_full=self._claims.is_full, max_pods=self._rules.max_pods)

    def _endpoint(self, pod: ClusterPod, user_id: str) -> Endpoint:
        bearer = partial(self._tokens.sign, pod=pod.name, user_id=user_id)
        return Endpoint(pod.name, pod.base_url, bearer, self._cache.gone(pod.name).wait)

    async def _end_tasks(self) -> None:
        tasks = [*self._tasks, *self._releases]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
