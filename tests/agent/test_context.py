"""What of a conversation is sent: few tokens, a prefix that stays, and always a conversation that the API takes."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from cloud.agent.context import ContextRules, messages_of
from cloud.agent.contract import ToolResult
from cloud.agent.estimate import pictures_in, tokens_of
from cloud.agent.scene_data import scene_data
from cloud.agent.turns import Turn, tool_result
from tests.agent.cache_model import billed_naively, billed_with_cache
from tests.agent.conversations import call, code, image, job, result, step, text

FRAME_TOKENS = 4_300


def calls_of(turns: list[Turn]) -> list[list[Turn]]:
    """The conversation as it was at each call of the model."""
    return [turns[:end] for end in range(1, len(turns)) if turns[end].role == "assistant"]


def plain(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without cache marks."""
    return [
        {**one, "content": [{k: v for k, v in block.items() if k != "cache_control"} for block in one["content"]]}
        for one in messages
    ]


def size(messages: list[dict[str, Any]]) -> int:
    return FRAME_TOKENS + sum(tokens_of(message["content"]) for message in messages)


def marks(messages: list[dict[str, Any]]) -> int:
    return sum("cache_control" in block for message in messages for block in message["content"])


def demand_valid(messages: list[dict[str, Any]]) -> None:
    """Roles alternate, and each call is answered once, first, in the next turn."""
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"] * (
        len(messages) % 2
    )
    for asked, answered in zip(messages[1::2], messages[2::2], strict=False):
        wanted = [block["id"] for block in asked["content"] if block["type"] == "tool_use"]
        kinds = [block["type"] for block in answered["content"]]
        assert [block["tool_use_id"] for block in answered["content"][: len(wanted)]] == wanted
        assert kinds.count("tool_result") == len(wanted)
    assert marks(messages) <= 3


@pytest.mark.parametrize(
    ("options", "at_most"),
    [({}, 0.135), ({"apart": True}, 0.09), ({"lines": 60, "thinks": True}, 0.135), ({"lines": 12}, 0.135)],
    ids=["one call a step", "two calls a step", "long code", "short code"],
)
def test_forty_steps_are_billed_an_eighth_of_what_sending_everything_is(
    options: dict[str, Any], at_most: float
) -> None:
    asked = calls_of(job(41, **options))
    naive = [[{"role": turn.role, "content": turn.content} for turn in turns] for turns in asked]
    ours = [messages_of(turns, None, FRAME_TOKENS) for turns in asked]
    part = billed_with_cache(FRAME_TOKENS, ours) / billed_naively(FRAME_TOKENS, naive)
    assert part <= at_most
    for messages in ours:
        demand_valid(messages)


@pytest.mark.parametrize("limit", [200_000, 40_000], ids=["usual model", "small model"])
def test_three_hundred_steps_stay_within_the_limit(limit: int) -> None:
    asked = calls_of(job(301, lines=80))
    rules = ContextRules().within(limit)
    for turns in asked[::19]:
        messages = messages_of(turns, rules, FRAME_TOKENS)
        demand_valid(messages)
        assert size(messages) < 0.8 * limit
    assert "older steps are left out" in str(messages_of(asked[-1], rules, FRAME_TOKENS)[0])


def test_short_jobs_are_sent_whole() -> None:
    turns = job(8)
    assert plain(messages_of(turns)) == [{"role": turn.role, "content": turn.content} for turn in turns]


def test_same_conversation_gives_the_same_bytes() -> None:
    assert messages_of(job(30)) == messages_of(job(30))


def test_prefix_changes_at_few_calls() -> None:
    asked = calls_of(job(41))
    sent = [plain(messages_of(turns)) for turns in asked]
    rewritten = [now for now, (old, new) in enumerate(itertools.pairwise(sent)) if new[: len(old)] != old]
    assert 1 <= len(rewritten) <= 4


def test_folded_steps_are_told_in_a_line_each_and_the_newest_stay_as_they_are() -> None:
    turns = job(24, thinks=True)
    turns[3:5] = step_that_fails(2)
    messages = messages_of(turns)
    digest = messages[0]["content"][-1]["text"]
    assert messages[0]["content"][1]["text"] == "a castle with a moat"
    assert '1. run_python "Part 1": OK: added Part 1. Scene: 1 objects, 120 triangles.' in digest
    assert '3. run_python "Part 2": FAILED: ValueError: no such part' in digest
    assert "part_1_1" not in str(messages)
    newest = plain(messages)[-6:]
    assert newest[0]["content"] == turns[-6].content
    assert newest[0]["content"][0]["signature"] == "signed 22"
    assert len(pictures_in(newest[-1]["content"])) == 1


