"""What a cluster's pods are right now, kept up to date by one watch: nobody asks the API in a loop.

`kubernetes.informer` is not used: it is made of threads on the blocking client, has no asyncio twin, and does not tell
in which order two pods were claimed, on which `KubernetesFleet` relies. A list, a watch and these lines do it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from cloud.fleet.cluster import (
    CLAIM_LABEL,
    CLAIMED,
    USER_ID,
    WARM,
    Cluster,
    ClusterAway,
    ClusterPod,
    PodChange,
    WatchExpired,
)
from cloud.fleet.times import claimed_at

_RETRY_S = (0.1, 0.3, 1.0, 2.0)

logger = logging.getLogger(__name__)


class PodCache:
    """The pods of one `Cluster`. Owned by one event loop; `run` is its only writer, but for `mark_ended`.

    `on_change` is called with every pod that was seen anew or changed, before waiters hear of it.
    """

    def __init__(self, cluster: Cluster, on_change: Callable[[ClusterPod], None] | None = None) -> None:
        self._cluster = cluster
        self._on_change = on_change
        self._pods: dict[str, ClusterPod] = {}
        # Kept beside the pods, because they are asked for at every change, by everyone who waits. Dictionaries keep the
        # order in which keys came: that of the claims.
        self._spares: dict[str, None] = {}
        self._claimed: dict[str, str] = {}
        self._of_user: dict[str, dict[str, None]] = {}
        self._ended: set[str] = set()
        self._gone: dict[str, asyncio.Event] = {}
        self._changed = asyncio.Event()
        self._listed = asyncio.Event()

    async def run(self) -> None:
        """List, then watch, for ever; an API that is away is waited for, a version that is too old is listed anew."""
        since, failures = "", 0
        while True:
            try:
                since = since or await self._list()
                async with self._cluster.watch_pods(since) as changes:
                    async for change in changes:
                        since, failures = change.resource_version or since, 0
                        self._apply(change)
            except WatchExpired:
                logger.info("the pods' watch is too old: they are listed again")
                since = ""
            except Exception as error:  # the top of a loop: without it the fleet would be blind
                is_away = isinstance(error, ClusterAway)
                logger.warning("the pods' watch broke", exc_info=not is_away, extra={"error": str(error)[:300]})
                since = since if is_away else ""
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
            else:
                await asyncio.sleep(0.01)  # a server that ends each watch at once must not make us spin

    async def wait_listed(self) -> None:
        """Return once the pods are known for the first time."""
        await self._listed.wait()

    @property
    def changed(self) -> asyncio.Event:
        """It is set at the next change: take it, look at the pods, and then wait for it."""
        return self._changed

    def __iter__(self) -> Iterator[ClusterPod]:
        return iter(list(self._pods.values()))

    def get(self, name: str) -> ClusterPod | None:
        """The pod, if it exists."""
        return self._pods.get(name)

    def spares(self) -> list[ClusterPod]:
        """The pods that can be claimed now."""
        return [self._pods[name] for name in self._spares]

    def claimed(self) -> list[ClusterPod]:
        """The users' pods that live, in the order in which they were claimed, which every runner sees as the same."""
        return [self._pods[name] for name in self._claimed]

    def of_user(self, user_id: str) -> list[ClusterPod]:
        """Those of them that are this user's."""
        return [self._pods[name] for name in self._of_user.get(user_id, ())]

    @property
    def claimed_count(self) -> int:
        """How many users' pods live."""
        return len(self._claimed)

    def claimed_before(self, name: str) -> int:
        """How many of the users' pods were claimed before this one, which is one of them."""
        return list(self._claimed).index(name)

    def mark_ended(self, name: str) -> None:
        """We have ended this pod: it counts as going, though the cluster has yet to say so."""
        if pod := self._pods.get(name):
            self._ended.add(name)
            self._put(pod)
            self._tell()

    def was_ended(self, name: str) -> bool:
        """We have ended this pod, and it still exists."""
        return name in self._ended

    def gone(self, name: str) -> asyncio.Event:
        """It is set once the pod ends, is being deleted or evicted, or does not exist any more."""
        pod = self._pods.get(name)
        event = self._gone.setdefault(name, asyncio.Event()) if pod else asyncio.Event()
        if pod is None or pod.is_going:
            event.set()
        return event

    async def _list(self) -> str:
        listed = await self._cluster.list_pods()
        for name in self._pods.keys() - {pod.name for pod in listed.pods}:
            self._remove(name)
        # A list does not tell the order; among claims that we did not see made, their own times must do.
        for pod in sorted(listed.pods, key=lambda pod: (claimed_at(pod), pod.name)):
            self._put(pod)
        self._listed.set()
        self._tell()
        return listed.resource_version

    def _apply(self, change: PodChange) -> None:
        if change.pod is None:
            return
        if change.is_gone:
            self._remove(change.pod.name)
        else:
            self._put(change.pod)
        self._tell()

    def _put(self, pod: ClusterPod) -> None:
        if pod.name in self._ended and not pod.is_going:
            pod = replace(pod, is_going=True)
        self._pods[pod.name] = pod
        self._sort_in(pod)
        if pod.is_going and pod.name in self._gone:
            self._gone[pod.name].set()
        if self._on_change:
            self._on_change(pod)

    def _sort_in(self, pod: ClusterPod) -> None:
        claim = pod.labels.get(CLAIM_LABEL)
        if claim == WARM and pod.is_ready and not pod.is_going and pod.base_url:
            self._spares[pod.name] = None
        else:
            self._spares.pop(pod.name, None)
        user_id = pod.annotations.get(USER_ID, "")
        if claim != CLAIMED or pod.is_going or self._claimed.get(pod.name, user_id) != user_id:
            self._sort_out(pod.name)
        if claim == CLAIMED and not pod.is_going:
            self._claimed.setdefault(pod.name, user_id)
            self._of_user.setdefault(user_id, {}).setdefault(pod.name)

    def _sort_out(self, name: str) -> None:
        user_id = self._claimed.pop(name, None)
        if user_id is not None:
            self._of_user[user_id].pop(name)
            if not self._of_user[user_id]:
                del self._of_user[user_id]

    def _remove(self, name: str) -> None:
        self._pods.pop(name, None)
        self._spares.pop(name, None)
        self._sort_out(name)
        self._ended.discard(name)
        if event := self._gone.pop(name, None):
            event.set()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
