"""A `KubernetesFleet` on a cluster in memory, quick enough for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from tests.fleet.fake_cluster import FakeCluster

QUICK = FleetRules(start_limit_s=5, lease_s=0.4, sweep_s=0.05, pool=PoolRules(least=1, most=8))


@asynccontextmanager
async def fleet_on(
    cluster: FakeCluster, rules: FleetRules = QUICK, *, runner: str = "", ill: set[str] | None = None, at: float = 5e8
) -> AsyncIterator[KubernetesFleet]:
    """A fleet at work. Pods at the addresses in `ill` do not answer. Its clock stands still."""

    async def is_healthy(base_url: str) -> bool:
        await asyncio.sleep(0)
        return base_url not in (ill or ())

    fleet = KubernetesFleet(cluster, PodTokens(), rules, runner=runner, now=lambda: at, is_healthy=is_healthy)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.aclose()


async def until(condition: Callable[[], bool], limit_s: float = 5) -> None:
    """Return once the condition holds. Raises: AssertionError."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "not in time"
        await asyncio.sleep(0.01)
