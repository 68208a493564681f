"""The conversation: its turns, the tool calls in them, and their answers, in the shapes of the Messages API."""

from dataclasses import dataclass
from typing import Any, Literal

from cloud.agent.contract import Block, ToolResult
from cloud.agent.incoming import INVALID_JSON
from cloud.agent.scene_data import marked

_NO_ANSWER = "(no answer)"
_NOTE = "<note>"


@dataclass(frozen=True)
class Turn:
    """One message of the conversation. `stop_reason` is that of the model's turns."""

    role: Literal["user", "assistant"]
    content: list[Block]
    stop_reason: str | None = None

    @property
    def calls(self) -> list[Block]:
        """The tool calls in it, in order."""
        return [block for block in self.content if block["type"] == "tool_use"]

    @property
    def text(self) -> str:
        """Its text."""
        return "\n\n".join(b["text"] for b in self.content if b["type"] == "text" and b["text"].strip()).strip()

    @property
    def is_empty(self) -> bool:
        """Whether the model has neither said nor called anything."""
        return not self.calls and self.text in ("", _NO_ANSWER)


@dataclass(frozen=True)
class Step:
    """One tool call that runs. `number` counts the job's tool calls from 1."""

    number: int
    tool: str
    title: str
    arguments: dict[str, Any]


def sendable(content: list[Block]) -> list[Block]:
    """The model's content as the API takes it back.

    It refuses empty texts, empty turns, turns that end in thinking, and thinking that was cut off before it was signed.
    """
    kept = [
        block
        for block in content
        if not (block["type"] == "text" and not block["text"].strip())
        and not (block["type"] == "thinking" and not block.get("signature"))
    ]
    if not kept or kept[-1]["type"] in ("thinking", "redacted_thinking"):
        kept.append({"type": "text", "text": _NO_ANSWER})
    return kept


def arguments_of(call: Block) -> dict[str, Any] | None:
    """The call's input; None if it is none that a tool could take."""
    given = call["input"]
    return given if isinstance(given, dict) and INVALID_JSON not in given else None


def failure(text: str) -> ToolResult:
    """What a call that we do not run is answered with."""
    return ToolResult([{"type": "text", "text": text}], is_error=True)


def tool_result(call: Block, result: ToolResult) -> Block:
    """The answer to a call, marked as data. The API takes no pictures in the answer to one that failed."""
    content = marked(result.content)
    block: Block = {"type": "tool_result", "tool_use_id": call["id"], "content": content}
    if not result.is_error:
        return block
    return {**block, "content": [one for one in content if one["type"] == "text"], "is_error": True}


def note(text: str) -> Block:
    """A word of ours to the model between the user's; it is not kept when old turns are left out."""
    return {"type": "text", "text": f"{_NOTE}{text}</note>"}


def is_note(block: Block) -> bool:
    """Whether the block is a word of ours."""
    return block["type"] == "text" and block["text"].startswith(_NOTE)
