"""Anthropic's Messages API on the wire: a reply as one JSON message or as a stream of server-sent events."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MODEL_ID = "offline-modeller"
CHARS_PER_TOKEN = 4
TOKENS_PER_IMAGE = 1_600
DELTA_CHARS = 1_200


@dataclass(frozen=True)
class ToolUse:
    """One call of a tool that the reply asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One assistant turn: a sentence for the user, then tool calls (none: the turn ends the conversation)."""

    text: str
    tool_uses: tuple[ToolUse, ...] = field(default=())

    @property
    def stop_reason(self) -> str:
        """`tool_use` or `end_turn`."""
        return "tool_use" if self.tool_uses else "end_turn"


def estimate_tokens(value: Any) -> int:
    """A rough count of tokens in a JSON value: four characters a token, a fixed count for each image."""
    if isinstance(value, dict):
        if value.get("type") == "image":
            return TOKENS_PER_IMAGE
        return sum(estimate_tokens(part) for part in value.values()) + len(value)
    if isinstance(value, list):
        return sum(estimate_tokens(part) for part in value)
    return -(-len(str(value)) // CHARS_PER_TOKEN)


def content_blocks(reply: Reply, turn: int) -> list[dict[str, Any]]:
    """The reply's content. Ids of tool calls are unique within the conversation because `turn` counts its messages."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    for position, use in enumerate(reply.tool_uses):
        identifier = f"toolu_offline_{turn:04d}_{position}"
        blocks.append({"type": "tool_use", "id": identifier, "name": use.name, "input": use.arguments})
    return blocks


def whole_message(reply: Reply, turn: int, input_tokens: int) -> dict[str, Any]:
    """The answer to a request without `stream`."""
    content = content_blocks(reply, turn)
    digest = hashlib.sha256(json.dumps([turn, content], ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
    return {
        "id": f"msg_offline_{digest[:20]}",
        "type": "message",
        "role": "assistant",
        "model": MODEL_ID,
        "content": content,
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": input_tokens,
            "output_tokens": estimate_tokens(content),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def stream_events(message: dict[str, Any]) -> Iterator[str]:
    """The same message as server-sent events, in the order that Anthropic sends them."""
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield _event({"type": "message_start", "message": start})
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    yield _event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": message["usage"]["output_tokens"]},
        }
    )
    yield _event({"type": "message_stop"})


def _block_events(index: int, block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "text":
        empty, whole, kind, key = {"type": "text", "text": ""}, block["text"], "text_delta", "text"
    else:
        empty = {**block, "input": {}}
        whole, kind, key = json.dumps(block["input"], ensure_ascii=False), "input_json_delta", "partial_json"
    yield _event({"type": "content_block_start", "index": index, "content_block": empty})
    for begin in range(0, len(whole), DELTA_CHARS):
        delta = {"type": kind, key: whole[begin : begin + DELTA_CHARS]}
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n"
