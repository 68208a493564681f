"""The agent loop against the real client and a scripted Messages API."""

from typing import Any

import pytest

from cloud.agent.budget import Budget
from cloud.agent.client import MessagesClient, RetryPolicy
from cloud.agent.contract import Outcome, ToolResult
from cloud.agent.loop import CALLS_A_TURN, Agent, Turn
from cloud.agent.scene_data import scene_data
from tests.agent.fakes import ListRecorder, NotebookToolbox
from tests.support.scripted_messages import (
    Entry,
    Fault,
    MessagesApi,
    Reply,
    TokenUse,
    breaks,
    calls,
    finishes,
    says,
    scripted_messages,
)

PROMPT = Turn("user", [{"type": "text", "text": "a chair"}])


class LoopRun:
    """What a test sees of one run."""

    def __init__(self) -> None:
        self.toolbox = NotebookToolbox()
        self.recorder = ListRecorder()
        self.outcome = Outcome("failed")
        self.api: MessagesApi | None = None

    @property
    def requests(self) -> list[dict[str, Any]]:
        assert self.api is not None
        return self.api.requests


async def run_loop(
    *script: Entry,
    budget: Budget | None = None,
    conversation: list[Turn] | None = None,
    kept: dict[int, ToolResult] | None = None,
) -> LoopRun:
    seen = LoopRun()
    seen.recorder.kept = kept or {}
    seen.recorder.turns.extend(conversation or [PROMPT])
    async with scripted_messages(*script) as api:
        client = MessagesClient(
            "claude-sonnet-5-5", api_key="k", base_url=api.base_url, retry=RetryPolicy(2, 0.01, 0.02)
        )
        seen.api = api
        agent = Agent(
            model=client,
            toolbox=seen.toolbox,
            recorder=seen.recorder,
            budget=budget or Budget(20, 5.0),
            system="Build.",
            conversation=list(conversation or [PROMPT]),
        )
        seen.outcome = await agent.run()
        await client.aclose()
    return seen


