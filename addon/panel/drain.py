"""Takes messages out of the worker's inbox within a budget of time. No Blender here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

BUDGET_S = 0.004
"""What one tick may take of Blender's main thread."""


@dataclass(frozen=True)
class Drained:
    """What one tick did: messages applied, whether some are left, and the seconds that it took."""

    applied: int
    is_left: bool
    seconds: float


def drain(
    inbox: "SimpleQueue[Any]",
    apply: Callable[[Any], None],
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> Drained:
    """Apply messages, oldest first, till none is left or the time is used up; at least one, so that all get through.

    `clock` gives seconds. Never blocks.
    """
    began = clock()
    applied = 0
    while True:
        try:
            message = inbox.get_nowait()
        except Empty:
            return Drained(applied, False, clock() - began)
        apply(message)
        applied += 1
        spent = clock() - began
        if spent >= budget_s:
            return Drained(applied, not inbox.empty(), spent)
