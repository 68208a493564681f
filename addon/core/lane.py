"""One thread that works through its orders. Rule: it touches nothing of Blender, and only what it is handed."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from .lines import Guard, Line
from .messages import Order
from .problems import Stopped

log = logging.getLogger(__name__)

_FOR_EVER_S = 3600.0


class Lane:
    """Owns a daemon thread, started with the first order. `work` does one order in that thread, `end` is its last call.

    All methods but `later` are for any thread. A lane that was closed takes no more orders.
    """

    def __init__(
        self,
        name: str,
        guard: Guard,
        work: Callable[["Lane", Order], None],
        end: Callable[["Lane"], None] = lambda lane: None,
    ) -> None:
        self.name = name
        self.line = Line(guard)
        self.scratch: dict[str, Any] = {}
        """What the thread keeps from one order to the next."""
        self._work = work
        self._end = end
        self._changed = threading.Condition()
        self._orders: deque[Order] = deque()
        self._later: tuple[float, Order] | None = None
        self._current: Order | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, order: Order, *, first: bool = False) -> None:
        """Have the order done after those before it; `first`: before them."""
        with self._changed:
            if self._closed:
                return
            self._orders.appendleft(order) if first else self._orders.append(order)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"prompt2mesh-{self.name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def later(self, order: Order, wait_s: float) -> None:
        """Have it done so much later, unless another one is put off or `drop` is called meanwhile."""
        with self._changed:
            self._later = (time.monotonic() + wait_s, order)
            self._changed.notify()

    def drop(self, unwanted: Callable[[Order], bool] = lambda order: True) -> list[Order]:
        """Forget these orders, and end the one at work if it is one of them. Returns: all that came to nothing."""
        with self._changed:
            dropped = [order for order in self._orders if unwanted(order)]
            self._orders = deque(order for order in self._orders if not unwanted(order))
            if self._later is not None and unwanted(self._later[1]):
                self._later = None
            if self._current is not None and unwanted(self._current):
                self.line.cut()
        return dropped

    def close(self) -> None:
        """End the thread at once; `join` waits for it."""
        self.line.close()
        with self._changed:
            self._closed = True
            self._orders.clear()
            self._later = None
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Whether the thread has ended."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(max(timeout_s, 0.0))
        return not thread.is_alive()

    def _run(self) -> None:
        while (order := self._next()) is not None:
            try:
                self._work(self, order)
            except Stopped:
                log.debug("an order was dropped", extra={"order": type(order).__name__})
            except Exception:
                log.exception("an order failed unexpectedly", extra={"order": type(order).__name__})
        self._end(self)

    def _next(self) -> Order | None:
        """Waits for the next order; None: the lane is closed."""
        with self._changed:
            self._current = None
            while not self._closed:
                now = time.monotonic()
                if self._orders:
                    self._current = self._orders.popleft()
                elif self._later is not None and self._later[0] <= now:
                    self._current, self._later = self._later[1], None
                if self._current is not None:
                    self.line.begin()  # here, so that `drop` either finds it waiting or cuts it
                    return self._current
                self._changed.wait(_FOR_EVER_S if self._later is None else self._later[0] - now)
            return None
