"""A server that answers with exactly these bytes, and a client to ask it: for faults that no framework would send."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cloud.agent.client import CallOptions, CutOffCall, MessagesClient, ModelReply, RetryPolicy

HELLO = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
KEY = "sk-ant-secret-key"


@dataclass
class Asked:
    """What a watcher sees of one call."""

    waits: list[tuple[str, float]] = field(default_factory=list)
    deltas: list[tuple[str, str]] = field(default_factory=list)
    begun: list[CutOffCall] = field(default_factory=list)
    cut_offs: list[CutOffCall] = field(default_factory=list)

    async def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def delta(self, kind: str, piece: str) -> None:
        self.deltas.append((kind, piece))

    async def began(self, call: CutOffCall) -> None:
        self.begun.append(call)

    async def cut_off(self, call: CutOffCall) -> None:
        self.cut_offs.append(call)


@dataclass
class Wire:
    """The running server. `requests` holds the bodies of the calls, in order."""

    base_url: str
    answers: list[bytes]
    requests: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def wire(*answers: bytes, keep_open: bool = False) -> AsyncIterator[Wire]:
    """Play one answer a call, byte by byte, then close the connection, or keep it open without a word."""
    running = Wire("", list(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
            if head.startswith(b"get"):
                writer.write(http(b"{}", status="404 Not Found", media_type="application/json"))
            else:
                running.requests.append(json.loads(body))
                writer.write(running.answers.pop(0) if running.answers else http(b"", status="400 Bad Request"))
                await writer.drain()
                if keep_open:
                    await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone: nothing is left to answer
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()


def http(body: bytes, *, status: str = "200 OK", media_type: str = "text/event-stream", head: str = "") -> bytes:
    """A whole HTTP answer that ends with its connection."""
    return f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\n{head}connection: close\r\n\r\n".encode() + body


def event(kind: str, **facts: Any) -> bytes:
    """One server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **facts})}\n\n".encode()


START = event("message_start", message={"model": "wired", "usage": {"input_tokens": 100, "output_tokens": 1}})
STOPPED = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
END = STOPPED + event("message_stop")


def text_block(text: str, index: int = 0) -> bytes:
    """A block of text."""
    return (
        event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        + event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})
        + event("content_block_stop", index=index)
    )


def tool_block(*pieces: str, index: int = 0) -> bytes:
    """A tool call whose input comes in these pieces."""
    block = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    return (
        event("content_block_start", index=index, content_block=block)
        + b"".join(
            event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
            for piece in pieces
        )
        + event("content_block_stop", index=index)
    )


GOOD = http(START + text_block("Here.") + END)


async def ask(
    running: Wire,
    seen: Asked,
    *,
    attempts: int = 3,
    messages: Sequence[dict[str, Any]] = HELLO,
    options: CallOptions | None = None,
    **client: Any,
) -> ModelReply:
    """One reply of a client with short waits."""
    retry = RetryPolicy(attempts=attempts, first_wait_s=0.01, longest_wait_s=0.02)
    asking = MessagesClient("claude-sonnet-5-5", api_key=KEY, base_url=running.base_url, **{"retry": retry, **client})
    try:
        return await asking.reply("Build.", [], messages, seen, options or CallOptions())
    finally:
        await asking.aclose()
