"""Checks a conversation as the API does: roles, blocks, tool calls and their answers, pictures, thinking."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.messages_api import caching
from tests.support.messages_api.check_images import check_images
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.refusal import (
    Refused,
    demand_cache_control,
    demand_fields,
    demand_one_of,
    demand_type,
)

_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,200}")
_THINKING = ("thinking", "redacted_thinking")
# What a block of each type must and may have.
_FIELDS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "text": (["type", "text"], ["cache_control", "citations"]),
    "image": (["type", "source"], ["cache_control", "transformations"]),
    "tool_use": (["type", "id", "name", "input"], ["cache_control", "caller"]),
    "tool_result": (["type", "tool_use_id"], ["cache_control", "content", "is_error"]),
    "thinking": (["type", "thinking", "signature"], []),
    "redacted_thinking": (["type", "data"], []),
}
_BLOCKS_OF = {
    "user": ("text", "image", "tool_result"),
    "assistant": ("text", "tool_use", *_THINKING),
    "tool_result": ("text", "image"),
}


@dataclass
class Issued:
    """What the stand-in has said, so that it knows its own thinking again.

    `signatures`: the thinking text (or redacted data) of each; `thoughts`: the thinking blocks of the turn that a
    tool call belongs to, by the call's id; `paused`: the turns that may go on by themselves.
    """

    signatures: dict[str, str] = field(default_factory=dict)
    thoughts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    paused: list[list[dict[str, Any]]] = field(default_factory=list)


def check_messages(body: dict[str, Any], model: KnownModel, issued: Issued) -> None:
    """The conversation is one that the API takes. Raises: Refused."""
    messages = body["messages"]
    demand_type("messages", messages, list, "list")
    if not messages:
        raise Refused("messages: at least one message is required")
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        demand_fields(where, message, ["role", "content"])
        demand_one_of(f"{where}.role", message["role"], ["user", "assistant"])
        _check_content(where, message, last=index == len(messages) - 1)
    _check_roles(messages, model, issued)
    _check_tool_calls(messages, has_tools=bool(body.get("tools")))
    check_images(messages)
    _check_thinking(messages, issued, on=(body.get("thinking") or {}).get("type") == "adaptive")


def _check_content(where: str, message: dict[str, Any], *, last: bool) -> None:
    content, role = message["content"], message["role"]
    if not isinstance(content, list | str):
        raise Refused(f"{where}.content: Input should be a valid list")
    if not content and not (last and role == "assistant"):
        raise Refused(
            f"{where}: all messages must have non-empty content except for the optional final assistant message"
        )
    for index, block in enumerate(caching.as_blocks(content)):
        _check_block(f"{where}.content.{index}", block, role)
    if role == "assistant" and content and caching.as_blocks(content)[-1]["type"] in _THINKING:
        raise Refused(f"{where}: The final block in an assistant message cannot be `thinking`.")


def _check_block(where: str, block: Any, inside: str) -> None:
    if not isinstance(block, dict) or "type" not in block:
        raise Refused(f"{where}: Input should be a valid dictionary or object to extract fields from")
    kind = block["type"]
    if kind not in _FIELDS:
        raise Refused(f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    demand_fields(f"{where}.{kind}", block, *_FIELDS[kind])
    if kind not in _BLOCKS_OF[inside]:
        raise Refused(f"{where}: `{kind}` blocks can not be in `{inside}` content")
    demand_cache_control(f"{where}.{kind}", block)
    if kind == "text":
        _check_text(where, block)
    elif kind == "tool_use":
        _check_tool_use(f"{where}.tool_use", block)
    elif kind == "tool_result":
        _check_tool_result(f"{where}.tool_result", block)
    elif kind == "image":
        _check_source(f"{where}.image.source", block["source"])


def _check_text(where: str, block: dict[str, Any]) -> None:
    demand_type(f"{where}.text.text", block["text"], str, "string")
    if not block["text"] and block.get("cache_control"):
        raise Refused(f"{where}.text: cache_control cannot be set for empty text blocks")
    if not block["text"]:
        raise Refused("messages: text content blocks must be non-empty")
    if not block["text"].strip():
        raise Refused("messages: text content blocks must contain non-whitespace text")


def _check_tool_use(where: str, block: dict[str, Any]) -> None:
    if not isinstance(block["id"], str) or not _ID.fullmatch(block["id"]):
        raise Refused(f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not isinstance(block["name"], str) or not _NAME.fullmatch(block["name"]):
        raise Refused(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,200}}$'")
    demand_type(f"{where}.input", block["input"], dict, "dictionary")
    if "caller" in block:
        demand_fields(f"{where}.caller", block["caller"], ["type"])


def _check_tool_result(where: str, block: dict[str, Any]) -> None:
    demand_type(f"{where}.tool_use_id", block["tool_use_id"], str, "string")
    if "is_error" in block:
        demand_type(f"{where}.is_error", block["is_error"], bool, "boolean")
    content = block.get("content", [])
    if isinstance(content, str):
        return
    demand_type(f"{where}.content", content, list, "list")
    for index, inner in enumerate(content):
        _check_block(f"{where}.content.{index}", inner, "tool_result")
    if block.get("is_error") and any(inner["type"] != "text" for inner in content):
        raise Refused(f"{where}: all content must be type `text` if `is_error` is true")


def _check_source(where: str, source: Any) -> None:
    demand_fields(where, source, ["type"], ["media_type", "data", "url", "file_id"])
    demand_one_of(f"{where}.type", source["type"], ["base64", "url", "file"])
    if source["type"] != "base64":
        raise Refused(f"{where}: Unable to download the file. Please verify the URL and try again.")
    demand_fields(where, source, ["type", "media_type", "data"])
    demand_one_of(f"{where}.media_type", source["media_type"], ["image/jpeg", "image/png", "image/gif", "image/webp"])
    demand_type(f"{where}.data", source["data"], str, "string")


def _check_roles(messages: list[dict[str, Any]], model: KnownModel, issued: Issued) -> None:
    if messages[0]["role"] != "user":
        raise Refused('messages: first message must use the "user" role')
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            # The API itself would merge them; a client of ours that sends them has lost track of its turns.
            raise Refused(
                'messages: roles must alternate between "user" and "assistant", but found multiple '
                f'"{after["role"]}" roles in a row'
            )
    last = messages[-1]
    if last["role"] == "assistant":
        if not model.prefill and not _is_paused(last, issued):
            raise Refused(
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )
        texts = [b["text"] for b in caching.as_blocks(last["content"]) if b["type"] == "text"]
        if texts and texts[-1] != texts[-1].rstrip():
            raise Refused("messages: final assistant content cannot end with trailing whitespace")


def _is_paused(message: dict[str, Any], issued: Issued) -> bool:
    """Whether the message ends with a turn that may go on by itself (before it may be one that went on already)."""
    said = _trimmed(message["content"])
    return any(said[-len(turn) :] == _trimmed(turn) for turn in issued.paused)


def _trimmed(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks without cache marks and without white space behind their texts, which may not be sent."""
    return [
        {k: v.rstrip() if k == "text" else v for k, v in block.items() if k != "cache_control"}
        for block in caching.as_blocks(content)
    ]


