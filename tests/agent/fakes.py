"""A toolbox and a recorder for the loop's tests: they behave, and remember what they were asked."""

from dataclasses import dataclass, field
from typing import Any

from cloud.agent.client import CutOffCall, ModelReply
from cloud.agent.contract import ToolParam, ToolResult
from cloud.agent.loop import Step, Turn


@dataclass
class NotebookToolbox:
    """Keeps the code it is given; code with `raise` in it fails."""

    ran: list[str] = field(default_factory=list)

    async def tools(self) -> list[ToolParam]:
        schema = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
        return [{"name": "run_python", "description": "Run code.", "input_schema": schema}]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        code = arguments.get("code")
        if not isinstance(code, str):
            return ToolResult([{"type": "text", "text": "code is missing"}], is_error=True)
        self.ran.append(code)
        if "raise" in code:
            return ToolResult([{"type": "text", "text": "ValueError: scripted"}], is_error=True)
        return ToolResult([{"type": "text", "text": f"ran {code}"}])


@dataclass
class ListRecorder:
    """Everything that was recorded, in order."""

    turns: list[Turn] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    failed_steps: list[int] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)
    deltas: list[tuple[str, str]] = field(default_factory=list)
    cut_offs: list[CutOffCall] = field(default_factory=list)
    begun: list[CutOffCall] = field(default_factory=list)
    kept: dict[int, ToolResult] = field(default_factory=dict)
    usd: float = 0.0

    async def model_turn(self, turn: Turn, reply: ModelReply) -> None:
        self.turns.append(turn)
        self.usd += reply.usd or 0.0

    async def user_turn(self, turn: Turn) -> None:
        self.turns.append(turn)

    async def recall(self, step: Step) -> ToolResult | None:
        return self.kept.get(step.number)

    async def step_started(self, step: Step) -> None:
        assert self.turns[-1].role == "assistant", "the turn is kept before its calls run"
        self.steps.append(step)

    async def step_finished(self, step: Step, result: ToolResult, seconds: float) -> None:
        if result.is_error:
            self.failed_steps.append(step.number)

    async def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def delta(self, kind: str, piece: str) -> None:
        self.deltas.append((kind, piece))

    async def began(self, call: CutOffCall) -> None:
        self.begun.append(call)

    async def cut_off(self, call: CutOffCall) -> None:
        self.cut_offs.append(call)
