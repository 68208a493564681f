"""The agent: one loop over a conversation, with everything it needs passed in.

Each turn is recorded before its effects are used, so that a run which stopped anywhere can be taken up again
from the transcript alone: a turn of the model whose tool calls have no results gets them first.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloud.agent.budget import Budget
from cloud.agent.client import CallOptions, Model
from cloud.agent.context import ContextRules, messages_of, tokens_of_frame
from cloud.agent.contract import FINISH_TOOL, Block, Outcome, Toolbox, ToolResult
from cloud.agent.endings import FULL, ended, read_finish, stuck, unread
from cloud.agent.model_errors import ModelError
from cloud.agent.recording import Recorder, Watch
from cloud.agent.turns import Step, Turn, arguments_of, failure, note, sendable, tool_result

# Longer ones are nobody's to read, and would go into the transcript, the history and the script.
_TITLE_CHARS, _NAME_CHARS = 200, 64
# What a step is called that names no title of its own.
_TITLES = {
    "run_python": "Change the scene",
    "look": "Look at the scene",
    "inspect": "Measure the scene",
    "check": "Check the geometry",
    "lookup": "Look up Blender's API",
    "snapshots": "Look through the scene's history",
    "export": "Write a file",
}
CALLS_A_TURN = 16
"""So many calls of one turn run: enough for any plan, and few enough for budget, context and cancel to keep up."""
# The server found the request too long although we had counted: so often it is made shorter, each time by half.
_TOO_LONG = frozenset({"context_exceeded", "request_too_large"})
_MAX_SQUEEZES = 3


def step_title(tool: str, given: object) -> str:
    """What a step is called: as its caller says, or after its tool."""
    title = given.strip()[:_TITLE_CHARS] if isinstance(given, str) else ""
    return title or _TITLES.get(tool, tool)


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
    rules: ContextRules = field(default_factory=ContextRules)

    async def run(self) -> Outcome:
        """Work until the model is done or may not go on.

        What the model can mend goes back to it. Raises what the toolbox raises when it is lost for good.
        """
        tools = [*await self.toolbox.tools(), FINISH_TOOL]
        known = {tool["name"] for tool in tools}
        while True:
            if self.conversation[-1].role == "assistant" and (outcome := await self._take_up(known)) is not None:
                return outcome
            if isinstance(end := stuck(self.conversation), Outcome):
                return end
            if reason := self.budget.exhausted:
                return Outcome("budget_reached", self.conversation[-1].text, reason=reason, code="budget_reached")
            try:
                await self._ask(tools)
            except ModelError as error:
                if error.code not in _TOO_LONG:
                    return Outcome("failed", reason=str(error), code=error.code)
                if self.rules.squeezes >= _MAX_SQUEEZES:
                    return Outcome("failed", reason=FULL, code="context_exceeded")
                self.rules = self.rules.squeezed()

    async def _take_up(self, known: set[str]) -> Outcome | None:
        """Do what the model's last turn asks for, and answer it. Returns: the outcome if it was the last one."""
        turn = self.conversation[-1]
        if (outcome := ended(self.conversation)) is not None:
            return outcome
        if (said := unread(turn)) is not None:
            await self._answer(said)
            return None
        results: dict[str, Block] = {}
        for nth, call in enumerate(sorted(turn.calls, key=lambda call: call["name"] == "finish")):
            if nth >= CALLS_A_TURN:  # not a step: nothing is run, and nothing kept but the answer
                result = failure(f"not run: at most {CALLS_A_TURN} calls a turn; send it again.")
            elif call["name"] != "finish":
                result = await self._step(call, known)
            else:
                finish = read_finish(call["input"], failed=any(block.get("is_error") for block in results.values()))
                if isinstance(finish, Outcome):
                    return finish
                result = finish
            results[call["id"]] = tool_result(call, result)
        if results:  # in the order of the calls, also where `finish` came first and was read last
            await self._answer([results[call["id"]] for call in turn.calls])
        return None

    async def _ask(self, tools: Sequence[dict[str, Any]]) -> None:
        began = self.clock()
        limit = (await self.model.facts()).max_input_tokens
        frame = tokens_of_frame(self.system, tools)
        messages = messages_of(self.conversation, self.rules.within(limit), frame)
        reply = await self.model.reply(self.system, tools, messages, Watch(self.recorder, self.budget), self.options)
        self.seconds["model"] += self.clock() - began
        turn = Turn("assistant", sendable(reply.content), reply.stop_reason)
        self.budget.spend(reply.tokens, reply.usd)
        await self.recorder.model_turn(turn, reply)
        self.conversation.append(turn)

    async def _answer(self, content: list[Block]) -> None:
        said = stuck([*self.conversation, Turn("user", content)])
        notes = [text for text in (said, self.budget.warning) if isinstance(text, str)]
        turn = Turn("user", [*content, *map(note, notes)])
        await self.recorder.user_turn(turn)
        self.conversation.append(turn)

    async def _step(self, call: Block, known: set[str]) -> ToolResult:
        arguments = arguments_of(call)
        self.steps += 1
        tool = str(call["name"])[:_NAME_CHARS]
        step = Step(self.steps, tool, step_title(tool, (arguments or {}).get("title")), arguments or {})
        if (kept := await self.recorder.recall(step)) is not None:
            return kept
        await self.recorder.step_started(step)
        began = self.clock()
        if tool not in known:
            result = failure(f"There is no tool {tool!r}; there are: {', '.join(sorted(known))}.")
        elif arguments is None:
            result = failure("The call's input was not a JSON object, so nothing was run; send it again, whole.")
        else:
            result = await self.toolbox.call(tool, arguments)
        seconds = self.clock() - began
        self.seconds["tools"] += seconds
        await self.recorder.step_finished(step, result, seconds)
        return result


__all__ = ["Agent", "Recorder", "Step", "Turn", "step_title"]
