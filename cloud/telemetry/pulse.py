"""Whether a process's work goes on: it tells so itself, every second or so, and somebody else asks."""

import time


class Pulse:
    """The last sign of life. Before the first there is nothing to miss: a process may take long to begin.

    `limit_s` must be longer than anything that passes by itself may hold up the signs: who asks is about to kill.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._last: float | None = None

    def beat(self) -> None:
        """We are alive."""
        self._last = time.monotonic()

    @property
    def age_s(self) -> float:
        """Seconds since the last sign; 0 before the first."""
        return 0.0 if self._last is None else time.monotonic() - self._last

    def trouble(self) -> str:
        """Why the process should be ended, in one sentence; "" while it should not."""
        age_s = self.age_s
        return f"The last sign of life is {age_s:.0f} s old." if age_s > self._limit_s else ""
