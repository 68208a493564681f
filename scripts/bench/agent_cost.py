"""What the agent's input costs: `agent_cost.py [--steps N] [--model ID] [--json]`.

The same scripted build of N steps, each with 25 to 60 lines of code and a real PNG of 512 px, runs twice through the
real client: with a naive loop, which sends everything again at each call and caches nothing, and with our agent. Both
talk to the tests' strict stand-in of the Messages API, which refuses what the real one would, caches by its rules and
bills. Its tokens are an estimate (3.5 characters a token, width * height / 750 a picture), so the figures hold as
ratios, and as amounts only roughly. `tools_tokens` (the product's own tools, `finish` among them, with the
instructions that the API adds for tools) and `system_tokens` (its build prompt) are counted by the same estimate.

Billed input is in plain input tokens: a token read from the cache counts 0.1, one written 1.25. `billed_ratio` is the
agent's billed input by the naive loop's; it is left out (null) where the naive loop gets past what one request may
hold, which it does from 101 pictures on. `largest_context` is the agent's longest prompt, `context_limit` the model's.
The table, or one JSON object with `--json`, is on stdout. Exit code 0 only if no request was invalid.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cloud.agent.budget import Budget
from cloud.agent.client import MessagesClient
from cloud.agent.contract import FINISH_TOOL, ToolParam
from cloud.agent.loop import Agent, Turn
from cloud.agent.prices import TokenCounts, price_usd
from cloud.agent.prompts import load_prompt
from cloud.blender.told import listed_tools
from tests.agent.fakes import ListRecorder
from tests.support.long_build import LongBuild, PictureToolbox
from tests.support.messages_api import tokens
from tests.support.messages_api.ledger import Ledger
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.server import MessagesApi, messages_api

LINES = (25, 60)
SIDE_PX = 512
TOLD_LINES = 6
READ, WRITTEN = 0.1, 1.25
PICTURES_AT_MOST = 100
PROMPT = (
    "Build a wooden garden chair with a slatted seat and back rest, arm rests, rounded edges and four turned legs, "
    "1.05 m high, standing on a stone terrace with two potted plants, in soft evening light."
)


class ProductToolbox(PictureToolbox):
    """The scripted build's answers under the product's own tools."""

    async def tools(self) -> list[ToolParam]:
        """The tools as a pod lists them."""
        return product_tools()


def product_tools() -> list[ToolParam]:
    """The tools of a pod as they are sent, without `finish`."""
    return [
        {"name": tool.name, "description": tool.description or "", "input_schema": tool.input_schema}
        for tool in listed_tools()
    ]


@dataclass(frozen=True)
class Spent:
    """What one loop was billed."""

    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    largest_context: int
    invalid_requests: int
    usd: float

    @property
    def billed_input(self) -> int:
        """The input in plain input tokens."""
        return round(self.input_tokens + READ * self.cache_read_tokens + WRITTEN * self.cache_write_tokens)

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        return {**vars(self), "billed_input": self.billed_input}


@dataclass
class Measured:
    """Both runs. `naive` is None where its requests would hold too many pictures."""

    steps: int
    ours: Spent
    naive: Spent | None
    finished: bool
    facts: dict[str, int] = field(default_factory=dict)

    @property
    def invalid_requests(self) -> int:
        """Requests that the stand-in refused, of both."""
        return self.ours.invalid_requests + (self.naive.invalid_requests if self.naive else 0)

    def as_json(self) -> dict[str, Any]:
        """One object for programs."""
        ratio = self.ours.billed_input / self.naive.billed_input if self.naive else None
        return {
            "steps": self.steps,
            "billed_ratio": None if ratio is None else round(ratio, 4),
            "invalid_requests": self.invalid_requests,
            "finished": self.finished,
            "largest_context": self.ours.largest_context,
            **self.facts,
            "agent": self.ours.as_json(),
            "naive": self.naive.as_json() if self.naive else None,
        }


async def measure(steps: int, model: str) -> Measured:
    """Run the build with both loops."""
    known = KnownModel(model)
    naive = await _run_naively(steps, known) if steps <= PICTURES_AT_MOST else None
    ours, finished = await _run_agent(steps, known)
    facts = {
        "context_limit": known.max_input_tokens,
        "tools_tokens": tokens.TOOL_USE_TOKENS + sum(map(tokens.of_tool, [*product_tools(), FINISH_TOOL])),
        "system_tokens": tokens.of_text(load_prompt("build")),
    }
    return Measured(steps, ours, naive, finished, facts)


async def _run_agent(steps: int, known: KnownModel) -> tuple[Spent, bool]:
    """What our agent is billed, and whether it came to the end."""
    async with messages_api(answering=LongBuild(steps, LINES), models=[known]) as api:
        client = MessagesClient(known.id, api_key="bench", base_url=api.base_url)
        agent = Agent(
            model=client,
            toolbox=ProductToolbox(SIDE_PX, TOLD_LINES),
            recorder=ListRecorder(),
            budget=Budget(steps + 10, 1e6),
            system=load_prompt("build"),
            conversation=[_first_turn()],
        )
        outcome = await agent.run()
        await client.aclose()
        return _spent(api), outcome.kind == "finished"


async def _run_naively(steps: int, known: KnownModel) -> Spent:
    """What a loop is billed that sends everything each time, at an API that caches nothing."""
    roomy = KnownModel(known.id, max_input_tokens=10**9, min_cached_tokens=10**9)
    toolbox = ProductToolbox(SIDE_PX, TOLD_LINES)
    tools = [*await toolbox.tools(), FINISH_TOOL]
    first = _first_turn()
    messages: list[dict[str, Any]] = [{"role": first.role, "content": first.content}]
    async with messages_api(answering=LongBuild(steps, LINES), models=[roomy]) as api:
        client = MessagesClient(known.id, api_key="bench", base_url=api.base_url)
        while True:
            reply = await client.reply(load_prompt("build"), tools, messages, ListRecorder())
            messages.append({"role": "assistant", "content": reply.content})
            uses = [block for block in reply.content if block["type"] == "tool_use"]
            if uses[0]["name"] == "finish":
                break
            messages.append({"role": "user", "content": await _answers(toolbox, uses)})
        await client.aclose()
        return _spent(api)


async def _answers(toolbox: PictureToolbox, uses: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    results = [await toolbox.call(use["name"], use["input"]) for use in uses]
    return [
        {"type": "tool_result", "tool_use_id": use["id"], "content": list(result.content)}
        for use, result in zip(uses, results, strict=True)
    ]


def _first_turn() -> Turn:
    return Turn("user", [{"type": "text", "text": PROMPT}])


def _spent(api: MessagesApi) -> Spent:
    total = api.ledger.total
    counts = TokenCounts(**vars(total))
    model = next(iter(api.models))
    return Spent(
        calls=len(api.ledger.bills),
        **vars(total),
        largest_context=_largest_context(api.ledger),
        invalid_requests=api.invalid_requests,
        usd=round(price_usd(model, counts) or 0.0, 4),
    )


def _largest_context(ledger: Ledger) -> int:
    """The longest prompt of all calls, with its answer, in tokens."""
    uses = [bill.use for bill in ledger.bills]
    return max(use.input_tokens + use.cache_read_tokens + use.cache_write_tokens + use.output_tokens for use in uses)


def _print_table(measured: Measured) -> None:
    table = Table(title=f"A build of {measured.steps} steps with a picture at each")
    rows: list[tuple[str, Spent | None]] = [("naive", measured.naive), ("agent", measured.ours)]
    for heading in (
        "loop",
        "calls",
        "input",
        "cache reads",
        "cache writes",
        "billed input",
        "output",
        "largest",
        "USD",
    ):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, spent in rows:
        if spent is not None:
            counts = (
                spent.calls,
                spent.input_tokens,
                spent.cache_read_tokens,
                spent.cache_write_tokens,
                spent.billed_input,
                spent.output_tokens,
                spent.largest_context,
            )
            table.add_row(name, *(f"{count:,}" for count in counts), f"{spent.usd:.2f}")
    console = Console()
    console.print(table)
    figures = measured.as_json()
    for name in ("billed_ratio", "tools_tokens", "system_tokens", "context_limit", "invalid_requests", "finished"):
        console.print(f"{name}: {figures[name]}")


def main() -> int:
    """Parse the arguments, measure, print. Returns: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40, help="steps of the build, each with a picture [40]")
    parser.add_argument("--model", default="claude-opus-5-5", help="the model whose prices count [claude-opus-5-5]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if arguments.steps < 1:
        parser.error("--steps: at least 1")
    measured = asyncio.run(measure(arguments.steps, arguments.model))
    if arguments.json:
        print(json.dumps(measured.as_json()))
    else:
        _print_table(measured)
    return 0 if measured.finished and measured.invalid_requests == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
