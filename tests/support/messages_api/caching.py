"""Prompt caching as the API does it: by prefix, block for block, written at breakpoints and read by looking back.

The prefix runs through the tools, the system prompt and the messages. A request writes an entry at each of its
breakpoints, and reads the longest entry that it finds at most twenty blocks back from one of them (the breakpoint
itself is the first of the twenty). An entry lives for five minutes, or an hour, from its last use.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.messages_api import tokens
from tests.support.messages_api.models import KnownModel

_LOOK_BACK_BLOCKS = 20
_LIFE_S = {"5m": 300.0, "1h": 3600.0}
_BREAKPOINT_FREE = {"thinking", "redacted_thinking"}


@dataclass(frozen=True)
class _Position:
    """One block of the prompt: the key of the prefix that ends with it, and that prefix's tokens."""

    key: str
    tokens: int
    life_s: float | None


@dataclass(frozen=True)
class CacheUse:
    """The tokens of a prompt: read from the cache, written to it, and neither."""

    fresh: int
    read: int
    written: int

    @property
    def total(self) -> int:
        """All tokens of the prompt."""
        return self.fresh + self.read + self.written


@dataclass
class PromptCache:
    """The prefixes that are cached, each until a time of `clock`."""

    clock: Callable[[], float] = time.monotonic
    _ends: dict[str, float] = field(default_factory=dict)

    def use(self, body: dict[str, Any], model: KnownModel) -> CacheUse:
        """What the request reads and writes; both are done."""
        positions = list(_positions(body, model.id))
        total = positions[-1].tokens if positions else 0
        marks = [i for i, p in enumerate(positions) if p.life_s and p.tokens >= model.min_cached_tokens]
        if not marks:
            return CacheUse(total, 0, 0)
        now = self.clock()
        read = 0
        for mark in marks:
            for back in range(mark, max(-1, mark - _LOOK_BACK_BLOCKS), -1):
                if self._ends.get(positions[back].key, 0.0) > now:
                    read = max(read, positions[back].tokens)
                    self._ends[positions[back].key] = now + (positions[mark].life_s or 0.0)
                    break
        for mark in marks:
            self._ends[positions[mark].key] = now + (positions[mark].life_s or 0.0)
        cached = max(read, positions[marks[-1]].tokens)
        return CacheUse(total - cached, read, cached - read)


def count(body: dict[str, Any]) -> int:
    """The tokens of the request's whole prompt."""
    return sum(of for _, _, of, _ in _blocks(body))


def _positions(body: dict[str, Any], model_id: str) -> Iterator[_Position]:
    digest, total = hashlib.sha256(model_id.encode()), 0
    blocks = list(_blocks(body))
    automatic = body.get("cache_control")
    last = max((i for i, (_, block, _, _) in enumerate(blocks) if _can_be_marked(block)), default=-1)
    for index, (label, block, of, mark) in enumerate(blocks):
        digest.update(label.encode())
        digest.update(_canonical(block))
        total += of
        mark = mark or (automatic if index == last else None)
        life_s = _LIFE_S[mark.get("ttl", "5m")] if mark else None
        yield _Position(digest.hexdigest(), total, life_s)


def _blocks(body: dict[str, Any]) -> Iterator[tuple[str, Any, int, dict[str, Any] | None]]:
    """Each block of the prompt: what it is part of, itself, its tokens, and its cache mark."""
    tools = body.get("tools") or []
    for index, tool in enumerate(tools):
        extra = tokens.TOOL_USE_TOKENS if index == 0 else 0
        yield "tool", tool, tokens.of_tool(tool) + extra, tool.get("cache_control")
    # What the answer must look like is told before the system prompt.
    form = (body.get("output_config") or {}).get("format")
    label = f"system {json.dumps(form, sort_keys=True)}"
    for block in as_blocks(body.get("system") or []):
        yield label, block, tokens.of_block(block), block.get("cache_control")
    # These change how the messages are read, so what was cached of them with others does not count.
    settings = json.dumps([body.get("thinking"), body.get("tool_choice"), body.get("output_config")], sort_keys=True)
    for number, message in enumerate(body["messages"]):
        label = f"{message['role']} {number} {settings}"
        for index, block in enumerate(as_blocks(message["content"])):
            extra = tokens.MESSAGE_TOKENS if index == 0 else 0
            yield label, block, tokens.of_block(block) + extra, _mark_of(block)


def as_blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content as blocks; a text alone is short for one text block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _mark_of(block: dict[str, Any]) -> dict[str, Any] | None:
    """The block's cache mark, or that of a block inside its content."""
    inner = block.get("content")
    marks = [b.get("cache_control") for b in inner if isinstance(b, dict)] if isinstance(inner, list) else []
    return block.get("cache_control") or next((mark for mark in marks if mark), None)


def _can_be_marked(block: dict[str, Any]) -> bool:
    return block.get("type") not in _BREAKPOINT_FREE


def _canonical(value: Any) -> bytes:
    """The value without its cache marks, always written alike."""
    if isinstance(value, dict) and value.get("type") == "image":
        return hashlib.sha256(value["source"].get("data", "").encode()).digest()
    if isinstance(value, dict) and isinstance(value.get("content"), list):
        outer = {k: v for k, v in value.items() if k not in ("content", "cache_control")}
        return json.dumps(outer, sort_keys=True).encode() + b"".join(map(_canonical, value["content"]))
    if isinstance(value, dict):
        value = {k: v for k, v in value.items() if k != "cache_control"}
    return json.dumps(value, sort_keys=True).encode()
