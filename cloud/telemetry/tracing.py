"""Traces of OpenTelemetry: spans that name what was done, for whom else it was done, and how long it took.

Off until `open_tracing` is given a collector; until then `span` costs less than a microsecond and keeps nothing. Spans
leave by a thread of their own, which nobody waits for: a collector that is dead, slow or full costs spans alone.

Only what `ATTRIBUTES` lists may be said of a span, and an error only by its code or type. So no prompt, code, answer,
file name, key or token can get into a trace, whatever a caller passes.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cloud.errors import Prompt2MeshError
from cloud.telemetry.traceparent import HEADER, usable

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

ATTRIBUTES = frozenset(
    {
        "attempt",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "job.id",
        "job.kind",
        "model",
        "outcome",
        "pod",
        "request.id",
        "tool",
    }
)
"""All that is ever said of a span."""

_VALUE_LIMIT_CHARS = 100

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

_PROPAGATOR = TraceContextTextMapPropagator()
_incoming: ContextVar[str | None] = ContextVar("p2m_traceparent", default=None)
_nothing: AbstractContextManager[None] = nullcontext()
_tracer: "Tracer | None" = None


def use_tracer(tracer: "Tracer | None") -> None:
    """From now on spans of this process are this tracer's; None: there are none."""
    global _tracer
    _tracer = tracer


def is_traced() -> bool:
    """Whether this process makes spans."""
    return _tracer is not None


def span(
    name: str, kind: Kind = "internal", *, parent: str | None = None, attributes: Mapping[str, Value] | None = None
) -> "AbstractContextManager[Span | None]":
    """A span around the block, below the current one, or below `parent`, a traceparent. Gives it; None: none is made.

    An error that leaves the block marks it. Belongs to the task that enters it; tasks begun inside are below it.
    """
    if _tracer is None:
        return _passed_on(parent) if parent else _nothing
    return _made(_tracer, name, kind, parent, attributes)


def past_span(name: str, began_s: float, *, attributes: Mapping[str, Value] | None = None) -> None:
    """A span below the current one that began at this time (seconds since 1970) and ends now."""
    if _tracer is None:
        return
    now_ns = time.time_ns()
    made = _tracer.start_span(
        name, attributes=allowed(attributes or {}), start_time=min(int(began_s * 1e9), now_ns), record_exception=False
    )
    made.end(now_ns)


def describe(current: "Span | None", attributes: Mapping[str, Value]) -> None:
    """Say this of a span, if there is one."""
    if current is not None:
        current.set_attributes(allowed(attributes))


def current_traceparent() -> str | None:
    """The traceparent of what goes on now, to be sent along with what it asks for; None: it belongs to no trace."""
    found = trace.get_current_span().get_span_context()
    if found.is_valid:
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"
    return _incoming.get()


def allowed(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Those that may be said, cut short."""
    return {
        name: value[:_VALUE_LIMIT_CHARS] if isinstance(value, str) else value
        for name, value in attributes.items()
        if name in ATTRIBUTES
    }


def error_code(error: BaseException) -> str:
    """What an error is called in numbers and traces: never its words."""
    if isinstance(error, Prompt2MeshError):
        return error.code
    known = {"CancelledError": "cancelled", "TimeoutError": "timeout"}
    return known.get(type(error).__name__, "error")


@contextmanager
def _made(
    tracer: "Tracer", name: str, kind: Kind, parent: str | None, attributes: Mapping[str, Value] | None
) -> "Iterator[Span]":
    context: Context | None = _PROPAGATOR.extract({HEADER: parent}) if usable(parent) else None
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=trace.SpanKind[kind.upper()],
        attributes=allowed(attributes or {}),
        record_exception=False,  # its words may hold anything
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except BaseException as error:
            made.set_status(trace.Status(trace.StatusCode.ERROR, error_code(error)))
            raise


@contextmanager
def _passed_on(parent: str) -> "Iterator[None]":
    """Without spans of our own the trace of others still goes through us."""
    token = _incoming.set(usable(parent))
    try:
        yield None
    finally:
        _incoming.reset(token)
