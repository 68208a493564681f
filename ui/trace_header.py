"""The trace that what a user does belongs to, on its way from the page to the requests that it makes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("ui_traceparent", default="")


@contextmanager
def traced_by(traceparent: str) -> Iterator[None]:
    """Requests to the API that are made in the block, by this thread, carry the trace (W3C's Trace Context)."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def trace_headers() -> Mapping[str, str]:
    """What a request carries now."""
    found = _current.get()
    return {"traceparent": found} if found else {}
