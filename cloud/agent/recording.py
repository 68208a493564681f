"""Who keeps what a run of the agent does, and how the calls of the model reach it."""

from dataclasses import dataclass
from typing import Protocol

from cloud.agent.budget import Budget
from cloud.agent.contract import ToolResult
from cloud.agent.model import CutOffCall, ModelReply
from cloud.agent.turns import Step, Turn


class Recorder(Protocol):
    """Keeps what happens. Each method returns when it is kept for good."""

    async def model_turn(self, turn: Turn, reply: ModelReply) -> None:
        """The model has answered."""
        ...

    async def user_turn(self, turn: Turn) -> None:
        """We have answered the model."""
        ...

    async def recall(self, step: Step) -> ToolResult | None:
        """What the step gave, if it has ended in an earlier run; it is not run again then."""
        ...

    async def step_started(self, step: Step) -> None:
        """A tool call begins."""
        ...

    async def step_finished(self, step: Step, result: ToolResult, seconds: float) -> None:
        """A tool call has ended; its results may be used once this returns."""
        ...

    async def waiting(self, reason: str, seconds: float) -> None:
        """The model call is tried again after a wait."""
        ...

    def delta(self, kind: str, piece: str) -> None:
        """The model's answer goes on with this piece of `kind` text or thinking; for show, not to be kept."""
        ...

    async def began(self, call: CutOffCall) -> None:
        """A model call is paid for from now on; `model_turn` or `cut_off` says at last what it cost."""
        ...

    async def cut_off(self, call: CutOffCall) -> None:
        """A model call gave no whole answer and was paid for."""
        ...


@dataclass(frozen=True)
class Watch:
    """Looks on while the model is asked: everything goes to the recorder, and what is paid counts."""

    recorder: Recorder
    budget: Budget

    async def waiting(self, reason: str, seconds: float) -> None:
        """See `Recorder`."""
        await self.recorder.waiting(reason, seconds)

    def delta(self, kind: str, piece: str) -> None:
        """See `Recorder`."""
        self.recorder.delta(kind, piece)

    async def began(self, call: CutOffCall) -> None:
        """See `Recorder`."""
        await self.recorder.began(call)

    async def cut_off(self, call: CutOffCall) -> None:
        """See `Recorder`."""
        self.budget.lose(call.tokens, call.usd)
        await self.recorder.cut_off(call)
