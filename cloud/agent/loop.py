"""The agent: one loop over a conversation, with everything it needs passed in.

Each turn is recorded before its effects are used, so that a run which stopped anywhere can be taken up again
from the transcript alone: a turn of the model whose tool calls have no results gets them first.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cloud.agent.budget import Budget
from cloud.agent.client import CallOptions, CutOffCall, Model, ModelReply
from cloud.agent.context import with_cache_marks
from cloud.agent.contract import FINISH_TOOL, Block, Outcome, Toolbox, ToolResult
from cloud.agent.model_errors import ModelError
from cloud.agent.scene_data import marked

_CUT_OFF = "Your reply was cut off at its length limit, so nothing of it was run. Send it again in smaller parts."
# What a step is called that names no title of its own.
_TITLES = {
    "run_python": "Change the scene",
    "look": "Look at the scene",
    "inspect": "Measure the scene",
    "snapshots": "Look through the scene's history",
    "export": "Write a file",
}
# A model that is cut off this often in a row will not get further.
_MAX_CUT_OFFS = 3


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


@dataclass(frozen=True)
class Step:
    """One tool call that runs. `number` counts the job's tool calls from 1."""

    number: int
    tool: str
    title: str
    arguments: dict[str, Any]


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

    async def cut_off(self, call: CutOffCall) -> None:
        """A model call gave no whole answer and was paid for."""
        ...


@dataclass(frozen=True)
class _Watch:
    """Looks on while the model is asked: everything goes to the recorder, and what is paid counts."""

    recorder: Recorder
    budget: Budget

    async def waiting(self, reason: str, seconds: float) -> None:
        await self.recorder.waiting(reason, seconds)

    def delta(self, kind: str, piece: str) -> None:
        self.recorder.delta(kind, piece)

    async def cut_off(self, call: CutOffCall) -> None:
        self.budget.usd += call.usd
        await self.recorder.cut_off(call)


@dataclass
class Agent:
    """One run of the agent. `conversation` begins with the user's first turn, and grows; `steps` counts tool calls."""

    model: Model
    toolbox: Toolbox
    recorder: Recorder
    budget: Budget
    system: str
    conversation: list[Turn]
    steps: int = 0
    options: CallOptions = field(default_factory=CallOptions)
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=lambda: {"model": 0.0, "tools": 0.0})

    async def run(self) -> Outcome:
        """Work until the model is done or may not go on.

        What the model can mend goes back to it. Raises what the toolbox raises when it is lost for good.
        """
        tools = [*await self.toolbox.tools(), FINISH_TOOL]
        known = {tool["name"] for tool in tools}
        while True:
            if self.conversation[-1].role == "assistant" and (outcome := await self._take_up(known)) is not None:
                return outcome
            if reason := self.budget.exhausted:
                return Outcome("budget_reached", self.conversation[-1].text, reason=reason, code="budget_reached")
            try:
                await self._ask(tools)
            except ModelError as error:
                return Outcome("failed", reason=str(error), code=error.code)

    async def _take_up(self, known: set[str]) -> Outcome | None:
        """Do what the model's last turn asks for, and answer it. Returns: the outcome if it was the last one."""
        turn = self.conversation[-1]
        if (outcome := _ended(turn)) is not None:
            return outcome
        if turn.stop_reason == "max_tokens":
            if _cut_offs(self.conversation) >= _MAX_CUT_OFFS:
                return Outcome("failed", turn.text, reason="The model's replies were too long.", code="reply_too_long")
            cut_off = [_result(call, _error(_CUT_OFF)) for call in turn.calls]
            await self._answer(cut_off or [{"type": "text", "text": _CUT_OFF}])
            return None
        results: list[Block] = []
        for call in sorted(turn.calls, key=lambda call: call["name"] == "finish"):
            if call["name"] != "finish":
                result = await self._step(call, known)
            else:
                finish = _read_finish(call["input"], failed=any(block.get("is_error") for block in results))
                if isinstance(finish, Outcome):
                    return finish
                result = finish
            results.append(_result(call, result))
        if results:
            await self._answer(results)
        return None

    async def _ask(self, tools: Sequence[dict[str, Any]]) -> None:
        began = self.clock()
        messages = with_cache_marks([{"role": turn.role, "content": turn.content} for turn in self.conversation])
        reply = await self.model.reply(self.system, tools, messages, _Watch(self.recorder, self.budget), self.options)
        self.seconds["model"] += self.clock() - began
        turn = Turn("assistant", _sendable(reply.content), reply.stop_reason)
        self.budget.spend(reply.usd)
        await self.recorder.model_turn(turn, reply)
        self.conversation.append(turn)

    async def _answer(self, content: list[Block]) -> None:
        turn = Turn("user", content)
        await self.recorder.user_turn(turn)
        self.conversation.append(turn)

    async def _step(self, call: Block, known: set[str]) -> ToolResult:
        arguments = call["input"] if isinstance(call["input"], dict) else {}
        given = arguments.get("title")
        title = given.strip() if isinstance(given, str) else ""
        self.steps += 1
        tool = str(call["name"])
        step = Step(self.steps, tool, title or _TITLES.get(tool, tool), arguments)
        if (kept := await self.recorder.recall(step)) is not None:
            return kept
        await self.recorder.step_started(step)
        began = self.clock()
        if call["name"] in known:
            result = await self.toolbox.call(call["name"], arguments)
        else:
            result = _error(f"There is no tool {call['name']!r}; there are: {', '.join(sorted(known))}.")
        seconds = self.clock() - began
        self.seconds["tools"] += seconds
        await self.recorder.step_finished(step, result, seconds)
        return result


