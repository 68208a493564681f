"""How many requests one user may make in a minute: against programs that run wild. Each process counts for itself."""

import time
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from cloud.errors import TooManyRequests


class TooManyCalls(TooManyRequests):
    """The user has made as many requests in a minute as may be."""

    code = "too_many_calls"

    def __init__(self, limit: int, wait_s: float) -> None:
        super().__init__(
            f"You have made {limit:,} requests within a minute, which is as many as may be; "
            f"go on in {max(1, round(wait_s))} s.",
            retry_after_s=wait_s,
        )


class RequestRates:
    """Counts requests by user. An event stream or a download is one request, however long it lasts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(max(limit, 1))

    def count(self, user_id: UUID) -> None:
        """One more request. Raises: TooManyCalls."""
        if not self._limit or self._limiter.hit(self._item, str(user_id)):
            return
        window = self._limiter.get_window_stats(self._item, str(user_id))
        raise TooManyCalls(self._limit, max(0.0, window.reset_time - time.time()))
