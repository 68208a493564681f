"""The HTTP side of `/mcp`, before the MCP library: size, method, sessions, and the cancel of a call.

The library runs stateless: each request is served on its own, so nothing expires and nothing piles up. What a client
of the protocol before 2026-07-28 needs beyond that is here. It gets a session id when it initialises, signed by this
process instead of remembered, and its `notifications/cancelled`, which arrives in a request of its own, ends the call
of the same session. Newer clients cancel by closing the call's connection, which the library sees for everybody.
"""

import asyncio
import hashlib
import hmac
import secrets
from typing import Any, Protocol

from mcp.server.streamable_http import MCP_SESSION_ID_HEADER as SESSION_HEADER
from mcp_types import INVALID_REQUEST, jsonrpc_message_adapter
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.blender.calls import CallKey
from cloud.blender.ids import ids_in
from cloud.logs import log_fields

__all__ = ["BODY_LIMIT_BYTES", "SESSION_HEADER", "Ending", "McpEndpoint"]

BODY_LIMIT_BYTES = 8 * 2**20
# A client that still sends would not hear an answer: so much of a too long body is read before it gets one.
_READ_AT_MOST_BYTES = 8 * BODY_LIMIT_BYTES
_BODY_LIMIT_S = 30.0


class _Refusal(Exception):
    """The request does not reach the library."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.headers = status, title, headers

    def response(self) -> Response:
        """A problem document inside a JSON-RPC error, so that an MCP client shows the sentence to its user."""
        problem = {"type": "about:blank", "title": self.title, "status": self.status, "detail": str(self)}
        error = {"code": INVALID_REQUEST, "message": str(self), "data": problem}
        body = {"jsonrpc": "2.0", "id": None, "error": error}
        return JSONResponse(body, self.status, self.headers)


class Ending(Protocol):
    """Who ends calls that a client takes back."""

    async def cancel(self, key: CallKey) -> None:
        """End this call, if it is still at work."""
        ...

    async def cancel_session(self, session: str) -> None:
        """End all calls of one client."""
        ...


class McpEndpoint:
    """ASGI application around that of the library. `key` signs the sessions' ids; None: one of its own."""

    def __init__(
        self, library: ASGIApp, calls: Ending, *, key: bytes | None = None, limit_bytes: int = BODY_LIMIT_BYTES
    ) -> None:
        self._library = library
        self._calls = calls
        self._key = key or secrets.token_bytes(32)
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        with log_fields(**ids_in(headers)):
            await self._serve(scope, receive, send, headers)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        try:
            session = self._session(headers)
            if scope["method"] == "DELETE" and session:
                await self._calls.cancel_session(session)
                await Response(status_code=204)(scope, receive, send)
                return
            if scope["method"] != "POST":
                raise _Refusal(405, "method_not_allowed", "Send MCP requests with POST.", Allow="POST, DELETE")
            body = await _read_body(receive, self._limit_bytes)
            if body is None:  # the client is gone
                return
            if headers.get("mcp-protocol-version", HANDSHAKE_PROTOCOL_VERSIONS[0]) in HANDSHAKE_PROTOCOL_VERSIONS:
                message = _message_of(body)
                if message.get("method") == "initialize":
                    send = _with_session(send, self._new_session())
                elif message.get("method") == "notifications/cancelled":
                    await self._cancel(session, message.get("params"))
        except _Refusal as refusal:
            await refusal.response()(scope, receive, send)
            return
        await self._library(scope, _replayed(body, receive), send)

    async def _cancel(self, session: str, params: Any) -> None:
        request_id = params.get("requestId") if isinstance(params, dict) else None
        if isinstance(request_id, (str, int)):
            await self._calls.cancel(CallKey(session, request_id))

    def _session(self, headers: Headers) -> str:
        """The session that the request names, or "". Raises: _Refusal: it is none of ours."""
        session = headers.get(SESSION_HEADER, "")
        if session and not hmac.compare_digest(self._signed(session[:32]).encode(), session.encode()):
            raise _Refusal(404, "session_not_found", "There is no such MCP session; initialise a new one.")
        return session

    def _new_session(self) -> str:
        return self._signed(secrets.token_hex(16))

    def _signed(self, nonce: str) -> str:
        return nonce + hmac.new(self._key, nonce.encode(), hashlib.sha256).hexdigest()[:32]


async def _read_body(receive: Receive, limit_bytes: int) -> bytes | None:
    """The whole body, or None if the client went away. Raises: _Refusal: too long, or too slow."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_LIMIT_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                size += len(message.get("body", b""))
                if size <= limit_bytes:
                    body += message.get("body", b"")
                if size > _READ_AT_MOST_BYTES or not message.get("more_body"):
                    break
    except TimeoutError:
        raise _Refusal(408, "too_slow", f"The request did not arrive within {_BODY_LIMIT_S:g} s.") from None
    if size > limit_bytes:
        limit = f"{limit_bytes // 2**20} MiB"
        raise _Refusal(413, "too_large", f"The request is longer than {limit}; send less code at once.")
    return bytes(body)


def _message_of(body: bytes) -> dict[str, Any]:
    """The one JSON-RPC message of the body; {} if it is no JSON, which the library says. Raises: _Refusal."""
    try:
        message = from_json(body)
    except ValueError:
        return {}
    if not isinstance(message, dict):
        raise _Refusal(400, "invalid_request", "Send one JSON-RPC message in a request: an object, not a batch.")
    # The library takes a request with such an id for a notification, and would never answer it.
    if "method" in message and "id" in message and type(message["id"]) not in (str, int):
        raise _Refusal(400, "invalid_request", 'The "id" of a request must be a string or an integer.')
    try:
        jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError:
        needed = '"jsonrpc": "2.0", a "method" in text, and "params", if any, in an object'
        raise _Refusal(400, "invalid_request", f"This is no JSON-RPC 2.0 message; it needs {needed}.") from None
    return message


def _with_session(send: Send, session: str) -> Send:
    async def send_with_session(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 300:
            MutableHeaders(raw=message["headers"])[SESSION_HEADER] = session
        await send(message)

    return send_with_session


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body first, and then what the server says: that the client is gone."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
