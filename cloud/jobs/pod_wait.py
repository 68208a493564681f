"""Getting a pod for a job, which is told why it waits, if one would notice."""

import asyncio
from collections.abc import Awaitable, Callable

from cloud.fleet.contract import Endpoint, Fleet, TellsWhy
from cloud.jobs.pod_link import end_soon
from cloud.jobs.watching import watched_claim

# What is left behind on a cancel, which must be through within a second.
_LETTING_GO_S = 0.3
_UNNOTICED_S = 0.5
_LOOK_AGAIN_S = 2.0


async def acquire_told(fleet: Fleet, user_id: str, on_wait: Callable[[str], Awaitable[None]]) -> Endpoint:
    """The user's pod; `on_wait` hears the reason of a wait, and again when it is another. Raises: PodNotReady."""
    acquiring = asyncio.create_task(watched_claim(fleet, user_id))
    told = ""
    try:
        await asyncio.wait({acquiring}, timeout=_UNNOTICED_S)
        while not acquiring.done():
            reason = (fleet.why_waiting(user_id) if isinstance(fleet, TellsWhy) else "") or "pod_starting"
            if reason != told:
                await on_wait(reason)
                told = reason
            await asyncio.wait({acquiring}, timeout=_LOOK_AGAIN_S)
        return await acquiring
    finally:
        await end_soon(acquiring, _LETTING_GO_S)
