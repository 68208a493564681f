"""Follows jobs and projects for the clients of one process: what there is, then what comes."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from cloud.db.engine import DATABASE_ERRORS, Database
from cloud.jobs.feed import queries
from cloud.jobs.feed.listener import DELTAS, listen
from cloud.jobs.feed.queries import Row
from cloud.jobs.feed.tail import Follower, Tail
from cloud.jobs.feed.topic import Topic
from cloud.jobs.feed.wire import HEARTBEAT, rendered_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# A lost notification (a connection that broke unnoticed) delays an event by this much at most.
RECHECK_S = 5.0
HEARTBEAT_S = 15.0
PAGE = 200
_READ_LIMIT_S = 10.0
_RETRY_S = 0.5
_PIECE_BYTES = 64 * 1024
_UNREADABLE = (*DATABASE_ERRORS, TimeoutError, OSError)

Found = TypeVar("Found")
logger = logging.getLogger(__name__)


class EventFeed:
    """Follows jobs and projects of one database. Use from one event loop; `start` before the first `follow`.

    Two tasks are its own: one listens, one reads the new rows of everything that is followed. A notification only
    says where to read, so nothing is lost when the listening connection breaks; when the database is away the
    streams stay open, silent but for heartbeats, and go on when it is back.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._database = Database.connect(database_url, pool_size=4)
        # Reads of one statement each need no transaction, and no round trips for one.
        self._engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._tails: dict[Topic, Tail] = {}
        self._behind: set[Topic] = set()  # have news that is not read
        self._reading: dict[Topic, Tail] = {}
        self._doubtful: set[Topic] = set()  # may have gone
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._recheck_at = 0.0

    @property
    def followers(self) -> int:
        """How many clients get live events now."""
        return sum(len(tail.followers) for tail in self._tails.values())

    async def start(self) -> None:
        """Begin to listen and read, in tasks of the feed's own."""
        listening = listen(self._url, self._mark_all, self._on_notification)
        self._tasks = [
            asyncio.create_task(listening, name="event feed listens"),
            asyncio.create_task(self._read_forever(), name="event feed reads"),
        ]

    async def aclose(self) -> None:
        """Stop; every stream ends at once. Twice is once."""
        self._closed = True
        for tail in self._tails.values():
            tail.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._database.aclose()

    async def last_number(self, topic: Topic) -> int:
        """The number of the newest event; 0 without any. Raises: one of `DATABASE_ERRORS`."""
        async with self._engine.connect() as connection:
            return await queries.last_number(connection, topic)

    async def follow_from_now(self, topic: Topic) -> AsyncGenerator[bytes]:
        """As `follow`, but only what is new. The client first gets its position: it may lose the stream at once."""
        position = await self.last_number(topic)
        yield f"id: {position}\n\n".encode()
        async with aclosing(self.follow(topic, position)) as pieces:
            async for piece in pieces:
                yield piece

    async def follow(self, topic: Topic, after: int) -> AsyncGenerator[bytes]:
        """The events with a number greater than `after`, as server-sent events: those there are, then as they come.

        Several may come in one piece; a comment comes in each silence. Ends after `job.finished`, when what is
        followed is gone, when the feed closes, and when the client takes them too slowly: close the iterator when
        the client is gone.
        """
        began_after, over = after, None
        # Asked before the rows are read: if nothing more can come, they hold the last event.
        while over is None and not self._closed:
            over = await self._read(lambda connection: queries.is_over(connection, topic))
            if over is None:
                yield HEARTBEAT
        rows: list[Row] | None = None
        while not self._closed and (rows is None or len(rows) == PAGE):  # far behind, a client needs no queue yet
            rows = await self._page(topic, after)
            for piece in _pieces(topic, rows):
                yield piece
            after = rows[-1].number if rows else after
            if _is_last(topic, rows):
                return
        if over or self._closed:
            return
        if after == began_after:
            yield HEARTBEAT  # some proxies pass the head on with the first byte of the body
        follower = Follower(after)
        tail = self._join(topic, follower)
        try:
            async for piece in self._follow_live(tail, follower):
                yield piece
        finally:
            self._leave(tail, follower)

    async def _follow_live(self, tail: Tail, follower: Follower) -> AsyncIterator[bytes]:
        after, position = follower.after, tail.position
        while after < position and not self._closed:  # what the others got before this one joined them
            rows = await self._page(tail.topic, after)
            if rows is not None:
                rows = [row for row in rows if row.number <= position]
                after = rows[-1].number if rows else position
            for piece in _pieces(tail.topic, rows):
                yield piece
            if _is_last(tail.topic, rows):
                return
        while (piece := await follower.take(HEARTBEAT_S)) is not None:
            yield piece or HEARTBEAT
        if follower.dropped:
            logger.info("event stream dropped, its client takes too little", extra={"topic": str(tail.topic)})

    def _join(self, topic: Topic, follower: Follower) -> Tail:
        tail = self._tails.get(topic)
        if tail is None:
            tail = self._tails[topic] = Tail(topic, follower.after)
        tail.followers.add(follower)
        self._mark(topic)
        self._doubtful.add(topic)  # it may have gone since it was asked for
        return tail

    def _leave(self, tail: Tail, follower: Follower) -> None:
        tail.followers.discard(follower)
        if not tail.followers and self._tails.get(tail.topic) is tail:
            del self._tails[tail.topic]

    async def _page(self, topic: Topic, after: int) -> list[Row] | None:
        found = await self._read(lambda connection: queries.news_of(connection, topic.kind, {topic.id: after}, PAGE))
        return None if found is None else found.get(topic.id, [])

    async def _read(self, read: "Callable[[AsyncConnection], Awaitable[Found]]") -> Found | None:
        """What `read` gives; None, after a moment, when the database does not answer."""
        try:
            async with asyncio.timeout(_READ_LIMIT_S), self._engine.connect() as connection:
                return await read(connection)
        except _UNREADABLE as error:
            logger.warning("event feed cannot read", extra={"error": type(error).__name__})
            await asyncio.sleep(_RETRY_S)
            return None

    async def _read_forever(self) -> None:
        while True:
            try:
                async with self._engine.connect() as connection:
                    self._mark_all()
                    while True:
                        await self._wait_for_news()
                        async with asyncio.timeout(_READ_LIMIT_S):
                            await self._read_news(connection)
            except _UNREADABLE as error:
                logger.warning("event feed cannot read", extra={"error": type(error).__name__})
                await asyncio.sleep(_RETRY_S)

    async def _wait_for_news(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._recheck_at - time.monotonic()):
                await self._news.wait()
        if time.monotonic() >= self._recheck_at:
            self._recheck_at = time.monotonic() + RECHECK_S
            self._mark_all()
            self._doubtful.update(self._tails)

    async def _read_news(self, connection: "AsyncConnection") -> None:
        """Read on for all that is behind, in one statement for the jobs and one for the projects."""
        self._reading = {topic: tail for topic in self._behind if (tail := self._tails.get(topic))}
        doubtful = {topic: tail for topic in self._doubtful if (tail := self._tails.get(topic))}
        self._behind.clear()
        self._doubtful.clear()
        self._news.clear()
        try:
            for kind in ("job", "project"):
                # The tail that was asked for gets the rows: another that took its place may stand elsewhere.
                tails = {topic.id: tail for topic, tail in self._reading.items() if topic.kind == kind}
                if tails:
                    positions = {owner: tail.position for owner, tail in tails.items()}
                    for owner, rows in (await queries.news_of(connection, kind, positions, PAGE)).items():
                        tails[owner].push_rows(rows)
                        if len(rows) == PAGE:
                            self._mark(tails[owner].topic)
                asked = {topic.id: tail for topic, tail in doubtful.items() if topic.kind == kind}
                if asked:
                    for owner in await queries.gone_of(connection, kind, asked):
                        asked[owner].end()
        finally:
            for tail in self._reading.values():
                tail.release_deltas()
            self._reading = {}

    def _mark(self, topic: Topic) -> None:
        self._behind.add(topic)
        self._news.set()

    def _mark_all(self) -> None:
        """Anything may have been missed."""
        self._behind.update(self._tails)
        self._news.set()

    def _on_notification(self, channel: str, payload: str) -> None:
        try:
            if channel == DELTAS:
                self._pass_on(json.loads(payload))
                return
            project_id, _, job_id = payload.partition(":")
            project = Topic("project", UUID(project_id))
            topics = [project, Topic("job", UUID(job_id))] if job_id else [project]
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.warning("event feed got a malformed notification", extra={"channel": channel})
            return
        for topic in topics:
            if topic in self._tails:
                self._mark(topic)
                if not job_id:
                    self._doubtful.add(topic)  # what no job did may be the project's end

    def _pass_on(self, delta: dict[str, Any]) -> None:
        for topic in (Topic("job", UUID(delta["job"])), Topic("project", UUID(delta["project"]))):
            tail = self._tails.get(topic)
            if tail is not None:
                tail.push_delta(delta, is_behind=topic in self._behind or topic in self._reading)


def _pieces(topic: Topic, rows: Sequence[Row] | None) -> Iterator[bytes]:
    """The rows for the wire, in pieces of some size; without an answer from the database, a sign of life."""
    if rows is None:
        yield HEARTBEAT
        return
    waiting, size = [], 0
    for row in rows:
        waiting.append(rendered_row(topic, row))
        size += len(waiting[-1])
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _is_last(topic: Topic, rows: Sequence[Row] | None) -> bool:
    return topic.kind == "job" and bool(rows) and rows[-1].type == "job.finished"
