"""Runs of the agent against the strict stand-in with faults in them, and what must be true of each of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cloud.agent.budget import Budget
from cloud.agent.client import MessagesClient, ModelReply, RetryPolicy
from cloud.agent.contract import Outcome
from cloud.agent.loop import Agent, Turn
from cloud.agent.prices import TokenCounts
from tests.agent.fakes import ListRecorder
from tests.support.long_build import LongBuild, PictureToolbox
from tests.support.messages_api.models import DEFAULT_MODELS, KnownModel
from tests.support.messages_api.replies import Entry, TokenUse
from tests.support.messages_api.server import MessagesApi, messages_api

STEPS = 40
MODEL = "claude-sonnet-5-5"
SYSTEM = "Build what is asked for in Blender, part by part. " * 120
PROMPT = "A chair with forty parts."
# Longer than anything takes here, but for a stream that hangs.
_SILENCE_S = 30.0


@dataclass
class LedgerRecorder(ListRecorder):
    """Keeps each call's tokens too."""

    tokens: list[TokenCounts] = field(default_factory=list)

    async def model_turn(self, turn: Turn, reply: ModelReply) -> None:
        await super().model_turn(turn, reply)
        self.tokens.append(reply.tokens)

    @property
    def total(self) -> TokenUse:
        """The sum of what was recorded, cut off calls included."""
        counts = [*self.tokens, *(call.tokens for call in self.cut_offs)]
        return TokenUse(
            sum(count.input_tokens for count in counts),
            sum(count.output_tokens for count in counts),
            sum(count.cache_read_tokens for count in counts),
            sum(count.cache_write_tokens for count in counts),
        )


@dataclass
class FaultyRun:
    """One run: what it came to, what was recorded, and the stand-in."""

    api: MessagesApi
    toolbox: PictureToolbox
    recorder: LedgerRecorder
    agent: Agent
    steps: int
    outcome: Outcome | None = None

    def check(self) -> None:
        """The stand-in refused nothing, and both ledgers say the same, to the token."""
        assert self.api.refusals == []
        assert self.recorder.total == self.api.ledger.total

    def check_whole(self) -> None:
        """The build came to its end, each step once."""
        assert self.outcome == Outcome("finished", "A chair."), self.outcome
        assert len(self.toolbox.ran) == self.steps
        assert len(set(self.toolbox.ran)) == self.steps
        assert self.toolbox.looked == self.steps
        self.check()


@asynccontextmanager
async def faulty_run(
    faults: Mapping[int, Sequence[Entry]],
    *,
    steps: int = STEPS,
    attempts: int = 100,
    silence_s: float = _SILENCE_S,
    models: Sequence[KnownModel] = DEFAULT_MODELS,
    knows_models: bool = True,
) -> AsyncIterator[FaultyRun]:
    """An agent that is ready to run a build with these faults before its turns (the first is 1)."""
    async with messages_api(answering=LongBuild(steps), faults=faults, models=models, knows_models=knows_models) as api:
        client = MessagesClient(
            MODEL,
            api_key="k",
            base_url=api.base_url,
            retry=RetryPolicy(attempts, 0.001, 0.002),
            read_timeout_s=silence_s,
        )
        toolbox, recorder = PictureToolbox(), LedgerRecorder()
        conversation = [Turn("user", [{"type": "text", "text": PROMPT}])]
        agent = Agent(
            model=client,
            toolbox=toolbox,
            recorder=recorder,
            budget=Budget(10 * STEPS, 100.0),
            system=SYSTEM,
            conversation=conversation,
        )
        try:
            yield FaultyRun(api, toolbox, recorder, agent, steps)
        finally:
            await client.aclose()


async def build(faults: Mapping[int, Sequence[Entry]], **more: Any) -> FaultyRun:
    """A whole run."""
    async with faulty_run(faults, **more) as run:
        async with asyncio.timeout(120):
            run.outcome = await run.agent.run()
    return run
