"""Builds of forty steps with a picture at each, and every fault of the Messages API in every position.

By default the faults that pass come one after the other before the turns 1, 2, 20 and 40 of one build, and those
that end a job once each; with `--all` each of them comes before every turn.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.agent.fault_runs import STEPS, build, faulty_run
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.replies import Block, Broken, Entry, Fault, Reply, says

POSITIONS = (1, 2, 20, STEPS)
EVERYWHERE = range(1, STEPS + 1)

PASSING: dict[str, Callable[[], Entry]] = {
    "timeout": lambda: Fault(408),
    "conflict": lambda: Fault(409),
    "rate-limit": lambda: Fault(429),
    "rate-limit-with-time": lambda: Fault(429, headers={"retry-after": "0.001"}),
    "rate-limit-until-never": lambda: Fault(429, headers={"retry-after": "soon"}),
    "internal": lambda: Fault(500),
    "bad-gateway": lambda: Fault(502),
    "unavailable": lambda: Fault(503),
    "overloaded": lambda: Fault(529, headers={"retry-after": "0"}),
    "reset-before": lambda: Broken("before", "reset"),
    "closed-before": lambda: Broken("before", "close"),
    **{
        f"{by}-at-{at}": lambda at=at, by=by: Broken(at, by)
        for at in ("start", "block", "blocks")
        for by in ("reset", "close", "end", "overloaded_error", "api_error", "rate_limit_error", "garbage")
    },
    **{f"{by}-at-delta": lambda by=by: Broken("delta", by) for by in ("reset", "close", "api_error", "garbage")},
}

ENDING: dict[str, tuple[Entry, str, str]] = {
    "bad-request": (Fault(400, message="nope"), "failed", "model_request_refused"),
    "key": (Fault(401), "failed", "model_key_refused"),
    "billing": (Fault(402), "failed", "model_billing"),
    "credit": (Fault(400, message="Your credit balance is too low to access the API."), "failed", "model_billing"),
    "permission": (Fault(403), "failed", "model_forbidden"),
    "model": (Fault(404), "failed", "model_not_found"),
    "refusal": (says("I will not.", "refusal"), "refused", "refused"),
    "refusal-without-a-word": (Reply([], "refusal"), "refused", "refused"),
}


def cut(input_json: str, stop_reason: str = "tool_use", name: str = "run_python") -> Reply:
    """A turn with one tool call whose input is this text."""
    return Reply([{"type": "tool_use", "name": name, "input_json": input_json}], stop_reason)


def use(name: str, arguments: Any) -> Block:
    """A tool call."""
    return {"type": "tool_use", "name": name, "input": arguments}


# Turns that the model gets over by itself, once it is told what was wrong.
ODD_TURNS: dict[str, Callable[[], Reply]] = {
    "pause": lambda: says("I think on.", "pause_turn"),
    "pause-after-thinking": lambda: Reply(
        [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "I think on. "}], "pause_turn"
    ),
    "text-too-long": lambda: says("On and on", "max_tokens"),
    "thinking-too-long": lambda: Reply([{"type": "thinking", "thinking": "On and on"}], "max_tokens"),
    "call-cut-off": lambda: cut('{"code": "x = 1\\n', "max_tokens"),
    "call-cut-off-at-once": lambda: cut("", "max_tokens"),
    "calls-cut-off": lambda: Reply([use("look", {}), use("look", {})], "max_tokens"),
    "input-a-list": lambda: cut("[1, 2]"),
    "input-a-text": lambda: cut('"x = 1"'),
    "input-a-null": lambda: cut("null"),
    "input-no-json": lambda: cut('{"code": x}'),
    "input-broken": lambda: cut('{"code": "x = 1'),
    "unknown-tool": lambda: Reply([use("delete_internet", {})]),
    "impossible-tool-name": lambda: Reply([use("run python!", {})]),
    "no-arguments": lambda: Reply([use("run_python", {})]),
    "wrong-arguments": lambda: Reply([use("run_python", {"code": 7, "title": ["x"]})]),
    "finish-wrong": lambda: Reply([use("finish", {"built": "yes"})]),
    "finish-beside-failure": lambda: Reply(
        [use("finish", {"summary": "Done.", "built": True, "not_built": []}), use("run_python", {})]
    ),
}


async def test_forty_steps_pass_through_all_that_passes() -> None:
    faults = {position: [fault() for fault in PASSING.values()] for position in POSITIONS}
    run = await build(faults)
    run.check_whole()
    assert len(run.recorder.waits) == len(POSITIONS) * len(PASSING)


async def test_forty_steps_pass_through_all_odd_turns() -> None:
    faults: dict[int, list[Entry]] = {position: [] for position in EVERYWHERE}
    for number, odd in enumerate(ODD_TURNS.values()):
        for position in {POSITIONS[number % len(POSITIONS)], 3 + 2 * number}:
            faults[position].append(odd())
    run = await build(faults)
    assert run.api.refusals == []
    run.check()
    assert run.outcome is not None
    assert run.outcome.kind == "finished", run.outcome
    assert run.api.replied == STEPS + 1


@pytest.mark.parametrize("name", ENDING)
async def test_fault_that_stays_ends_the_job_with_its_sentence(name: str) -> None:
    fault, kind, code = ENDING[name]
    run = await build({2: [fault]})
    run.check()
    assert run.outcome is not None
    assert (run.outcome.kind, run.outcome.code) == (kind, code), run.outcome
    assert run.outcome.reason
    assert run.toolbox.looked == 1


async def test_fault_that_does_not_pass_ends_the_job() -> None:
    run = await build({2: [Fault(529)] * 9}, attempts=3)
    run.check()
    assert run.outcome is not None
    assert run.outcome.code == "model_unavailable"
    assert len(run.api.requests) == 4


async def test_silent_stream_is_given_up_and_asked_again() -> None:
    run = await build({2: [Broken("block", "hang")]}, silence_s=2.0, steps=3)
    run.check_whole()


@pytest.mark.parametrize("at", ["before", "block", "blocks", "delta"])
async def test_cancelled_call_is_paid_for_to_the_token(at: Any) -> None:
    hang = Broken(at, "hang")
    async with faulty_run({2: [hang]}) as run:
        running = asyncio.create_task(run.agent.run())
        await asyncio.wait_for(hang.began.wait(), 60)
        await asyncio.sleep(0.05)  # what was told is heard
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        run.check()
    assert len(run.api.ledger.bills) == (1 if at == "before" else 2)


async def test_context_of_a_small_model_is_never_exceeded() -> None:
    run = await build({}, models=[KnownModel("claude-sonnet-5-5", max_input_tokens=6_000)])
    run.check_whole()


TOO_MUCH: dict[str, Entry] = {
    "window-exceeded": Reply([{"type": "text", "text": "I had"}], "model_context_window_exceeded"),
    "prompt-too-long": Fault(400, message="prompt is too long: 210000 tokens > 200000 maximum"),
    "request-too-large": Fault(413),
}


async def test_prompt_that_was_too_much_is_sent_again_with_less() -> None:
    run = await build({position: [fault] for position, fault in zip((10, 20, 30), TOO_MUCH.values(), strict=True)})
    run.check_whole()


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_prompt_that_stays_too_much_ends_the_job(name: str) -> None:
    run = await build({2: [TOO_MUCH[name]] * 20})
    run.check()
    assert run.outcome is not None
    assert run.outcome.kind == "failed"
    assert run.outcome.reason
    assert len(run.api.requests) < 12


async def test_server_without_model_facts_does() -> None:
    run = await build({}, knows_models=False, steps=3)
    run.check_whole()


@pytest.mark.heavy
@pytest.mark.parametrize("name", PASSING)
async def test_passing_fault_before_every_turn(name: str) -> None:
    run = await build({position: [PASSING[name](), PASSING[name]()] for position in EVERYWHERE})
    run.check_whole()


@pytest.mark.heavy
@pytest.mark.parametrize("name", ODD_TURNS)
async def test_odd_turn_before_every_turn(name: str) -> None:
    run = await build({position: [ODD_TURNS[name]()] for position in EVERYWHERE})
    run.check()
    assert run.outcome is not None
    assert run.outcome.kind == "finished"
    assert run.api.replied == STEPS + 1


@pytest.mark.heavy
@pytest.mark.parametrize("name", ENDING)
async def test_ending_fault_before_every_turn(name: str) -> None:
    fault, kind, code = ENDING[name]
    for position in EVERYWHERE:
        run = await build({position: [fault]})
        run.check()
        assert run.outcome is not None
        assert (run.outcome.kind, run.outcome.code, run.toolbox.looked) == (kind, code, position - 1)


@pytest.mark.heavy
@pytest.mark.parametrize("at", ["before", "start", "block", "blocks"])
@pytest.mark.parametrize("position", POSITIONS)
async def test_silence_anywhere_is_given_up(at: Any, position: int) -> None:
    run = await build({position: [Broken(at, "hang")]}, silence_s=3.0)
    run.check_whole()
