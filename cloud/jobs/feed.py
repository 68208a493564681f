"""The events of jobs as they happen: rows first, then news by LISTEN/NOTIFY.

One task of the feed owns the process's single LISTEN connection. A notification only wakes the subscribers of
its job, and each reads the rows that it has not given out yet: nothing is lost when the connection breaks, and a
slow subscriber costs no memory.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from uuid import UUID

import psycopg

from cloud.db.engine import Database, libpq_url
from cloud.jobs import queries
from cloud.jobs.events import AnyEvent

CHANNEL = "p2m_events"
# A lost notification (a connection that broke unnoticed) delays an event by this much at most.
RECHECK_S = 5.0
_RECONNECT_S = (0.1, 0.5, 2.0)

logger = logging.getLogger(__name__)


class EventFeed:
    """Follows the jobs of one database. Use from one event loop; `start` before the first subscription."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._database = Database.connect(database_url)
        self._wakers: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, in a task of the feed's own."""
        self._listening = asyncio.create_task(self._listen(), name="event feed")

    async def aclose(self) -> None:
        """Stop listening; subscriptions end."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        self._wake_all()
        await self._database.aclose()

    async def subscribe(self, job_id: UUID, after: int) -> AsyncIterator[tuple[int, AnyEvent]]:
        """The job's events with a seq greater than `after`: those there are, then each as it is committed.

        Ends after `job.finished`, when the job is gone, and when the feed closes.
        """
        waker = asyncio.Event()
        self._wakers[job_id].add(waker)
        try:
            while self._listening is not None and not self._listening.done():
                waker.clear()
                ended, news = await self._read(job_id, after)
                for seq, event in news:
                    after = seq
                    yield seq, event
                if ended:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(waker.wait(), RECHECK_S)
        finally:
            self._wakers[job_id].discard(waker)
            if not self._wakers[job_id]:
                del self._wakers[job_id]

    async def _read(self, job_id: UUID, after: int) -> tuple[bool, list[tuple[int, AnyEvent]]]:
        # The state is read before the rows: if it is final, the rows hold the last event.
        async with self._database.sessions() as session:
            state = await queries.job_state(session, job_id)
            news = await queries.events_after(session, job_id, after)
        return state is None or state in queries.FINAL_STATES, news

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(libpq_url(self._url), autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    failures = 0
                    self._wake_all()
                    async with aclosing(connection.notifies()) as notifications:
                        async for notification in notifications:
                            self._wake(notification.payload)
            except psycopg.OperationalError as error:
                wait_s = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
                failures += 1
                logger.warning("event feed lost its connection", extra={"error": str(error), "retry_s": wait_s})
                await asyncio.sleep(wait_s)

    def _wake(self, payload: str) -> None:
        _, _, job_id = payload.partition(":")
        try:
            wakers = self._wakers.get(UUID(job_id), ())
        except ValueError:
            logger.warning("event feed got a malformed notification", extra={"payload": payload[:80]})
            return
        for waker in wakers:
            waker.set()

    def _wake_all(self) -> None:
        for wakers in self._wakers.values():
            for waker in wakers:
                waker.set()
