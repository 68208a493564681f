"""The offline modeller's HTTP server: Anthropic's Messages API on loopback, without a key and without state.

Every answer is derived from the messages of its request, so a conversation can be taken up by another server.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cloud.agent.offline.briefing import brief_of_prompt
from cloud.agent.offline.conversation import first_message, next_reply
from cloud.agent.offline.wire import MODEL_ID, Reply, estimate_tokens, stream_events, whole_message

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 64 * 2**20
START_TIMEOUT_S = 10.0
_OF_A_BRIEF = {"title", "parts", "checks"}
MODEL = {
    "id": MODEL_ID,
    "type": "model",
    "display_name": "Offline modeller",
    "created_at": "2026-11-22T00:00:00Z",
    "max_input_tokens": 1_000_000,
    "max_tokens": 64_000,
}


class _BadRequest(Exception):
    """The request does not follow the Messages API; becomes an error body in Anthropic's shape."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def create_app() -> Starlette:
    """The application; it holds no state and may serve many conversations at once."""
    return Starlette(
        routes=[
            Route("/v1/messages", _messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", _count_tokens, methods=["POST"]),
            Route("/v1/models", _models, methods=["GET"]),
            Route("/v1/models/{model_id}", _model, methods=["GET"]),
        ],
        exception_handlers={_BadRequest: _bad_request, 404: _not_found, 405: _not_found, Exception: _internal_error},
    )


@asynccontextmanager
async def serve_offline_modeller() -> AsyncIterator[str]:
    """Serve on a free loopback port inside the running event loop; yields the base URL for an Anthropic client."""
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio sets this only on listeners of its own; without it each answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(create_app(), log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    server.capture_signals = _leave_signals_alone  # type: ignore[method-assign]  # they belong to the owner of the loop
    task = asyncio.create_task(server.serve(sockets=[listener]), name="offline-modeller")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag alone
                await asyncio.sleep(0.005)
        if task.done():
            task.result()
            raise RuntimeError("the offline modeller's server ended at its start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


class _leave_signals_alone:  # noqa: N801 - stands in for uvicorn's context manager of this shape
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


async def _messages(request: Request) -> Response:
    body = await _json_body(request)
    messages, tools = _checked(body)
    schema = _schema_of(body)
    if schema is None:
        reply = await asyncio.to_thread(next_reply, messages, {str(tool.get("name")) for tool in tools})
    else:
        reply = Reply(await asyncio.to_thread(_brief_text, messages))
    input_tokens = estimate_tokens([messages, tools, body.get("system") or ""])
    message = whole_message(reply, len(messages), input_tokens)
    headers = {"request-id": message["id"].replace("msg_", "req_")}
    if body.get("stream"):
        return StreamingResponse(stream_events(message), media_type="text/event-stream", headers=headers)
    return JSONResponse(message, headers=headers)


def _schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the answer that is asked for: that of a brief, or none."""
    config = body.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    if wanted is None:
        return None
    schema = wanted.get("schema") if isinstance(wanted, dict) else None
    named = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(named, dict) or not named.keys() >= _OF_A_BRIEF:
        raise _BadRequest(
            400,
            "invalid_request_error",
            "output_config.format: the offline modeller answers with the JSON of a brief alone; it judges no scene.",
        )
    return schema


def _brief_text(messages: list[dict[str, Any]]) -> str:
    first = first_message(messages[0])
    return json.dumps(brief_of_prompt(first.prompt, first.scene_is_empty, first.has_pictures), ensure_ascii=False)


async def _count_tokens(request: Request) -> Response:
    body = await _json_body(request)
    messages, tools = _checked(body)
    return JSONResponse({"input_tokens": estimate_tokens([messages, tools, body.get("system") or ""])})


async def _models(_: Request) -> Response:
    return JSONResponse({"data": [MODEL], "has_more": False, "first_id": MODEL_ID, "last_id": MODEL_ID})


async def _model(request: Request) -> Response:
    _known_model(request.path_params["model_id"])
    return JSONResponse(MODEL)


async def _json_body(request: Request) -> dict[str, Any]:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise _BadRequest(413, "request_too_large", f"The request is larger than {BODY_LIMIT_BYTES} bytes.")
        chunks.append(chunk)
    try:
        body = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        raise _BadRequest(400, "invalid_request_error", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise _BadRequest(400, "invalid_request_error", "The request body must be a JSON object.")
    return body


def _checked(body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    _known_model(body.get("model"))
    messages, tools = body.get("messages"), body.get("tools") or []
    if not isinstance(messages, list) or not messages:
        raise _BadRequest(400, "invalid_request_error", "messages: at least one message is required.")
    for position, message in enumerate(messages):
        whole = isinstance(message, dict) and message.get("role") in ("user", "assistant")
        content = message.get("content") if isinstance(message, dict) else None
        in_shape = isinstance(content, str) or (
            isinstance(content, list) and all(isinstance(block, dict) for block in content)
        )
        if not whole or not in_shape:
            raise _BadRequest(
                400, "invalid_request_error", f"messages.{position}: a role and content (text or blocks) are required."
            )
    if messages[0]["role"] != "user" or messages[-1]["role"] != "user":
        raise _BadRequest(400, "invalid_request_error", "messages: the first and the last must be the user's.")
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise _BadRequest(400, "invalid_request_error", "tools: must be a list of objects.")
    return messages, tools


def _known_model(model_id: Any) -> None:
    if model_id != MODEL_ID:
        raise _BadRequest(404, "not_found_error", f"model: {model_id!r} is not here; the only one is {MODEL_ID!r}.")


async def _bad_request(_: Request, error: Exception) -> Response:
    if not isinstance(error, _BadRequest):
        raise error
    return _error(error.status, error.kind, str(error))


async def _not_found(_: Request, __: Exception) -> Response:
    return _error(404, "not_found_error", "There is no such address here; see POST /v1/messages.")


async def _internal_error(_: Request, error: Exception) -> Response:
    logger.error("offline modeller failed", exc_info=error)
    return _error(500, "api_error", "The offline modeller failed on this request; its log has the details.")


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"type": "error", "error": {"type": kind, "message": message}}, status_code=status)
