"""A stand-in of the Messages API that plays a script: the real wire, streaming included, on loopback.

Each model call takes the next entry of the script; the requests are kept for the test to read.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Block = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """A whole turn of the model."""

    content: Sequence[Block]
    stop_reason: str = "tool_use"
    input_tokens: int = 100
    output_tokens: int = 20
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class Fault:
    """An HTTP error instead of a reply."""

    status: int
    kind: str = "api_error"
    message: str = "scripted fault"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BrokenStream:
    """A reply that starts and then breaks: by an error event of this kind, or by a closed connection."""

    error_kind: str | None = None


@dataclass(frozen=True)
class Hang:
    """A reply that starts and never goes on. `began` is set when a client waits on it."""

    began: asyncio.Event = field(default_factory=asyncio.Event)


Entry = Reply | Fault | BrokenStream | Hang | Callable[[dict[str, Any]], Reply]


def says(text: str, stop_reason: str = "end_turn") -> Reply:
    """A turn of text alone."""
    return Reply([{"type": "text", "text": text}], stop_reason)


def calls(*named: tuple[str, dict[str, Any]], stop_reason: str = "tool_use", text: str = "") -> Reply:
    """A turn of tool calls, with ids call_1, call_2, …"""
    uses = [
        {"type": "tool_use", "id": f"call_{number}", "name": name, "input": arguments}
        for number, (name, arguments) in enumerate(named, 1)
    ]
    return Reply(([{"type": "text", "text": text}] if text else []) + uses, stop_reason)


def finishes(summary: str = "Done.", *, built: bool = True, not_built: Sequence[str] = ()) -> Reply:
    """A turn that calls `finish`."""
    return calls(("finish", {"summary": summary, "built": built, "not_built": list(not_built)}))


@dataclass
class ScriptedMessages:
    """The running server: its address, the script that is left, and the requests that came."""

    base_url: str
    script: list[Entry]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    adaptive_thinking: bool | None = None


@asynccontextmanager
async def scripted_messages(*script: Entry, adaptive_thinking: bool | None = None) -> AsyncIterator[ScriptedMessages]:
    """Serve the script on a free loopback port. A call past its end gets a 400 that says so."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = ScriptedMessages(
        f"http://127.0.0.1:{listener.getsockname()[1]}", list(script), adaptive_thinking=adaptive_thinking
    )

    async def messages(request: Request) -> Response:
        body = await request.json()
        running.requests.append(body)
        running.keys.append(request.headers.get("x-api-key", ""))
        if not running.script:
            return _fault(Fault(400, "invalid_request_error", "the script is at its end"))
        entry = running.script.pop(0)
        if callable(entry):
            entry = entry(body)
        if isinstance(entry, Fault):
            return _fault(entry)
        return StreamingResponse(_stream(entry), media_type="text/event-stream", headers={"request-id": "req_scripted"})

    async def model(request: Request) -> Response:
        if running.adaptive_thinking is None:
            return _fault(Fault(404, "not_found_error", "no such model"))
        return JSONResponse(_model_facts(request.path_params["model_id"], running.adaptive_thinking))

    app = Starlette(
        routes=[
            Route("/v1/messages", messages, methods=["POST"]),
            Route("/v1/models/{model_id}", model, methods=["GET"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server._serve([listener]))
    try:
        yield running
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()


def _fault(fault: Fault) -> Response:
    body = {"type": "error", "error": {"type": fault.kind, "message": fault.message}}
    return JSONResponse(body, status_code=fault.status, headers=fault.headers)


def _model_facts(model_id: str, adaptive: bool) -> dict[str, Any]:
    yes, maybe = {"supported": True}, {"supported": adaptive}
    types = {"adaptive": maybe, "between_tools": maybe, "disabled": yes, "enabled": maybe}
    return {
        "id": model_id,
        "type": "model",
        "display_name": model_id,
        "created_at": "2026-01-01T00:00:00Z",
        "capabilities": {"thinking": {"supported": adaptive, "types": types}},
    }


async def _stream(entry: Reply | BrokenStream | Hang) -> AsyncIterator[str]:
    reply = entry if isinstance(entry, Reply) else Reply([{"type": "text", "text": "I begin"}])
    usage = {
        "input_tokens": reply.input_tokens,
        "output_tokens": 1,
        "cache_read_input_tokens": reply.cache_read_tokens,
        "cache_creation_input_tokens": reply.cache_write_tokens,
    }
    head = {"id": "msg_scripted", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    yield _event("message_start", message={**head, "stop_reason": None, "stop_sequence": None, "usage": usage})
    for index, block in enumerate(reply.content):
        for event in _block_events(index, block):
            yield event
        if isinstance(entry, Hang):
            entry.began.set()
            await asyncio.Event().wait()
        if isinstance(entry, BrokenStream):
            if entry.error_kind:
                yield _event("error", error={"type": entry.error_kind, "message": "scripted fault"})
            return
    delta = {"stop_reason": reply.stop_reason, "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage={"output_tokens": reply.output_tokens})
    yield _event("message_stop")


def _block_events(index: int, block: Block) -> list[str]:
    if block["type"] == "text":
        empty, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": block["text"]}]
    elif block["type"] == "tool_use":
        text = json.dumps(block["input"])
        pieces = [text[: len(text) // 2], text[len(text) // 2 :]]
        empty, deltas = {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": p} for p in pieces]
    else:
        empty, deltas = block, []
    return [
        _event("content_block_start", index=index, content_block=empty),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _event(kind: str, **facts: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **facts})}\n\n"
