"""The port of a process where Prometheus gets its numbers and the cluster asks whether it lives: GET, and no more.

It is served by the event loop that does the process's work. So an answer of `/healthz` says that this loop turns, and
a process whose loop is stuck says nothing, which is what a liveness probe is to see.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from prometheus_client import generate_latest

from cloud.telemetry.metrics import BUILD, REGISTRY

__all__ = ["Health", "Refresh", "serve_telemetry"]

Health = Callable[[], str]
"""Why the process is not well, in one sentence; "" if it is."""

Refresh = Callable[[], Awaitable[None]]
"""Brings gauges up to date before they are told. Must not raise, and not take long."""

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST_LIMIT_S = 5.0
_REFRESH_LIMIT_S = 3.0
_REQUEST_LIMIT_BYTES = 16 * 1024

logger = logging.getLogger(__name__)


def _well() -> str:
    return ""


async def _nothing() -> None:
    return


@asynccontextmanager
async def serve_telemetry(
    host: str, port: int, *, part: str, version: str, health: Health = _well, refresh: Refresh = _nothing
) -> AsyncIterator[int]:
    """Serve `/metrics` and `/healthz` for as long as the block runs; `port` 0: not at all. Gives: the port.

    `part` and `version` say what process this is. A port that cannot be had is told in the log and costs only the
    numbers: nobody's job ends because nobody can count it.
    """
    if not port:
        yield 0
        return
    BUILD.labels(version=version, part=part).set(1)
    desk = _Desk(health, refresh)
    try:
        server = await asyncio.start_server(desk.serve, host or None, port, limit=_REQUEST_LIMIT_BYTES)
    except OSError as error:
        logger.error("metrics are not served", extra={"port": port, "error": error.strerror})
        yield 0
        return
    logger.info("metrics are served", extra={"port": port, "part": part})
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        desk.end()


class _Desk:
    """Answers one request a connection."""

    def __init__(self, health: Health, refresh: Refresh) -> None:
        self._health = health
        self._refresh = refresh
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it."""
        self._open.add(writer)
        try:
            async with asyncio.timeout(_REQUEST_LIMIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
            status, kind, body = await self._answer(head)
            writer.write(_head(status, kind, len(body)) + (b"" if head.startswith(b"HEAD ") else body))
            async with asyncio.timeout(_REQUEST_LIMIT_S):
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            logger.debug("a request for metrics broke off")
        except Exception:  # the top of a task: a mistake in the counting ends one answer and no more
            logger.exception("metrics could not be told")
        finally:
            self._open.discard(writer)
            writer.close()

    def end(self) -> None:
        """Close what is open."""
        for writer in self._open:
            writer.close()

    async def _answer(self, head: bytes) -> tuple[HTTPStatus, str, bytes]:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"Only GET.\n"
        if path == b"/healthz":
            trouble = self._health()
            status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
            return status, "text/plain; charset=utf-8", f"{trouble or 'ok'}\n".encode()
        if path != b"/metrics":
            return HTTPStatus.NOT_FOUND, "text/plain", b"Here are /metrics and /healthz.\n"
        try:
            async with asyncio.timeout(_REFRESH_LIMIT_S):
                await self._refresh()
        except TimeoutError:
            logger.warning("metrics are told as they were last: what is asked for them does not answer")
        return HTTPStatus.OK, _TEXT, generate_latest(REGISTRY)


def _head(status: HTTPStatus, kind: str, length: int) -> bytes:
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
