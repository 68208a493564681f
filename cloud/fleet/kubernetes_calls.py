"""One call of Kubernetes' API: made again for some seconds when the answer is "later", and what its status means."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from cloud.fleet.cluster import ClusterAway, ClusterRefused, PodChange, VersionConflict, WatchExpired
from cloud.fleet.kubernetes_facts import pod_of

Answer = Awaitable[aiohttp.ClientResponse]

_RETRY_FOR_S = 6.0
_LATER = frozenset({401, 408, 429, 500, 502, 503, 504})


class Missing(Exception):
    """404."""


class Later(Exception):
    """The API says: later."""


async def ask(what: str, call: Callable[[], Answer]) -> dict[str, Any]:
    """What the API answers, asked again for some seconds. Raises: ClusterAway, ClusterRefused, VersionConflict."""

    def give_up(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        raise ClusterAway(what, str(error) or repr(error)) from error

    answer: dict[str, Any] = {}
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type((Later, aiohttp.ClientError, TimeoutError, ConnectionError)),
        wait=wait_random_exponential(multiplier=0.1, max=2.0),
        stop=stop_after_delay(_RETRY_FOR_S),
        retry_error_callback=give_up,
        sleep=asyncio.sleep,
    ):
        with attempt:
            async with await call() as response:
                await check(what, response)
                answer = await response.json(content_type=None)
    return answer


async def check(what: str, response: aiohttp.ClientResponse) -> None:
    """Raises: what the status means, unless it is success."""
    if response.status < 300:
        return
    try:
        said = str(json.loads(await response.text()).get("message", ""))
    except (ValueError, AttributeError):
        said = str(response.reason)
    if response.status in _LATER:
        raise Later(f"HTTP {response.status}: {said}")
    if response.status == 409:
        raise VersionConflict(said)
    if response.status == 404:
        raise Missing(said)
    if response.status == 410:
        raise WatchExpired(said)
    raise ClusterRefused(what, response.status, said)


async def changes_in(response: aiohttp.ClientResponse) -> AsyncIterator[PodChange]:
    """The changes that a watch brings. Raises: WatchExpired, ClusterAway."""
    async for line in response.content:
        event = json.loads(line)
        kind, found = event["type"], event["object"]
        if kind == "ERROR":
            if found.get("code") == 410:
                raise WatchExpired(found.get("message", ""))
            raise ClusterAway("watch pods", str(found.get("message", "")))
        version = found["metadata"]["resourceVersion"]
        yield PodChange(version) if kind == "BOOKMARK" else PodChange(version, pod_of(found), kind == "DELETED")
