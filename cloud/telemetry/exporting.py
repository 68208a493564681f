"""How spans leave a process: in batches, by a daemon thread, to an OpenTelemetry collector over HTTP."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from cloud.telemetry import tracing
from cloud.telemetry.metrics import SPANS

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_SEND_LIMIT_S = 5.0
_LAST_SEND_LIMIT_S = 1.0
_QUEUE_LIMIT = 4096
_BATCH = 256
_EVERY_MS = 2000

logger = logging.getLogger(__name__)


@contextmanager
def open_tracing(endpoint: str, *, part: str, version: str, share: float = 1.0) -> Iterator[None]:
    """Spans of this process go to the collector for as long as the block runs; "": there are none.

    `share` of the traces that begin here is kept; what somebody else began is kept if they keep it. At the end what
    waits is sent, for a second at most.
    """
    if not endpoint:
        yield
        return
    # Imported late: 0.2 s that nobody spends who has no collector.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    # It tells of every batch that was not taken, in many words; `_Counted` tells when that begins and when it ends.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = _Counted(OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_SEND_LIMIT_S), endpoint)
    processor = BatchSpanProcessor(
        cast("SpanExporter", exporter),
        max_queue_size=_QUEUE_LIMIT,
        schedule_delay_millis=_EVERY_MS,
        max_export_batch_size=_BATCH,
    )
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        # Not `Resource.create`: that would add whatever the environment says.
        resource=Resource({"service.name": f"prompt2mesh-{part}", "service.version": version}),
        span_limits=SpanLimits(max_attributes=16, max_events=0, max_links=0),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(processor)
    # Not made the tracer of all libraries: what they would say of our calls is theirs to choose.
    tracing.use_tracer(provider.get_tracer("prompt2mesh"))
    try:
        yield
    finally:
        tracing.use_tracer(None)
        _send_the_last(processor)


def _send_the_last(processor: "BatchSpanProcessor") -> None:
    """Send what waits, but not for long: the thread dies with the process."""
    ending = threading.Thread(target=processor.shutdown, name="last spans", daemon=True)
    ending.start()
    ending.join(_LAST_SEND_LIMIT_S)


class _Counted:
    """An exporter that counts, and says in the log when the collector goes away and when it is back."""

    def __init__(self, exporter: "SpanExporter", endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._is_away = False

    def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
        """Send them. Runs in the thread of the batches; never raises."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - the top of a library's thread: spans are lost, and counted
            logger.debug("spans were not sent", extra={"error": type(error).__name__})
            result = SpanExportResult.FAILURE
        is_away = result is not SpanExportResult.SUCCESS
        SPANS.labels(outcome="lost" if is_away else "sent").inc(len(spans))
        if is_away != self._is_away:
            self._is_away = is_away
            told = "spans are lost: the collector does not take them" if is_away else "the collector takes spans again"
            logger.warning(told, extra={"endpoint": self._endpoint})
        return result

    def shutdown(self) -> None:
        """See OpenTelemetry."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See OpenTelemetry."""
        return self._exporter.force_flush(timeout_millis)
