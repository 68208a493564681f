"""The first span of a trace: what a user clicked. Off without `P2M_OTLP_ENDPOINT`.

By hand, in the JSON of OTLP: a page makes one span a click, for which OpenTelemetry's libraries would be 20 MB of the
UI's image. Spans leave by a daemon thread; a collector that is dead, slow or full costs spans and nothing else.
"""

import json
import logging
import os
import queue
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from ui.trace_header import traced_by

_SERVICE = "prompt2mesh-ui"
_WAITING_LIMIT = 512
_SEND_LIMIT_S = 5.0
_INTERNAL, _FAILED = 1, 2

log = logging.getLogger(__name__)


class ClickTracer:
    """Makes spans of clicks and sends them to the collector at `endpoint`. Safe for use by many threads."""

    def __init__(self, endpoint: str, share: float = 1.0) -> None:
        self._share = share
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(_WAITING_LIMIT)
        threading.Thread(target=self._send_forever, name="spans of clicks", daemon=True).start()

    @contextmanager
    def click(self, name: str) -> Iterator[None]:
        """The block is what a click does; the requests that it makes belong to its trace."""
        trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
        is_kept = random.random() < self._share
        began_ns, failed = time.time_ns(), True
        try:
            with traced_by(f"00-{trace_id}-{span_id}-{'01' if is_kept else '00'}"):
                yield
            failed = False
        finally:
            # The rest of the trace goes by the same mark: whole, or not at all.
            if is_kept:
                self._keep(_span(name, trace_id, span_id, began_ns, failed=failed))

    def _keep(self, span: dict[str, Any]) -> None:
        try:
            self._waiting.put_nowait(span)
        except queue.Full:
            log.debug("a span was left out: the collector takes none")

    def _send_forever(self) -> None:
        with httpx2.Client(timeout=_SEND_LIMIT_S) as http:
            is_away = False
            while True:
                body = _request_of(self._waiting.get())
                try:
                    http.post(self._url, content=body, headers={"Content-Type": "application/json"}).raise_for_status()
                except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                    if not is_away:
                        log.warning("spans are lost: the collector does not take them", extra={"error": str(error)})
                    is_away = True
                else:
                    is_away = False


def _span(name: str, trace_id: str, span_id: str, began_ns: int, *, failed: bool) -> dict[str, Any]:
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(began_ns),
        "endTimeUnixNano": str(time.time_ns()),
        "status": {"code": _FAILED} if failed else {},
    }


def _request_of(span: dict[str, Any]) -> bytes:
    named = {"key": "service.name", "value": {"stringValue": _SERVICE}}
    scope = {"scope": {"name": "prompt2mesh"}, "spans": [span]}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": [named]}, "scopeSpans": [scope]}]}).encode()


def _share() -> float:
    """The share of clicks that is traced: `P2M_TRACE_SHARE`, which the API has checked; what is no number is 1."""
    try:
        return float(os.environ.get("P2M_TRACE_SHARE") or 1)
    except ValueError:
        return 1.0


_tracers: dict[str, ClickTracer] = {}
_making = threading.Lock()


@contextmanager
def click(name: str) -> Iterator[None]:
    """The block is what a click does, traced where the environment names a collector. `name` is the same for all."""
    endpoint = os.environ.get("P2M_OTLP_ENDPOINT", "").strip()
    if not endpoint:
        yield
        return
    with _making:
        tracer = _tracers.get(endpoint) or _tracers.setdefault(endpoint, ClickTracer(endpoint, _share()))
    with tracer.click(name):
        yield
