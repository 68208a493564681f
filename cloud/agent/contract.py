"""What the agent loop is given and what it gives back. The loop itself is in `cloud.agent.loop`.

Blocks and tools are plain dicts in the shape of Anthropic's Messages API, so that they go into the
transcript and onto the wire as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Block = dict[str, Any]
"""One content block of the Messages API: `{"type": "text", "text": …}`, `{"type": "image", "source": …}`, …"""

ToolParam = dict[str, Any]
"""`{"name", "description", "input_schema"}` as the Messages API takes it."""

OutcomeKind = Literal["finished", "budget_reached", "cancelled", "refused", "failed"]


@dataclass(frozen=True)
class ToolResult:
    """What a tool call gave. `content` goes to the model as it is (text and image blocks).

    `structured` is for our own code: for `run_python` see `cloud/blender/README.md`.
    """

    content: Sequence[Block]
    is_error: bool = False
    structured: dict[str, Any] = field(default_factory=dict)


class Toolbox(Protocol):
    """The tools of one user's Blender, already connected."""

    async def tools(self) -> list[ToolParam]:
        """The tools' definitions, in a stable order."""
        ...

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool. Bad arguments, unknown names and failures inside Blender come back as `is_error`.

        Raises: ToolboxLost: the pod is gone or does not answer; the caller must acquire another.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """How a run of the agent ended. `reason` is one sentence for the user where it did not finish."""

    kind: OutcomeKind
    summary: str = ""
    not_built: Sequence[str] = ()
    reason: str = ""
    code: str = ""


FINISH_TOOL: ToolParam = {
    "name": "finish",
    "description": (
        "Call once, last, alone. summary: what now stands in the scene, in one to three sentences for the user. "
        "built: false if nothing of the request could be built. not_built: each part of the request that is "
        "missing, in the user's own words."
    ),
    "input_schema": {
        "type": "object",
        "properties": {
            "summary": {"type": "string"},
            "built": {"type": "boolean"},
            "not_built": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["summary", "built", "not_built"],
        "additionalProperties": False,
    },
}
