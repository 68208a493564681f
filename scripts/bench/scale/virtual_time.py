"""An asyncio loop whose clock jumps: hours of waiting pass in no time, and what a database takes counts as no time.

The clock stands still while a task is ready, a database or a thread is at work. Only when nothing can go on but by the
next timer does it jump there. So one seed gives one course of events, however busy the machine is.
"""

import asyncio
import concurrent.futures
import datetime as dt
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_ANSWER_LIMIT_S = 120.0
"""Real seconds for an answer of a database or a thread."""

Result = TypeVar("Result")


class NothingLeftToWaitFor(RuntimeError):
    """Every task waits for another: no timer is set, no answer is awaited."""

    def __init__(self, at_s: float) -> None:
        super().__init__(f"at {at_s:.3f} s of virtual time every task waits, and nothing can wake one")


class _JumpingSelector(selectors.SelectSelector):
    """Looks at the sockets without a wait; where nothing is awaited from them, the wait goes to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        # The loop's own pipe is always there; psycopg registers its socket only while it waits for an answer.
        if self.threads_at_work or len(self.get_map()) > 1:
            ready = super().select(_ANSWER_LIMIT_S)
            if not ready:
                raise TimeoutError(f"no answer within {_ANSWER_LIMIT_S:.0f} real seconds")
            return ready
        if timeout is None:
            raise NothingLeftToWaitFor(self.now_s)
        self.now_s += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `time()` begins at 0. A socket that only listens (LISTEN) would stop its clock: use none."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override] - a coroutine's future, as of the original
        self, executor: concurrent.futures.Executor | None, func: Callable[..., Result], *args: Any
    ) -> "asyncio.Future[Result]":
        self._jumping.threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._one_thread_less)
        return future

    async def shutdown_default_executor(self) -> None:
        self._jumping.threads_at_work += 1
        await super().shutdown_default_executor()
        self._jumping.threads_at_work -= 1

    def _one_thread_less(self, _: "asyncio.Future[Any]") -> None:
        self._jumping.threads_at_work -= 1


class VirtualClock:
    """The wall clock of a simulation: it began at `began`, and goes as the loop's."""

    def __init__(self, began: dt.datetime = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)) -> None:
        self._began = began

    def __call__(self) -> dt.datetime:
        """The time now. Within a running `VirtualLoop` only."""
        return self._began + dt.timedelta(seconds=asyncio.get_running_loop().time())

    def timestamp(self) -> float:
        """The same in seconds since 1970."""
        return self().timestamp()


def run_virtual(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in virtual time. Raises: what `work` raises; NothingLeftToWaitFor."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
