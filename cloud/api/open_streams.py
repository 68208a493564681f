"""The event streams that are open in this process: how many each user has, and when they must end."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from cloud.accounts.queries import Identity
from cloud.accounts.standing.queries import Holder, ended_among
from cloud.db.engine import DATABASE_ERRORS, Database, is_unreachable
from cloud.errors import TooManyRequests

_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class TooManyStreams(TooManyRequests):
    """The user holds as many streams open as may be."""

    code = "too_many_streams"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have {limit:,} event streams open, which is as many as may be; close one.", retry_after_s=5.0
        )


class StreamPlace:
    """One stream's place among its user's. `leave` it, whatever becomes of the stream; twice is once."""

    def __init__(self, streams: "OpenStreams", holder: Holder) -> None:
        self._streams = streams
        self.holder = holder
        self._scope = anyio.CancelScope()

    @contextmanager
    def until_ended(self) -> Iterator[anyio.CancelScope]:
        """The block ends early, as one whose scope was cancelled, when the user may not go on."""
        with self._scope as scope:
            yield scope

    def end(self) -> None:
        """Let the stream end now."""
        self._scope.cancel()

    def leave(self) -> None:
        """The stream is over."""
        self._streams.forget(self)


class OpenStreams:
    """Belongs to one event loop. A task of its own looks every second whose streams must end: `run_forever`."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._places: set[StreamPlace] = set()
        self._counts: Counter[object] = Counter()

    def enter(self, identity: Identity) -> StreamPlace:
        """A place for one more stream. Raises: TooManyStreams."""
        holder = Holder(identity.user.id, identity.session_id, identity.token_id)
        if self._limit and self._counts[holder.user_id] >= self._limit:
            raise TooManyStreams(self._limit)
        place = StreamPlace(self, holder)
        self._places.add(place)
        self._counts[holder.user_id] += 1
        return place

    def forget(self, place: StreamPlace) -> None:
        """The place is free."""
        if place not in self._places:
            return
        self._places.remove(place)
        self._counts[place.holder.user_id] -= 1
        if not self._counts[place.holder.user_id]:
            del self._counts[place.holder.user_id]

    async def end_overdue(self) -> None:
        """End the streams of those who may not go on. Raises: one of `DATABASE_ERRORS`."""
        if not self._places:
            return
        async with self._database.sessions() as session:
            ended = await ended_among(session, {place.holder for place in self._places})
        for place in list(self._places):
            if place.holder in ended:
                place.end()

    async def run_forever(self) -> None:
        """Look every second, until cancelled. While the database is away the streams stay open."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.end_overdue()
            except DATABASE_ERRORS as error:
                logger.warning("open streams were not looked at", exc_info=not is_unreachable(error))
