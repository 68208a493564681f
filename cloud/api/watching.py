"""What is noted of every request: its id, its time and its status; and a span, if it changes something or is traced.

A request is known by its route's template, never by its path: paths hold ids, and those of shared pages are keys.
"""

import logging
import re
import secrets
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.logs import log_fields
from cloud.telemetry.labels import OTHER
from cloud.telemetry.metrics import HTTP_REQUESTS, HTTP_S
from cloud.telemetry.traceparent import HEADER, trace_id_of, usable
from cloud.telemetry.tracing import current_traceparent, describe, span

REQUEST_ID_HEADER = "X-Request-Id"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _READS | {"POST", "PUT", "PATCH", "DELETE"}
_NO_ROUTE = "(none)"
_VERSION = "/v1"

log = logging.getLogger(__name__)


class WatchedRequests:
    """The outermost part of the app. Gives each request an id, or keeps the client's if it is a plain one.

    The id stands in the answer's `X-Request-Id`, in problem documents and in every line of the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, method = Headers(scope=scope), _method_of(scope)
        given = headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(16)
        parent = usable(headers.get(HEADER))
        note = _Note(method, request_id, send)
        with (
            log_fields(request_id=request_id, trace_id=trace_id_of(parent)),
            _span_of(method, parent) as current,
            log_fields(trace_id=trace_id_of(current_traceparent())),
        ):
            try:
                await self._app(scope, receive, note.send)
            finally:
                note.conclude(scope)
                if current is not None:
                    route = _route_of(scope)
                    current.update_name(f"{method} {route}")
                    describe(current, {"http.route": route, "http.response.status_code": note.status})
                    describe(current, {"http.request.method": method, "request.id": request_id})


class _Note:
    """One request's answer, as it goes out."""

    def __init__(self, method: str, request_id: str, send: Send) -> None:
        self.status = 0
        self._method = method
        self._request_id = request_id
        self._send = send
        self._began = time.perf_counter()
        self._head_s = 0.0

    async def send(self, message: Message) -> None:
        """Pass it on. The head of the answer ends the time: the rest goes as fast as the client takes it."""
        if message["type"] == "http.response.start":
            self.status, self._head_s = message["status"], time.perf_counter() - self._began
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self._request_id
        await self._send(message)

    def conclude(self, scope: Scope) -> None:
        """Count it. A client that left before its answer began has no status."""
        route = _route_of(scope)
        HTTP_REQUESTS.labels(method=self._method, route=route, status=str(self.status or "gone")).inc()
        if not self.status:
            return
        HTTP_S.labels(method=self._method, route=route).observe(self._head_s)
        level = logging.DEBUG if self._method in _READS and self.status < 500 else logging.INFO
        if log.isEnabledFor(level):
            facts = {"method": self._method, "route": route, "status": self.status}
            log.log(level, "request", extra={**facts, "elapsed_ms": round(self._head_s * 1000, 1)})


def _span_of(method: str, parent: str | None) -> AbstractContextManager[Any]:
    """Of what only reads there is too much, and it begins nothing; unless somebody asks for it."""
    return span(method, "server", parent=parent) if parent or method not in _READS else nullcontext()


def _method_of(scope: Scope) -> str:
    method = str(scope.get("method", ""))
    return method if method in _METHODS else OTHER


def _route_of(scope: Scope) -> str:
    """The template of the route that has answered, such as `/v1/projects/{project_id}`."""
    found = str(getattr(scope.get("route"), "path", "") or _NO_ROUTE)
    # FastAPI names a route as its own router has it, without what it was included under.
    return f"{_VERSION}{found}" if scope["path"].startswith(f"{_VERSION}/") and found != _NO_ROUTE else found