def _ended(turn: Turn) -> Outcome | None:
    """The outcome if the model's turn was its last, unless it called `finish`."""
    match turn.stop_reason:
        case "refusal":
            return Outcome("refused", turn.text, reason=turn.text or "The model declined the request.", code="refused")
        case "model_context_window_exceeded":
            reason = "The conversation grew past what the model can take in."
            return Outcome("failed", turn.text, reason=reason, code="context_exceeded")
        case "max_tokens" | "pause_turn":
            return None
        case _:
            return None if turn.calls else Outcome("finished", turn.text)


def _cut_offs(conversation: Sequence[Turn]) -> int:
    """How many of the model's latest turns in a row were cut off."""
    latest = (turn.stop_reason for turn in reversed(conversation) if turn.role == "assistant")
    return len(list(itertools.takewhile(lambda stop_reason: stop_reason == "max_tokens", latest)))


def _read_finish(arguments: Any, *, failed: bool) -> Outcome | ToolResult:
    """The outcome that a `finish` call states, or what is wrong with the call."""
    if failed:
        return _error("A call beside this one failed: look at its result first, then call finish again.")
    match arguments:
        case {"summary": str(summary), "built": bool(built), **rest}:
            missing = rest.get("not_built", [])
            if isinstance(missing, list) and all(isinstance(part, str) for part in missing):
                if built:
                    return Outcome("finished", summary, tuple(missing))
                return Outcome("failed", summary, tuple(missing), reason=summary, code="nothing_built")
    return _error("finish needs summary (string), built (boolean) and not_built (list of strings).")


def _error(text: str) -> ToolResult:
    return ToolResult([{"type": "text", "text": text}], is_error=True)


def _result(call: Block, result: ToolResult) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": call["id"], "content": marked(result.content)}
    return {**block, "is_error": True} if result.is_error else block


def _sendable(content: list[Block]) -> list[Block]:
    """The content as the API takes it back: it refuses empty text blocks and empty turns."""
    kept = [block for block in content if block["type"] != "text" or block["text"].strip()]
    return kept or [{"type": "text", "text": "(no answer)"}]
