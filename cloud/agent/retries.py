"""How long a failed call is waited for: full jitter over a doubling span, or what the server asks for."""

import email.utils
import math
import random
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a call is tried again. `longest_wait_s` caps the server's `Retry-After` too;
    `total_wait_s` is all waiting of one call together."""

    attempts: int = 8
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    total_wait_s: float = 900.0


@dataclass
class Waits:
    """The waits of one call so far."""

    policy: RetryPolicy
    failures: int = 0
    waited_s: float = 0.0
    _random: random.Random = field(default_factory=random.SystemRandom)

    @property
    def left_s(self) -> float:
        """How long the call may still wait."""
        return max(self.policy.total_wait_s - self.waited_s, 0.0)

    def after(self, error: BaseException, blocked_s: float = 0.0) -> float | None:
        """How long to wait after one more failure, at least `blocked_s`; None: it has been tried long enough."""
        self.failures += 1
        if self.failures >= self.policy.attempts:
            return None
        asked_s = retry_after_s(error)
        if asked_s is None:
            span_s = self.policy.first_wait_s * 2.0 ** min(self.failures - 1, 30)
            asked_s = self._random.uniform(0.0, min(span_s, self.policy.longest_wait_s))
        wait_s = max(min(asked_s, self.policy.longest_wait_s), blocked_s)
        if wait_s > self.left_s:
            return None
        self.waited_s += wait_s
        return wait_s


def retry_after_s(error: BaseException) -> float | None:
    """How many seconds the server asks to wait: `retry-after-ms`, or `Retry-After` as seconds or as a date."""
    response = getattr(error, "response", None)  # of the SDK's errors that are an answer
    if response is None:
        return None
    headers = response.headers
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds * unit_s
    try:
        at = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(at.timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None
