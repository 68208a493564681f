"""Each request to a model is looked on at: its model, and what came of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cloud.agent.client import MessagesClient, ModelError
from cloud.agent.retries import RetryPolicy
from cloud.telemetry.metrics import MODEL_CALL_S
from cloud.telemetry.watch import Watched, watched
from tests.agent.test_client import HELLO, Asked
from tests.support.scripted_messages import Entry, Fault, breaks, hangs, says, scripted_messages

MODEL = "claude-sonnet-5-5"


class Looker:
    """Keeps what it saw, and counts as a runner does."""

    def __init__(self) -> None:
        self.calls: list[Watched] = []

    @contextmanager
    def watch(self, model: str) -> Iterator[Watched]:
        with watched("model call", MODEL_CALL_S, {"model": model}) as call:
            self.calls.append(call)
            yield call

    @property
    def outcomes(self) -> list[str]:
        return [call.outcome for call in self.calls]


async def look_on(*script: Entry, asked: Asked | None = None) -> Looker:
    looker = Looker()
    async with scripted_messages(*script) as api:
        retry = RetryPolicy(attempts=4, first_wait_s=0.01, longest_wait_s=0.02)
        client = MessagesClient(MODEL, api_key="sk-ant-x", base_url=api.base_url, retry=retry, watch_calls=looker.watch)
        replying = asyncio.create_task(client.reply("Build.", [], HELLO, asked or Asked()))
        try:
            if asked is not None:
                await asyncio.wait_for(asked.heard.wait(), 10)
                replying.cancel()
            await replying
        except (ModelError, asyncio.CancelledError):
            pass
        finally:
            await client.aclose()
    return looker


@pytest.mark.parametrize(
    ("script", "outcomes"),
    [
        ([says(".")], ["ok"]),
        ([Fault(429, "rate_limit_error"), says(".")], ["rate_limit", "ok"]),
        ([Fault(529, "overloaded_error"), Fault(500), says(".")], ["overloaded", "overloaded", "ok"]),
        ([breaks(), says(".")], ["connection", "ok"]),
        ([Fault(401, "authentication_error")], ["refused"]),
    ],
    ids=["answered", "limited", "overloaded", "cut off", "refused"],
)
async def test_each_request_has_its_outcome(script: list[Entry], outcomes: list[str]) -> None:
    before = {name: _count(name) for name in outcomes}
    assert (await look_on(*script)).outcomes == outcomes
    for name in set(outcomes):
        assert _count(name) == before[name] + outcomes.count(name)


async def test_a_cancel_is_an_outcome_of_its_own() -> None:
    assert (await look_on(hangs(), asked=Asked())).outcomes == ["cancelled"]


def _count(outcome: str) -> float:
    [metric] = MODEL_CALL_S.labels(model=MODEL, outcome=outcome).collect()
    [count] = [sample.value for sample in metric.samples if sample.name.endswith("_count")]
    return count
