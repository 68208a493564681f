"""A connection to a pod, held by a task of its own.

The MCP client's task group lives in the task that opened it, and cancels that task when the connection breaks. Here
that task is ours, so that whoever calls sees `ToolboxLost`, and a cancel that it sees is really its own.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from cloud.agent.toolbox import McpToolbox, ToolboxLost
from cloud.fleet.contract import Endpoint
from cloud.jobs.watching import ids_for_the_pod

T = TypeVar("T")

# How long what was cancelled may take to end before it is left to itself: a pod may hang for ever.
_LETTING_GO_S = 0.3
_left_behind: set[asyncio.Task[Any]] = set()
"""Cancelled tasks that have not ended yet. Held here, because the event loop alone would let them be collected."""

logger = logging.getLogger(__name__)


async def end_soon(task: asyncio.Task[Any], limit_s: float = _LETTING_GO_S) -> None:
    """Cancel the task if it still runs, and wait for its end, but not for long."""
    if task.done():
        return
    task.cancel()
    _left_behind.add(task)
    task.add_done_callback(_forget)
    await asyncio.wait({task}, timeout=limit_s)


def _forget(task: asyncio.Task[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled() and (error := task.exception()):
        logger.info("a cancelled task ended", extra={"error": repr(error)})


async def _lost(endpoint: Endpoint) -> None:
    """Return once the fleet says that the pod is lost; never where it cannot know."""
    await (endpoint.gone or asyncio.Event().wait)()
    logger.info("the fleet says that a pod is lost", extra={"pod": endpoint.pod})


class PodLink:
    """An `McpToolbox` for use from one task at a time. `close` ends it, broken or not.

    Where the fleet can tell that the pod is lost (`Endpoint.gone`), that counts as a broken connection: one to a
    machine that was taken away stays open, and silent, until a time limit ends it.
    """

    def __init__(self, endpoint: Endpoint, seed: int) -> None:
        self._toolbox = McpToolbox(endpoint.base_url, endpoint.bearer, seed=seed, headers=ids_for_the_pod)
        self._lost = asyncio.create_task(_lost(endpoint), name="pod lost")
        self._opened = asyncio.Event()
        self._closing = asyncio.Event()
        self._holder: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, endpoint: Endpoint, seed: int = 0) -> Self:
        """Connect. Raises: ToolboxLost."""
        link = cls(endpoint, seed)
        link._holder = asyncio.create_task(link._hold(), name="pod link")
        try:
            await link._first_of(link._opened.wait())
        except BaseException:
            await link.close()
            raise
        return link

    async def close(self) -> None:
        """Disconnect; a pod that hangs is not waited for."""
        self._closing.set()
        self._lost.cancel()
        if self._holder is not None:
            await asyncio.wait({self._holder}, timeout=_LETTING_GO_S)
            await end_soon(self._holder)

    async def ask(self, question: Callable[[McpToolbox], Coroutine[Any, Any, T]]) -> T:
        """What `question` gives for the toolbox. Raises: ToolboxLost, also when the connection breaks meanwhile."""
        return await self._first_of(question(self._toolbox))

    async def _first_of(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result, unless the connection ends before it. A cancel reaches the work."""
        assert self._holder is not None
        working = asyncio.create_task(work)
        try:
            await asyncio.wait({working, self._holder, self._lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_soon(working)
        if working.cancelled() or not working.done():
            raise ToolboxLost("The connection to the Blender pod broke.")
        return working.result()

    async def _hold(self) -> None:
        """Keep the connection open until `close` or until it breaks; how it broke is only worth a log line."""
        try:
            async with self._toolbox:
                self._opened.set()
                await self._closing.wait()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the top of this task; its end is seen
            logger.info("pod link ended", extra={"error": repr(error)})
