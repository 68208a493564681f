"""The machines of a simulated cluster: pods find room on them, new ones come late, spot ones are taken away."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from scripts.bench.scale.workload import Spread


@dataclass(frozen=True)
class NodeHabits:
    """What the cloud does. All but `pods` are assumptions about AWS, told in `k8s/SCALE.md`.

    `pods`: 8 cores at 500m a pod (`k8s/base`), less what the node itself takes. `new`: from a pod without room to its
    node being ready. `pull`: the image, on a node that has none yet.
    `spot_life_h`: how long a spot node lives in the mean; 0: none is taken. `empty_s`: then an empty node goes.
    """

    pods: int = 14
    new: Spread = field(default_factory=lambda: Spread(50.0, 95.0, 240.0))
    pull: Spread = field(default_factory=lambda: Spread(25.0, 50.0, 120.0))
    batch_s: float = 1.0
    spot_life_h: float = 48.0
    spot_warning_s: float = 120.0
    empty_s: float = 120.0


@dataclass(eq=False)
class Node:
    """One machine, by the names of its pods. `ready` is set once it takes pods, `pulled` once it has the image."""

    number: int
    pods: set[str] = field(default_factory=set)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    pulled: asyncio.Event = field(default_factory=asyncio.Event)
    going: bool = False
    empty_since: float = 0.0


class Nodes:
    """All machines, as a node autoscaler keeps them. `evict` is told of each pod on a node that is taken away."""

    def __init__(self, habits: NodeHabits, chance: random.Random, evict: Callable[[str], None]) -> None:
        self.habits = habits
        self.nodes: list[Node] = []
        self.lost = 0
        self.node_seconds = 0.0
        self._chance = chance
        self._evict = evict
        self._number = 0
        self._waiting: dict[str, asyncio.Future[Node]] = {}
        self._counted_at = 0.0
        self._scaling: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add_ready(self, count: int) -> None:
        """Nodes that were there before the simulation began."""
        for _ in range(count):
            node = self._make()
            node.ready.set()
            node.pulled.set()

    async def room_for(self, pod: str, on_wait: Callable[[], None]) -> Node:
        """A node with the image and a place for this pod; `on_wait` is called if there is none yet."""
        node = self._with_room()
        if node is None:
            on_wait()
            self._waiting[pod] = asyncio.get_running_loop().create_future()
            if self._scaling is None or self._scaling.done():
                self._scaling = self._begin(self._scale())
            try:
                node = await self._waiting[pod]
            finally:
                self._waiting.pop(pod, None)
        else:
            node.pods.add(pod)
        await node.ready.wait()
        await node.pulled.wait()
        return node

    def leave(self, node: Node, pod: str) -> None:
        """The pod is no more: its place goes to the next that waits."""
        node.pods.discard(pod)
        node.empty_since = self._now()
        self._place_waiting()
        if not node.pods:
            self._begin(self._end_if_empty(node))

    def forget(self, pod: str) -> None:
        """The pod ended before it had begun: whatever place it was given is free again."""
        for node in self.nodes:
            if pod in node.pods:
                self.leave(node, pod)

    def count(self) -> None:
        """Bring `node_seconds` up to now."""
        self.node_seconds += len(self.nodes) * (self._now() - self._counted_at)
        self._counted_at = self._now()

    def stop(self) -> None:
        """End the tasks."""
        for task in list(self._tasks):
            task.cancel()

    def _with_room(self) -> Node | None:
        # The fullest first, as the cloud's autoscalers pack, so that others become empty.
        free = [node for node in self.nodes if not node.going and len(node.pods) < self.habits.pods]
        ready = [node for node in free if node.pulled.is_set()]
        return max(ready or free, key=lambda node: len(node.pods), default=None)

    def _place_waiting(self) -> None:
        for pod, place in list(self._waiting.items()):
            if place.done():
                continue
            node = self._with_room()
            if node is None:
                return
            node.pods.add(pod)
            place.set_result(node)

    async def _scale(self) -> None:
        """As Karpenter: wait a moment for more that have no room, then make as many nodes as all of them need."""
        await asyncio.sleep(self.habits.batch_s)
        waiting = sum(not place.done() for place in self._waiting.values())
        for _ in range(-(-waiting // self.habits.pods)):
            self._begin(self._come_up(self._make()))
        self._place_waiting()

    def _make(self) -> Node:
        self.count()
        self._number += 1
        node = Node(self._number, empty_since=self._now())
        self.nodes.append(node)
        if self.habits.spot_life_h:
            self._begin(self._lose(node, self._chance.expovariate(1 / (self.habits.spot_life_h * 3600.0))))
        return node

    async def _come_up(self, node: Node) -> None:
        await asyncio.sleep(self.habits.new.draw(self._chance))
        node.ready.set()
        await asyncio.sleep(self.habits.pull.draw(self._chance))
        node.pulled.set()

    async def _lose(self, node: Node, after_s: float) -> None:
        """The cloud takes a spot node: with its warning the pods are evicted, as Karpenter does; then it is gone."""
        await asyncio.sleep(after_s)
        if node not in self.nodes:
            return
        node.going = True
        self.lost += 1
        for pod in sorted(node.pods):
            self._evict(pod)
        await asyncio.sleep(self.habits.spot_warning_s)
        self._remove(node)

    async def _end_if_empty(self, node: Node) -> None:
        await asyncio.sleep(self.habits.empty_s)
        if not node.pods and self._now() - node.empty_since >= self.habits.empty_s - 0.01:
            self._remove(node)

    def _remove(self, node: Node) -> None:
        if node in self.nodes:
            self.count()
            node.going = True
            self.nodes.remove(node)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
