"""Who follows, and what is on its way to them: nothing here waits for a client or reads the database."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cloud.jobs.feed.queries import Row
from cloud.jobs.feed.topic import Topic
from cloud.jobs.feed.wire import rendered_delta, rendered_row
from cloud.telemetry.metrics import EVENT_LATENCY_S

QUEUE_LIMIT = 256
QUEUE_LIMIT_BYTES = 512 * 1024
_HELD_DELTAS = 32


class Follower:
    """One client's queue of what it is to be sent.

    A client for which too much waits is dropped: its queue is emptied, its stream ends, and it comes back with the
    number of the last event that it got. Deltas do not count: they go in only while the queue is half empty.
    """

    def __init__(self, after: int) -> None:
        self.after = after
        self.ended = False
        self.dropped = False
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._oldest_at: float | None = None
        self._news = asyncio.Event()

    def push(self, number: int, chunk: bytes, age_s: float = 0.0) -> None:
        """An event of this number, and since when it stood in the database; those that the client has are left out."""
        if number <= self.after or self.ended:
            return
        self.after = number
        if self._waiting and not self._has_room(chunk, 1):
            self.dropped = True
            self._waiting.clear()
            self._waiting_bytes = 0
            self.end()
            return
        if self._oldest_at is None:
            self._oldest_at = time.monotonic() - age_s
        self._add(chunk)

    def push_delta(self, chunk: bytes) -> None:
        """A piece of text that the client can do without."""
        if not self.ended and self._has_room(chunk, 2):
            self._add(chunk)

    def end(self) -> None:
        """Nothing more will come; what waits is still sent."""
        self.ended = True
        self._news.set()

    async def take(self, timeout_s: float) -> bytes | None:
        """All that waits, as soon as there is something; b"" after a silence of `timeout_s`, None at the end."""
        if not self._waiting and not self.ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
        self._news.clear()
        if not self._waiting:
            return None if self.ended else b""
        chunk = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._oldest_at is not None:
            EVENT_LATENCY_S.observe(time.monotonic() - self._oldest_at)
            self._oldest_at = None
        return chunk

    def _has_room(self, chunk: bytes, share: int) -> bool:
        fits = self._waiting_bytes + len(chunk) <= QUEUE_LIMIT_BYTES // share
        return fits and len(self._waiting) < QUEUE_LIMIT // share

    def _add(self, chunk: bytes) -> None:
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        self._news.set()


class Tail:
    """All who follow one job or project, and how far they have been served together."""

    def __init__(self, topic: Topic, position: int) -> None:
        self.topic = topic
        self.position = position
        self.followers: set[Follower] = set()
        # Deltas that came while rows were being read: they are sent behind these.
        self._held: list[bytes] = []

    def push_rows(self, rows: Sequence[Row]) -> None:
        """The rows behind `position`, in order, to everybody; the last event of a job ends its followers."""
        for row in rows:
            self.position = row.number
            chunk = rendered_row(self.topic, row)
            for follower in self.followers:
                follower.push(row.number, chunk, row.age_s)
        if self.topic.kind == "job" and any(row.type == "job.finished" for row in rows):
            self.end()
        # The whole text is there: its pieces would come behind it now.
        if any(row.type == "text" for row in rows):
            self._held.clear()

    def push_delta(self, delta: dict[str, Any], *, is_behind: bool) -> None:
        """A piece of text to everybody. `is_behind`: rows that were written before it are still being read."""
        chunk = rendered_delta(self.topic, delta)
        if not is_behind:
            self._send_delta(chunk)
        elif len(self._held) < _HELD_DELTAS:
            self._held.append(chunk)

    def release_deltas(self) -> None:
        """The rows have been read: what was held goes out."""
        for chunk in self._held:
            self._send_delta(chunk)
        self._held.clear()

    def end(self) -> None:
        """No more events will come."""
        for follower in self.followers:
            follower.end()

    def _send_delta(self, chunk: bytes) -> None:
        for follower in self.followers:
            follower.push_delta(chunk)