def step_that_fails(number: int) -> list[Turn]:
    asked = Turn("assistant", [call("bad", "run_python", title=f"Part {number}", code="no()")], "tool_use")
    return [asked, Turn("user", [result("bad", text("ValueError: no such part\n  line 1"), is_error=True)])]


def test_old_pictures_and_long_outputs_are_dropped_where_the_prefix_is_rewritten_anyway() -> None:
    turns = job(24)
    shown = [len(pictures_in(message["content"])) for message in messages_of(turns)]
    assert sum(shown) < 24
    first = next(index for index, count in enumerate(shown) if count)
    assert all(shown[first::2])
    assert "older picture left out" in str(messages_of(turns)[:first])


def test_reference_pictures_and_words_of_the_user_outlive_the_folding() -> None:
    turns = job(30)
    turns[0] = Turn("user", [image(400), text("as in the picture")])
    turns[6] = Turn("user", [*turns[6].content, text("The reviewer says: the door is missing.")])
    turns[8] = Turn("user", [*turns[8].content, text("<note>3 replies left</note>")])
    opening = messages_of(turns)[0]["content"]
    assert opening[0] == image(400)
    assert "Then you were told: The reviewer says: the door is missing." in opening[-1]["text"]
    assert "replies left" not in opening[-1]["text"]


def test_first_prompt_stays_a_breakpoint_when_the_digest_changes() -> None:
    opening = messages_of(job(24))[0]["content"]
    assert "cache_control" in opening[-2]
    assert opening[-2]["text"] == "a castle with a moat"


def test_many_large_pictures_fold_before_the_api_refuses_them() -> None:
    turns = [Turn("user", [text("a town")])]
    for number in range(20):
        asked = Turn("assistant", [call(f"look_{number}", "look")], "tool_use")
        turns += [asked, Turn("user", [result(f"look_{number}", *[image(number, 64)] * 6)])]
    for end in range(1, len(turns) + 1, 2):
        shown = sum(len(pictures_in(message["content"])) for message in messages_of(turns[:end]))
        assert shown <= 60


def test_conversation_that_overflowed_is_folded_harder() -> None:
    turns = job(6)
    full = [
        Turn("assistant", [text("I w")], "model_context_window_exceeded"),
        Turn("user", [text("<note>again</note>")]),
    ]
    rules = ContextRules(limit_tokens=20_000)
    assert size(messages_of([*turns, *full, *full], rules, FRAME_TOKENS)) < size(
        messages_of(turns, rules, FRAME_TOKENS)
    )
    assert size(messages_of(turns, rules.squeezed(), FRAME_TOKENS)) < 0.4 * 20_000 + FRAME_TOKENS


def test_result_larger_than_the_model_is_cut() -> None:
    huge = [Turn("assistant", [call("c", "inspect")], "tool_use"), Turn("user", [result("c", text(code(1, 9_000)))])]
    messages = messages_of([*job(2), *huge], ContextRules(limit_tokens=100_000), FRAME_TOKENS)
    demand_valid(messages)
    assert size(messages) < 75_000
    assert "characters left out" in str(messages[-1])


def test_turns_of_a_paused_model_are_sent_as_one() -> None:
    paused = [Turn("assistant", [text("One moment. ")], "pause_turn")]
    asked = [*job(1), *paused]
    assert messages_of(asked)[-1]["content"] == [text("One moment.")]
    whole = messages_of([*asked, *step(2)])
    demand_valid(whole)
    assert [block["type"] for block in whole[3]["content"]] == ["text", "text", "tool_use", "tool_use"]


def test_call_that_the_api_would_not_take_back_goes_back_as_one_that_it_takes() -> None:
    odd = Turn("assistant", [{"type": "tool_use", "id": "odd", "name": "look around!", "input": ["front"]}], "tool_use")
    answered = [*job(1), odd, Turn("user", [result("odd", text("not an object"), is_error=True)])]
    (sent,) = messages_of(answered)[-2]["content"]
    assert (sent["name"], sent["input"]) == ("unknown_tool", {})


def test_answer_to_a_failed_call_holds_no_picture() -> None:
    failed = ToolResult([text("half of it failed"), image(1)], is_error=True)
    assert tool_result(call("c", "run_python"), failed)["content"] == [text(scene_data("half of it failed"))]