def answers(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The last message of a request, without cache marks."""
    return [{k: v for k, v in block.items() if k != "cache_control"} for block in request["messages"][-1]["content"]]


async def test_build_ends_with_what_finish_says() -> None:
    seen = await run_loop(
        calls(("run_python", {"code": "make()", "title": "Make it"})), finishes("A chair.", not_built=["the cat"])
    )
    assert seen.outcome == Outcome("finished", "A chair.", ("the cat",))
    assert seen.toolbox.ran == ["make()"]
    assert [step.title for step in seen.recorder.steps] == ["Make it"]


async def test_finish_with_nothing_built_is_a_failure_with_its_reason() -> None:
    seen = await run_loop(finishes("I know no dragons.", built=False, not_built=["a dragon"]))
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "nothing_built")
    assert seen.outcome.reason == "I know no dragons."
    assert seen.outcome.not_built == ("a dragon",)


async def test_turn_without_calls_ends_the_run_with_its_text() -> None:
    seen = await run_loop(says("There it stands."))
    assert seen.outcome == Outcome("finished", "There it stands.")


async def test_parallel_calls_are_answered_each_by_its_id_in_order() -> None:
    seen = await run_loop(calls(("run_python", {"code": "a"}), ("run_python", {"code": "b"})), finishes())
    blocks = answers(seen.requests[1])
    assert [block["tool_use_id"] for block in blocks] == ["call_1", "call_2"]
    assert [block["content"][0]["text"] for block in blocks] == [scene_data("ran a"), scene_data("ran b")]


async def test_calls_above_the_limit_of_a_turn_are_answered_and_not_run() -> None:
    asked = [("run_python", {"code": str(number)}) for number in range(CALLS_A_TURN + 4)]
    seen = await run_loop(calls(*asked), calls(("run_python", {"code": "again"})), finishes())
    blocks = answers(seen.requests[1])
    assert [block["tool_use_id"] for block in blocks] == [f"call_{n}" for n in range(1, CALLS_A_TURN + 5)]
    assert [block.get("is_error", False) for block in blocks] == [False] * CALLS_A_TURN + [True] * 4
    assert "not run: at most 16 calls a turn; send it again." in blocks[-1]["content"][0]["text"]
    assert seen.toolbox.ran == [*map(str, range(CALLS_A_TURN)), "again"]
    assert [step.number for step in seen.recorder.steps] == list(range(1, CALLS_A_TURN + 2))


async def test_failed_step_goes_back_to_the_model() -> None:
    seen = await run_loop(calls(("run_python", {"code": "raise"})), finishes())
    block = answers(seen.requests[1])[0]
    assert block["is_error"]
    assert "scripted" in block["content"][0]["text"]
    assert seen.outcome.kind == "finished"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [("fly", {}, "no tool 'fly'"), ("run_python", {"kode": 1}, "code is missing")],
    ids=["unknown tool", "bad input"],
)
async def test_unusable_call_goes_back_to_the_model(name: str, arguments: dict[str, Any], said: str) -> None:
    seen = await run_loop(calls((name, arguments)), finishes())
    block = answers(seen.requests[1])[0]
    assert block["is_error"]
    assert said in block["content"][0]["text"]


@pytest.mark.parametrize(
    "given",
    [{"INVALID_JSON": "[1, 2]"}, {"INVALID_JSON": '{"code": "ha'}],
    ids=["no object", "no JSON"],
)
async def test_malformed_input_goes_back_and_nothing_runs(given: Any) -> None:
    call = {"type": "tool_use", "id": "call_1", "name": "run_python", "input": given}
    seen = await run_loop(Reply([call]), finishes())
    block = answers(seen.requests[1])[0]
    assert block["is_error"]
    assert "not a JSON object" in block["content"][0]["text"]
    assert isinstance(seen.requests[1]["messages"][1]["content"][0]["input"], dict)
    assert seen.toolbox.ran == []


async def test_results_come_in_the_order_of_the_calls_where_finish_came_first() -> None:
    finish = ("finish", {"summary": "Done"})
    seen = await run_loop(calls(finish, ("run_python", {"code": "a"})), finishes())
    assert [block["tool_use_id"] for block in answers(seen.requests[1])] == ["call_1", "call_2"]
    assert [block.get("is_error", False) for block in answers(seen.requests[1])] == [True, False]


async def test_call_that_fails_again_and_again_is_told_so_and_ends_the_run() -> None:
    step = calls(("run_python", {"code": "raise"}))
    seen = await run_loop(*[step] * 9)
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "stuck")
    assert seen.toolbox.ran == ["raise"] * 6
    told = [len(answers(request)) > 1 for request in seen.requests[1:]]
    assert told == [False, False, True, True, True]
    assert "failed 3 times" in answers(seen.requests[3])[1]["text"]


async def test_other_calls_in_between_begin_the_count_of_failures_anew() -> None:
    bad, good = calls(("run_python", {"code": "raise"})), calls(("run_python", {"code": "ok"}))
    seen = await run_loop(bad, bad, good, bad, bad, finishes())
    assert seen.outcome.kind == "finished"
    assert all(len(answers(request)) == 1 for request in seen.requests[1:])


async def test_run_that_stopped_when_stuck_ends_at_once_when_taken_up() -> None:
    turns = [PROMPT]
    for number in range(6):
        call = {"type": "tool_use", "id": f"c{number}", "name": "run_python", "input": {"code": "raise"}}
        result = {"type": "tool_result", "tool_use_id": f"c{number}", "content": [], "is_error": True}
        turns += [Turn("assistant", [call], "tool_use"), Turn("user", [result])]
    seen = await run_loop(conversation=turns)
    assert (seen.outcome.code, seen.requests) == ("stuck", [])


async def test_empty_reply_is_asked_for_again_and_then_ends_the_run() -> None:
    empty = Reply([], "end_turn")
    seen = await run_loop(calls(("run_python", {"code": "a"}), text="The seat."), *[empty] * 5)
    assert len(seen.requests) == 4
    assert "empty" in answers(seen.requests[2])[0]["text"]
    assert (seen.outcome.kind, seen.outcome.summary) == ("finished", "The seat.")


async def test_unknown_stop_reason_with_calls_runs_them_and_without_ends_the_run() -> None:
    seen = await run_loop(calls(("run_python", {"code": "a"}), stop_reason="brand_new"), says("Done.", "brand_new"))
    assert seen.toolbox.ran == ["a"]
    assert seen.outcome == Outcome("finished", "Done.")


async def test_model_that_pauses_for_ever_ends_the_run() -> None:
    seen = await run_loop(*[says("One moment.", "pause_turn")] * 9)
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "paused")
    assert len(seen.requests) == 6


async def test_calls_of_a_full_context_are_not_run_and_the_model_may_try_again() -> None:
    seen = await run_loop(
        calls(("run_python", {"code": "half"}), stop_reason="model_context_window_exceeded"), finishes()
    )
    assert seen.toolbox.ran == []
    assert "the conversation was full" in answers(seen.requests[1])[0]["content"][0]["text"]
    assert seen.outcome.kind == "finished"


async def test_thinking_goes_back_unchanged_and_unsigned_thinking_does_not() -> None:
    signed = {"type": "thinking", "thinking": "Three legs.", "signature": "abc="}
    unsigned = {"type": "thinking", "thinking": "Four l", "signature": ""}
    seen = await run_loop(
        Reply([signed, *calls(("run_python", {"code": "a"})).content]), Reply([unsigned], "max_tokens"), finishes()
    )
    assert seen.requests[1]["messages"][1]["content"][0] == signed
    assert [block["type"] for block in seen.requests[2]["messages"][3]["content"]] == ["text"]


async def test_model_is_told_when_little_is_left() -> None:
    step = calls(("run_python", {"code": "x"}))
    seen = await run_loop(*[step] * 6, budget=Budget(5, 5.0))
    notes = [block["text"] for request in seen.requests for block in answers(request)[1:]]
    assert len(notes) == 3
    assert "about 3 more replies" in notes[0]
    assert "last reply" in notes[2]
    assert seen.outcome.kind == "budget_reached"


async def test_token_budget_ends_the_run() -> None:
    step = calls(("run_python", {"code": "x"}))
    seen = await run_loop(*[step] * 6, budget=Budget(50, 5.0, max_tokens=300))
    assert seen.outcome.kind == "budget_reached"
    assert "300 tokens" in seen.outcome.reason
    assert len(seen.requests) == 3


async def test_call_is_known_from_its_beginning() -> None:
    seen = await run_loop(breaks(), finishes())
    assert [call.tokens.input_tokens for call in seen.recorder.begun] == [100, 100]
    assert seen.recorder.begun[0].tokens.output_tokens == 1


async def test_bad_finish_goes_back_to_the_model() -> None:
    seen = await run_loop(calls(("finish", {"summary": 3})), finishes("Now right."))
    assert answers(seen.requests[1])[0]["is_error"]
    assert seen.outcome.summary == "Now right."


async def test_finish_beside_a_failed_call_is_refused() -> None:
    finish = ("finish", {"summary": "Done", "built": True, "not_built": []})
    seen = await run_loop(calls(finish, ("run_python", {"code": "raise"})), finishes("Mended."))
    assert {block["tool_use_id"]: block["is_error"] for block in answers(seen.requests[1])} == {
        "call_1": True,
        "call_2": True,
    }
    assert seen.outcome.summary == "Mended."


async def test_calls_of_a_turn_that_was_cut_off_are_not_run() -> None:
    seen = await run_loop(calls(("run_python", {"code": "half"}), stop_reason="max_tokens"), finishes())
    assert seen.toolbox.ran == []
    assert "cut off" in answers(seen.requests[1])[0]["content"][0]["text"]


async def test_text_that_was_cut_off_is_asked_for_again() -> None:
    seen = await run_loop(says("I will", "max_tokens"), finishes())
    assert "cut off" in answers(seen.requests[1])[0]["text"]
    assert seen.outcome.kind == "finished"


async def test_model_that_is_always_cut_off_fails_the_run() -> None:
    seen = await run_loop(*[says("and so on", "max_tokens")] * 5)
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "reply_too_long")


async def test_paused_turn_goes_on() -> None:
    seen = await run_loop(says("One moment.", "pause_turn"), finishes())
    assert seen.requests[1]["messages"][-1]["role"] == "assistant"
    assert seen.outcome.kind == "finished"


async def test_refusal_ends_the_run_as_refused() -> None:
    seen = await run_loop(says("I cannot help with that.", "refusal"))
    assert (seen.outcome.kind, seen.outcome.reason) == ("refused", "I cannot help with that.")


async def test_full_context_fails_the_run_with_a_reason() -> None:
    seen = await run_loop(*[says("…", "model_context_window_exceeded")] * 3)
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "context_exceeded")


async def test_stop_sequence_ends_the_run() -> None:
    assert (await run_loop(says("Done.", "stop_sequence"))).outcome.kind == "finished"


async def test_empty_turn_can_be_sent_back() -> None:
    seen = await run_loop(Reply([], "max_tokens"), finishes())
    assert seen.requests[1]["messages"][1]["content"] == [{"type": "text", "text": "(no answer)"}]
    assert seen.outcome.kind == "finished"


async def test_step_budget_ends_the_run() -> None:
    step = calls(("run_python", {"code": "x"}))
    seen = await run_loop(*[step] * 5, budget=Budget(2, 5.0))
    assert seen.outcome.kind == "budget_reached"
    assert seen.toolbox.ran == ["x", "x"]
    assert "2 model calls" in seen.outcome.reason


async def test_money_budget_ends_the_run() -> None:
    dear = Reply(calls(("run_python", {"code": "x"})).content, use=TokenUse(input_tokens=1_000_000, output_tokens=20))
    seen = await run_loop(*[dear] * 5, budget=Budget(20, 3.0))
    assert seen.outcome.kind == "budget_reached"
    assert seen.recorder.usd == pytest.approx(2 * 2.0002)


async def test_permanent_model_error_fails_the_run_with_its_sentence() -> None:
    seen = await run_loop(Fault(401, "authentication_error", "invalid x-api-key"))
    assert (seen.outcome.kind, seen.outcome.code) == ("failed", "model_key_refused")
    assert "ANTHROPIC_API_KEY" in seen.outcome.reason


async def test_run_taken_up_from_a_transcript_runs_the_calls_that_have_no_results() -> None:
    asked = Turn(
        "assistant",
        [{"type": "tool_use", "id": "call_7", "name": "run_python", "input": {"code": "late()"}}],
        "tool_use",
    )
    seen = await run_loop(finishes(), conversation=[PROMPT, asked])
    assert [turn.role for turn in seen.recorder.turns] == ["user", "assistant", "user", "assistant"]
    assert answers(seen.requests[0])[0]["tool_use_id"] == "call_7"
    assert seen.toolbox.ran == ["late()"]


async def test_calls_that_have_ended_in_an_earlier_run_are_not_run_again() -> None:
    uses = calls(*[("run_python", {"code": code}) for code in "abc"]).content
    asked = Turn("assistant", [{**use, "id": f"call_{number}"} for number, use in enumerate(uses)], "tool_use")
    kept = {
        1: ToolResult([{"type": "text", "text": "kept a"}]),
        2: ToolResult([{"type": "text", "text": "kept b"}], is_error=True),
    }
    seen = await run_loop(finishes(), conversation=[PROMPT, asked], kept=kept)
    assert seen.toolbox.ran == ["c"]
    assert [step.number for step in seen.recorder.steps] == [3]
    blocks = answers(seen.requests[0])
    assert [block["content"][0]["text"] for block in blocks] == [
        scene_data(text) for text in ("kept a", "kept b", "ran c")
    ]
    assert [block.get("is_error", False) for block in blocks] == [False, True, False]


async def test_call_that_broke_off_counts_towards_the_budget() -> None:
    budget = Budget(20, 5.0)
    seen = await run_loop(breaks(), finishes(), budget=budget)
    (cost,) = seen.recorder.cut_offs
    assert cost.usd
    assert budget.usd == pytest.approx(seen.recorder.usd + cost.usd)
