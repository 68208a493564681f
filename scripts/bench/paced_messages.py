"""A stand-in of Claude's API for load: every turn takes its time, speaks in pieces, and takes one step in Blender.

It speaks the real wire, streaming included. A job whose prompt names a lane and a part (see `prompt_of`) goes on
until the part's end has come; any other ends with its first turn.
"""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

_TEXT = "I turn the cube a little further and move it up by the width of a hair so that the scene changes."
_STEP = """cube = bpy.data.objects.get("Subject")
if cube is None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.name = "Subject"
cube.rotation_euler.z += 0.01
cube.location.z = {turn} * 0.001
"""
_MARK = re.compile(r"lane (\d+) part (\d+)")


def prompt_of(lane: int, part: int) -> str:
    """The prompt of a job that goes on until the end of this part of this lane."""
    return f"Keep turning the cube (lane {lane} part {part})"


@dataclass
class PacedMessages:
    """The running server. A part without an end in `ends` (monotonic seconds) goes on until it has one."""

    pace_s: float
    base_url: str = ""
    calls: int = 0
    ends: dict[tuple[int, int], float] = field(default_factory=dict)

    def is_over(self, messages: list[dict[str, Any]]) -> bool:
        """Whether the job that this conversation is of shall end now."""
        found = _MARK.search(json.dumps(messages[0]))
        if found is None:
            return True
        end = self.ends.get((int(found[1]), int(found[2])))
        return end is not None and time.monotonic() >= end


@asynccontextmanager
async def paced_messages(pace_s: float) -> AsyncIterator[PacedMessages]:
    """Serve on a free loopback port; a turn takes about `pace_s`."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = PacedMessages(pace_s, f"http://127.0.0.1:{listener.getsockname()[1]}")

    async def messages(request: Request) -> Response:
        body = await request.json()
        running.calls += 1
        turn = len(body["messages"])
        if running.is_over(body["messages"]):
            stream = _turn("Done.", ("finish", {"summary": "Done.", "built": turn > 1, "not_built": []}), 0.0)
        else:
            arguments = {"code": _STEP.format(turn=turn), "title": f"Turn the cube, {turn}"}
            stream = _turn(_TEXT, ("run_python", arguments), running.pace_s)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"request-id": f"req_{running.calls}"})

    async def model(_request: Request) -> Response:
        error = {"type": "not_found_error", "message": "no such model"}
        return JSONResponse({"type": "error", "error": error}, status_code=404)

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


async def _turn(text: str, call: tuple[str, dict[str, Any]], pace_s: float) -> AsyncIterator[str]:
    usage = {"input_tokens": 900, "output_tokens": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    head = {"id": "msg_paced", "type": "message", "role": "assistant", "model": "paced", "content": []}
    yield _event("message_start", message={**head, "stop_reason": None, "stop_sequence": None, "usage": usage})
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    words = text.split()
    for word in words:
        await asyncio.sleep(pace_s / len(words))
        yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"{word} "})
    yield _event("content_block_stop", index=0)
    name, arguments = call
    empty = {"type": "tool_use", "id": "call_1", "name": name, "input": {}}
    yield _event("content_block_start", index=1, content_block=empty)
    delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    yield _event("content_block_delta", index=1, delta=delta)
    yield _event("content_block_stop", index=1)
    end = {"stop_reason": "tool_use", "stop_sequence": None}
    yield _event("message_delta", delta=end, usage={"output_tokens": 120})
    yield _event("message_stop")


def _event(kind: str, **facts: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **facts})}\n\n"
