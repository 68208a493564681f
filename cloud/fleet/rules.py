"""What a Kubernetes fleet is held to, and what one runner shares among its parts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx2

from cloud.fleet.warm_pool import PoolRules

# A front that is alive answers in milliseconds, one on a machine with far too much to do in a second or two; one that
# has ended refuses at once; and of one whose machine is gone the watch tells.
_HEALTH_LIMIT_S = 5.0


@dataclass(frozen=True)
class FleetRules:
    """Times in seconds.

    A released pod is kept for `idle_s`. `acquire` waits for `start_limit_s` at most. No pod is older than `lifetime_s`,
    and none is given out whose time is over in less than `longest_use_s`. `max_pods` of users, in the whole cluster
    (0: any number). A runner counts as dead `lease_s` after its last sign of life, which it gives four times as often;
    pods are looked through every `sweep_s`.
    """

    idle_s: float = 900.0
    start_limit_s: float = 600.0
    max_pods: int = 0
    lifetime_s: float = 24 * 3600.0
    longest_use_s: float = 2 * 3600.0
    lease_s: float = 30.0
    sweep_s: float = 5.0
    pool: PoolRules = field(default_factory=PoolRules)


@dataclass
class Use:
    """Which users this runner works for now, and which it gets a pod for."""

    in_use: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def needs(self, user_id: str) -> bool:
        """A pod of this user that we hold is held rightly."""
        return user_id in self.in_use or user_id in self.waiting


class FrontCheck:
    """Asks pods' fronts whether they live, over kept connections."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None

    async def __call__(self, base_url: str) -> bool:
        """Its front answers. Asked twice: a packet may get lost, and a pod is not replaced for that."""
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=_HEALTH_LIMIT_S, trust_env=False)
        for _ in range(2):
            try:
                return (await self._client.get(f"{base_url}/healthz")).is_success
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
        return False

    async def aclose(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()


Healthy = Callable[[str], Awaitable[bool]]
Clock = Callable[[], float]
wall_clock: Clock = time.time
