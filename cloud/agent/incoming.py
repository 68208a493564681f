"""A model's answer as it comes over the wire: server-sent events in, whole content blocks out.

Read here rather than by the SDK's own accumulator, which fills in a tool input that was cut off as if it were whole,
and ends the call where one cannot be read at all. Blocks stay the plain JSON that the server sent, so that they go
back to it unchanged.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import anthropic
import httpx2
from anthropic import AsyncStream

from cloud.agent.contract import Block
from cloud.agent.model_errors import ReplyCutOff, ReplyStalled, ReplyUnreadable
from cloud.agent.prices import TokenCounts

INVALID_JSON = "INVALID_JSON"
"""The one key of a tool input that was no JSON object; its value is the text that came instead.

It is the API's own convention, so the block may go back as it is.
"""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
# Kind of a delta → the field of its block that grows, and the field of the delta that it grows by.
_GROWING = {"text_delta": ("text", "text"), "thinking_delta": ("thinking", "thinking")}


@dataclass
class IncomingReply:
    """What has come of one answer so far. It costs once it has `begun`."""

    begun: bool = False
    model: str = ""
    stop_reason: str | None = None
    chars: int = 0
    _usage: dict[str, int] = field(default_factory=dict)
    _blocks: dict[int, Block] = field(default_factory=dict)
    _inputs: dict[int, list[str]] = field(default_factory=dict)

    @property
    def tokens(self) -> TokenCounts:
        """What the server has counted so far."""
        return TokenCounts(
            input_tokens=self._usage.get("input_tokens", 0),
            output_tokens=self._usage.get("output_tokens", 0),
            cache_read_tokens=self._usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=self._usage.get("cache_creation_input_tokens", 0),
        )

    def content(self) -> list[Block]:
        """The blocks, in order, with the inputs of the tool calls."""
        return [self._whole(index) for index in sorted(self._blocks)]

    def take(self, event: dict[str, Any]) -> tuple[str, str] | None:
        """Take the next event. Returns: what can be shown of it, as kind and piece.

        Raises: what reading a JSON of another shape raises.
        """
        match event["type"]:
            case "message_start":
                self.begun, self.model = True, str(event["message"].get("model") or "")
                self._count(event["message"].get("usage"))
            case "content_block_start":
                self._blocks[int(event["index"])] = dict(event["content_block"])
            case "content_block_delta":
                return self._grow(int(event["index"]), event["delta"])
            case "message_delta":
                self.stop_reason = event["delta"].get("stop_reason") or self.stop_reason
                self._count(event.get("usage"))
            case _:
                pass  # of a later version of the API: the rest says enough
        return None

    def _grow(self, index: int, delta: dict[str, Any]) -> tuple[str, str] | None:
        block, kind = self._blocks[index], delta["type"]
        if kind in _GROWING:
            grows, by = _GROWING[kind]
            piece = str(delta[by])
            block[grows] = str(block.get(grows) or "") + piece
            self.chars += len(piece)
            return grows, piece
        if kind == "input_json_delta":
            piece = str(delta["partial_json"])
            self._inputs.setdefault(index, []).append(piece)
            self.chars += len(piece)
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        return None

    def _count(self, usage: Any) -> None:
        """Counts are totals: a later one stands for the earlier."""
        for name, count in (usage or {}).items():
            if isinstance(count, int) and not isinstance(count, bool):
                self._usage[name] = max(count, 0)

    def _whole(self, index: int) -> Block:
        block = self._blocks[index]
        if block.get("type") == "tool_use":
            text = "".join(self._inputs.get(index, ()))
            return {**block, "input": _tool_input(text) if text.strip() else _own_input(block)}
        texts = {name: _encodable(block[name]) for name in ("text", "thinking") if isinstance(block.get(name), str)}
        return {**block, **texts}


async def listen(response: httpx2.Response, silence_limit_s: float) -> AsyncIterator[dict[str, Any]]:
    """The events of a streamed answer, without the pings.

    Raises: ReplyStalled: nothing but pings for so long. ReplyUnreadable: what comes is no stream of the Messages API.
    anthropic.APIStatusError: an error came as an event. httpx2.HTTPError: the connection broke.
    """
    events = AsyncStream.raw_events(response)
    while True:
        try:
            async with asyncio.timeout(silence_limit_s):
                event = await _next_event(events, response)
        except TimeoutError:
            raise ReplyStalled from None
        if event is None:
            return
        yield event


async def _next_event(events: AsyncIterator[Any], response: httpx2.Response) -> dict[str, Any] | None:
    """The next event that is no ping; None at the end."""
    while True:
        try:
            sent = await anext(events, None)
            event = json.loads(sent.data) if sent is not None and sent.data else None
        except (ValueError, RecursionError):
            raise ReplyUnreadable(_media_type(response)) from None
        if sent is None:
            return None
        if sent.event == "error":
            raise _error_event(event, response)
        if event is None or sent.event == "ping":
            continue
        if not isinstance(event, dict) or "type" not in event:
            raise ReplyUnreadable(_media_type(response))
        if event["type"] != "ping":
            return cast(dict[str, Any], event)


def read_into(reply: IncomingReply, event: dict[str, Any], response: httpx2.Response) -> tuple[str, str] | None:
    """Take the event into the reply. Returns: what can be shown. Raises: ReplyUnreadable: it has another shape."""
    try:
        return reply.take(event)
    except _UNREADABLE:
        raise ReplyUnreadable(_media_type(response)) from None


def no_stream(response: httpx2.Response) -> ReplyCutOff:
    """What it means that not even the first event came."""
    media_type = _media_type(response)
    return ReplyCutOff() if media_type == "text/event-stream" else ReplyUnreadable(media_type)


def _error_event(body: Any, response: httpx2.Response) -> anthropic.APIStatusError:
    return anthropic.APIStatusError("an error in the middle of the stream", response=response, body=body)


def _media_type(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip()[:60]


def _own_input(block: Block) -> dict[str, Any]:
    """The input that came with the block's start, from servers that do not stream it."""
    given = block.get("input")
    return cast(dict[str, Any], given) if isinstance(given, dict) else {}


def _tool_input(text: str) -> dict[str, Any]:
    """The input that the text is, or what stands for one that is no JSON object."""
    try:
        given = json.loads(text)
        # It must be able to go back: neither NaN nor half of a surrogate pair can.
        sent = json.dumps(given, ensure_ascii=False, allow_nan=False)
        if (mended := _encodable(sent)) != sent:
            given = json.loads(mended)
    except (ValueError, RecursionError):
        given = None
    return cast(dict[str, Any], given) if isinstance(given, dict) else {INVALID_JSON: _encodable(text)}


def _encodable(text: str) -> str:
    """The text with the halves of surrogate pairs put together, or replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