def _check_tool_calls(messages: list[dict[str, Any]], *, has_tools: bool) -> None:
    seen: set[str] = set()
    asked: list[str] = []
    for index, message in enumerate(messages):
        blocks = caching.as_blocks(message["content"])
        results = [(at, b["tool_use_id"]) for at, b in enumerate(blocks) if b["type"] == "tool_result"]
        uses = [(at, b["id"]) for at, b in enumerate(blocks) if b["type"] == "tool_use"]
        if (uses or results) and not has_tools:
            raise Refused("Requests which have `tool_use` or `tool_result` blocks must define tools")
        if message["role"] == "user":
            _check_answers(index, asked, results)
        for at, call_id in uses:
            if call_id in seen:
                raise Refused(f"messages.{index}.content.{at}: `tool_use` ids must be unique")
            seen.add(call_id)
        asked = [call_id for _, call_id in uses]
    if asked:
        raise _unanswered(len(messages) - 1, asked)


def _check_answers(index: int, asked: list[str], results: list[tuple[int, str]]) -> None:
    answered: set[str] = set()
    for at, call_id in results:
        if call_id not in asked:
            raise Refused(
                f"messages.{index}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if call_id in answered:
            raise Refused(
                f"messages.{index}.content.{at}: each tool_use must have a single result. Found multiple "
                f"`tool_result` blocks with id: {call_id}"
            )
        answered.add(call_id)
    # An answer behind other blocks is taken for none at all.
    first = {call_id for place, (at, call_id) in enumerate(results) if place == at}
    missing = [call_id for call_id in asked if call_id not in first]
    if missing:
        raise _unanswered(index - 1, missing)


def _unanswered(index: int, ids: list[str]) -> Refused:
    return Refused(
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(ids)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _check_thinking(messages: list[dict[str, Any]], issued: Issued, *, on: bool) -> None:
    latest = max((i for i, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    for index, message in enumerate(messages):
        blocks = caching.as_blocks(message["content"])
        for at, block in enumerate(blocks):
            if block["type"] not in _THINKING:
                continue
            sign, text = block.get("signature", block.get("data")), block.get("thinking", block.get("data"))
            if sign not in issued.signatures:
                raise Refused(f"messages.{index}.content.{at}: Invalid `signature` in `thinking` block")
            if issued.signatures[sign] != text:
                raise _modified(index, at)
        if on and index == latest:
            kept = [block for block in blocks if block["type"] in _THINKING]
            for block in blocks:
                thoughts = issued.thoughts.get(block.get("id", ""))
                # Before them may be those of a turn that paused and that this one goes on from.
                if thoughts and kept[-len(thoughts) :] != thoughts:
                    raise _modified(index, 0)


def _modified(index: int, at: int) -> Refused:
    return Refused(
        f"messages.{index}.content.{at}: `thinking` or `redacted_thinking` blocks in the latest assistant message "
        "cannot be modified. These blocks must remain as they were in the original response."
    )
