"""One simulated course with one pool: the real fleet and a queue, on the cluster in memory."""

import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from cloud.fleet.cluster import Cluster
from cloud.fleet.contract import Fleet
from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from scripts.bench.scale.fake_cluster import ClusterHabits, FakeCluster
from scripts.bench.scale.outcome import Outcome, Prices, outcome_of
from scripts.bench.scale.queues import JobQueue, MemoryQueue
from scripts.bench.scale.simulation import Course, Simulation, slots_needed
from scripts.bench.scale.virtual_time import VirtualClock, run_virtual
from scripts.bench.scale.workload import HOUR_S, Habits, pattern_of, visits

_RUNNERS = 2

OpenQueue = Callable[[], AbstractAsyncContextManager[JobQueue]]


@dataclass(frozen=True)
class Pool:
    """How many spares there are at least and at most. The two are one number for a pool that follows nothing."""

    least: int
    most: int


@dataclass(frozen=True)
class Trial:
    """What does not change between the pools that are compared."""

    users: int
    pattern: str
    seed: int = 1
    concurrency: int = 0
    slots: int = 0
    class_of: int = 0
    idle_s: float = 900.0
    ready_share: float = 0.98
    habits: Habits = field(default_factory=Habits)
    cluster: ClusterHabits = field(default_factory=ClusterHabits)
    prices: Prices = field(default_factory=Prices)


@dataclass
class Ran:
    """A trial's course and its figures."""

    pool: Pool
    course: Course
    outcome: Outcome
    seconds: float = 0.0


@contextlib.asynccontextmanager
async def in_memory() -> AsyncIterator[JobQueue]:
    """The quick queue."""
    yield MemoryQueue()


@dataclass
class Bench:
    """Runs one trial with as many pools as asked for; each pool once."""

    trial: Trial
    open_queue: OpenQueue = in_memory
    ran: dict[Pool, Ran] = field(default_factory=dict)

    def run(self, pool: Pool) -> Ran:
        """The course with this pool; from one seed always the same."""
        if pool not in self.ran:
            random.seed(self.trial.seed)  # the fleet's own jitter
            self.ran[pool] = run_virtual(self._course(pool))
        return self.ran[pool]

    async def _course(self, pool: Pool) -> Ran:
        trial, pattern = self.trial, pattern_of(self.trial.pattern, self.trial.class_of)
        clock = VirtualClock()
        sittings = list(visits(pattern, trial.users, trial.habits, trial.seed))
        first = max(pool.least, 1)
        nodes = 2 + -(-first // trial.cluster.nodes.pods)
        cluster = FakeCluster(trial.cluster, seed=trial.seed, replicas=first, clock=clock, nodes=nodes)
        rules = FleetRules(
            idle_s=trial.idle_s,
            pool=PoolRules(least=pool.least, most=pool.most, ready_share=trial.ready_share),
        )
        tokens = PodTokens()

        async def make_fleet(seen: Cluster, runner: str) -> Fleet:
            fleet = KubernetesFleet(seen, tokens, rules, runner=runner, now=clock.timestamp, is_healthy=_front_answers)
            await fleet.start()
            return fleet

        async def _front_answers(base_url: str) -> bool:
            return cluster.answers_at(base_url)

        async with self.open_queue() as queue:
            slots = trial.slots or slots_needed(sittings)
            # Each runner's fleet looks at all pods all the time: few runners with many jobs each are quicker here.
            concurrency = trial.concurrency or -(-slots // _RUNNERS)
            simulation = Simulation(cluster, queue, make_fleet, slots=slots, concurrency=concurrency, seed=trial.seed)
            course = await simulation.run(sittings, pattern.hours * HOUR_S)
            outcome = outcome_of(
                course,
                cluster.counts,
                node_hours=cluster.nodes.node_seconds / HOUR_S,
                from_s=pattern.measured_from_h * HOUR_S,
                until_s=pattern.hours * HOUR_S,
                claims=(queue.claims, queue.empty_claims),
                prices=trial.prices,
            )
        return Ran(pool, course, outcome)
