"""A small OpenTelemetry collector on loopback: takes spans over HTTP, as protobuf or as JSON, and keeps them."""

import base64
import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class ReceivedSpan:
    """One span, as the wire had it. Ids are hexadecimal."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    seconds: float
    attributes: dict[str, Any]
    status: str


@dataclass
class Collector:
    """What came. `delay_s` is how long each answer takes, `status` what it is."""

    url: str = ""
    delay_s: float = 0.0
    status: int = 200
    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def wait_for(self, name: str, deadline_s: float = 20.0, *, trace_id: str = "") -> ReceivedSpan:
        """The first span of this name, once it has come."""
        deadline = time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            for span in list(self.spans):
                if span.name == name and trace_id in ("", span.trace_id):
                    return span
            time.sleep(0.02)
        raise AssertionError(f"no span {name!r} came; there are {sorted({span.name for span in self.spans})}")


@contextmanager
def otlp_receiver(delay_s: float = 0.0, status: int = 200) -> Iterator[Collector]:
    """A collector for as long as the block runs."""
    collector = Collector(delay_s=delay_s, status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.bodies.append(body)
            if self.path != "/v1/traces":
                collector.problems.append(f"asked for {self.path}")
            if collector.delay_s:
                time.sleep(collector.delay_s)
            kind = self.headers.get("Content-Type", "")
            if collector.status == 200:
                collector.spans += _spans_of(_decoded(body, kind))
            answer = b"{}" if "json" in kind else ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _decoded(body: bytes, kind: str) -> ExportTraceServiceRequest:
    if "json" not in kind:
        return ExportTraceServiceRequest.FromString(body)
    # OTLP's JSON has ids in hexadecimal, where protobuf's own has base64.
    return ParseDict(_with_base64_ids(json.loads(body)), ExportTraceServiceRequest())


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    return {
        name: base64.b64encode(bytes.fromhex(each)).decode() if name in ids else _with_base64_ids(each)
        for name, each in value.items()
    }


def _spans_of(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    found = []
    for resource_spans in request.resource_spans:
        named = {each.key: each.value.string_value for each in resource_spans.resource.attributes}
        for scope in resource_spans.scope_spans:
            for span in scope.spans:
                found.append(
                    ReceivedSpan(
                        name=span.name,
                        service=named.get("service.name", ""),
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                        attributes={each.key: _value_of(each.value) for each in span.attributes},
                        status=span.status.message,
                    )
                )
    return found


def _value_of(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
