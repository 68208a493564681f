"""Takes help away from the model, so that one can measure what it is worth.

For evaluations alone: a deployment has to allow it (`P2M_ALLOW_ABLATIONS`).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

from cloud.agent.contract import Toolbox, ToolParam, ToolResult

Ablation = Literal["pictures", "check", "lookup", "review"]
"""What a build does without. `review` is the stage, the others are what the building model is given."""

_TOOL_OF = {"pictures": "look", "check": "check", "lookup": "lookup"}


@dataclass(frozen=True)
class AblatedToolbox:
    """A `Toolbox` without some of its tools, and without any picture if those are what is missing."""

    toolbox: Toolbox
    hidden: frozenset[str]
    blind: bool

    async def tools(self) -> list[ToolParam]:
        """The tools that are left, in their order."""
        return [tool for tool in await self.toolbox.tools() if tool["name"] not in self.hidden]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool; a hidden one does not exist."""
        if name in self.hidden:
            return ToolResult([{"type": "text", "text": f"There is no tool {name!r}."}], is_error=True)
        result = await self.toolbox.call(name, arguments)
        if not self.blind:
            return result
        return replace(result, content=[block for block in result.content if block.get("type") != "image"])


def without(toolbox: Toolbox, ablations: Collection[Ablation]) -> Toolbox:
    """The toolbox with that much less; the same where nothing is taken away."""
    hidden = frozenset(_TOOL_OF[name] for name in ablations if name in _TOOL_OF)
    return AblatedToolbox(toolbox, hidden, blind="pictures" in ablations) if hidden else toolbox


def absence_note(ablations: Collection[Ablation]) -> str:
    """What the system prompt has to add, since it speaks of tools that are not there; "" where none is missing."""
    hidden = [_TOOL_OF[name] for name in _TOOL_OF if name in ablations]
    if not hidden:
        return ""
    return f"\n\n# In this run\nThere is no tool {' and no tool '.join(hidden)}: do without, whatever is said above."
