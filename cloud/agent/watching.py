"""How somebody else may look on at each request to a model: how long it took, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from cloud.agent.model_errors import is_transient, waiting_reason


class WatchedCall(Protocol):
    """One request. `outcome`: ok, rate_limit, overloaded, connection, refused; its watcher sees a cancel itself."""

    outcome: str


WatchCalls = Callable[[str], AbstractContextManager[WatchedCall]]
"""Gives what a request to this model is made in."""


class _Unwatched:
    outcome = "ok"


@contextmanager
def nobody(_model: str) -> Iterator[WatchedCall]:
    """Looks on at nothing."""
    yield _Unwatched()


def outcome_of(error: BaseException) -> str:
    """What a failed request is called."""
    return waiting_reason(error) if is_transient(error) else "refused"
