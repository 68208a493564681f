"""The tool calls at work: one at a time in the order of arrival, told of while they last, and ended on request.

A call ends early when its client's connection is gone, when the client sends `notifications/cancelled`, and when it
ends its session. The work runs in a task of its own, so that one cancel reaches it once: MCP's own scopes cancel
again and again, which would cut short the supervisor's replacing of the child.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

_REPORT_EVERY_S = 0.9
_EARLY_CANCELS_KEPT = 64

Report = Callable[[float, float | None, str], Awaitable[None]]


@dataclass(frozen=True)
class CallKey:
    """Which call a client means by a request id. Ids are only its own: `session` tells the clients apart."""

    session: str
    request_id: str | int


class CallCancelled(Exception):
    """The client took the call back."""


class Told(Protocol):
    """What is known of a call while it lasts."""

    def told(self) -> tuple[float, float | None, str]:
        """How far it is, a number that grows; its end if that is known; and the same in words."""
        ...


@dataclass
class Progress:
    """How far a call is; it waits until `begun` is set."""

    limit_s: float | None
    arrived: float = field(default_factory=time.monotonic)
    begun: float | None = None

    def told(self) -> tuple[float, float | None, str]:
        """Seconds since arrival, their end if it is known, and the same in words."""
        now = time.monotonic()
        if self.begun is None:
            return now - self.arrived, None, "Waiting for the call before."
        end = None if self.limit_s is None else self.begun - self.arrived + self.limit_s
        limit = "" if self.limit_s is None else f" of at most {self.limit_s:g} s"
        return now - self.arrived, end, f"Blender is at work, {now - self.begun:.0f} s{limit}."


class Calls:
    """All calls of the front. Belongs to its event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._at_work: defaultdict[CallKey, set[asyncio.Task[Any]]] = defaultdict(set)
        self._ending: set[asyncio.Task[Any]] = set()
        self._cancelled_early: deque[CallKey] = deque(maxlen=_EARLY_CANCELS_KEPT)

    async def in_turn(self, progress: Progress, work: Callable[[], Awaitable[T]]) -> T:
        """The work's result, after that of all calls before it."""
        async with self._turn:
            progress.begun = time.monotonic()
            return await work()

    async def run(self, key: CallKey | None, work: Coroutine[Any, Any, T]) -> T:
        """The work's result. A cancel ends the work and does not wait for its end. Raises: CallCancelled."""
        task = asyncio.create_task(work)
        if key is not None:
            self._at_work[key].add(task)
            if key in self._cancelled_early:
                task.cancel()
        try:
            await asyncio.wait({task})
        finally:
            self._forget(key, task)
        if task.cancelled():
            raise CallCancelled
        return task.result()

    async def cancel(self, key: CallKey) -> None:
        """End the call that the client means, unless without a session another client's could be meant.

        The cancel comes in a request of its own, so it can overtake the call.
        """
        tasks = self._at_work.get(key, set())
        if key.session and not tasks:
            self._cancelled_early.append(key)
        elif key.session or len(tasks) == 1:
            for task in tasks:
                task.cancel()

    async def cancel_session(self, session: str) -> None:
        """End all calls of one client."""
        for key in [key for key in self._at_work if key.session == session]:
            await self.cancel(key)

    def _forget(self, key: CallKey | None, task: asyncio.Task[Any]) -> None:
        if key is not None:
            self._at_work[key].discard(task)
            if not self._at_work[key]:
                del self._at_work[key]
        if not task.done():  # the client is gone
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._ending.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is there to hear of it


@asynccontextmanager
async def reported(progress: Told, report: Report) -> AsyncIterator[None]:
    """Tell the client at least once a second how far the call is, as long as the block lasts."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            await report(*progress.told())

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
