"""A turn as server-sent events, exactly as the API streams it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

_PIECE_CHARS = 400


def event(kind: str, **facts: Any) -> str:
    """One event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **facts})}\n\n"


def error_event(kind: str, message: str) -> str:
    """The event that ends a stream in the middle."""
    return event("error", error={"type": kind, "message": message}, request_id="req_standin")


def block_events(index: int, block: dict[str, Any], pieces: Sequence[str] | None = None) -> list[str]:
    """A block's events, from its start to its stop. `pieces`: how its text is cut, in place of equal parts."""
    empty, deltas = _opened(block, pieces)
    return [
        event("content_block_start", index=index, content_block=empty),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def _opened(block: dict[str, Any], pieces: Sequence[str] | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The block as it starts, and what is added to it."""
    if block["type"] == "text":
        cut = pieces or list(_pieces(block["text"]))
        return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in cut]
    if block["type"] == "thinking":
        deltas: list[dict[str, Any]] = [
            {"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])
        ]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {**block, "thinking": "", "signature": ""}, deltas
    if block["type"] == "tool_use":
        text = block["input_json"] if "input_json" in block else json.dumps(block["input"])
        opened = {"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}}
        cut = ["", *_pieces(text)]
        return opened, [{"type": "input_json_delta", "partial_json": piece} for piece in cut]
    return block, []


def _pieces(text: str) -> Iterator[str]:
    """The text in parts; two at least, so that a break can fall in its middle."""
    size = max(1, min(_PIECE_CHARS, (len(text) + 1) // 2))
    for start in range(0, len(text), size):
        yield text[start : start + size]
