"""Limits on how often something is tried: a few lines for whoever needs one.

    services.throttle.demand(f"device:{network_of(origin.address)}", Limit(20, 60, "device sign-ins"))
    await services.throttle.demand_kept(f"device-code:{user_id}", Limit(10, 900, "wrong device codes"))

Keys begin with a word of the caller's own. Those that are kept hold no names and no addresses, but hashes of them.
"""

import datetime as dt
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from cloud.accounts.throttle import queries
from cloud.errors import TooManyRequests

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker


@dataclass(frozen=True)
class Limit:
    """`count` times in `period_s` seconds; `what` is what there are too many of, in words: "sign-ups"."""

    count: int
    period_s: int
    what: str


class LimitReached(TooManyRequests):
    """Too much of something; the sentence says until when."""

    def __init__(self, what: str, wait_s: float) -> None:
        super().__init__(f"Too many {what}; try again {_from_now(wait_s)}.", retry_after_s=max(wait_s, 1))


class Throttle:
    """Counts and refuses. `demand` belongs to this process; what is kept holds for all of them."""

    def __init__(self, sessions: "async_sessionmaker[AsyncSession]") -> None:
        self._sessions = sessions
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def demand(self, key: str, limit: Limit) -> None:
        """Count one in this process's memory; it costs some microseconds. Raises: LimitReached."""
        item = RateLimitItemPerSecond(limit.count, limit.period_s)
        if not self._limiter.hit(item, key):
            ends_at = self._limiter.get_window_stats(item, key).reset_time
            raise LimitReached(limit.what, min(max(ends_at - time.time(), 1), limit.period_s))

    async def demand_kept(self, key: str, limit: Limit) -> None:
        """Count one in the database, in a transaction of its own. Raises: LimitReached."""
        async with self._sessions.begin() as session:
            window = dt.timedelta(seconds=limit.period_s)
            counted, ends_in_s = await queries.count_in_window(session, kept_key(key), window)
        if counted > limit.count:
            raise LimitReached(limit.what, ends_in_s)

    async def forget_kept(self, key: str) -> None:
        """As if nothing had been counted, after a success."""
        async with self._sessions.begin() as session:
            await queries.forget(session, kept_key(key))


def kept_key(key: str) -> str:
    """What the database keeps of a key: its first word, and a hash of the rest (people type passwords as names)."""
    word, _, rest = key.partition(":")
    return f"{word}:{hashlib.sha256(rest.encode()).hexdigest()[:32]}"


def _from_now(wait_s: float) -> str:
    """ "in 40 seconds, at 12:31:05 UTC"; minutes where there are several."""
    seconds = max(round(wait_s), 1)
    ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    if seconds >= 120:
        return f"in {round(seconds / 60)} minutes, at {ends_at:%H:%M} UTC"
    return f"in {seconds} second{'s' if seconds > 1 else ''}, at {ends_at:%H:%M:%S} UTC"
