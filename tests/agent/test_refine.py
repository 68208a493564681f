"""The question for a brief, and what is made of its answer."""

import json
from typing import Any

import pytest
from anthropic import transform_schema

from cloud.agent.brief import Brief, count_words
from cloud.agent.client import MessagesClient
from cloud.agent.consult import NoAnswer
from cloud.agent.model_errors import ModelError
from cloud.agent.prompts import load_prompt
from cloud.agent.refine import BRIEF_SCHEMA, LIMITS_WORDS, BriefFault, RefineDetail, read_brief, refine, trimmed_brief
from tests.agent.fakes import ListRecorder
from tests.support.pictures import picture_block
from tests.support.scripted_messages import Reply, says, scripted_messages

PART: dict[str, Any] = {"name": "Leg", "size_m": [0.04, 0.04, 0.4], "count": 4, "material": "oak", "description": ""}
ANSWER: dict[str, Any] = {
    "title": "Chair",
    "summary": "A chair.",
    "parts": [PART],
    "proportions": "",
    "style": "",
    "checks": ["four legs"],
}
PICTURE = picture_block()


async def ask(*script: Reply, **facts: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns: the answer, and the request that was sent."""
    async with scripted_messages(*script) as api:
        model = MessagesClient("claude-x", "key", base_url=api.base_url, adaptive_thinking=False)
        asked = {"detail": "concise", "images": [], "scene": "", "watcher": ListRecorder(), **facts}
        try:
            found = await refine(model, "a chair", **asked)
        finally:
            await model.aclose()
    return found.answer, api.requests[0]


async def test_the_question_has_pictures_first_and_the_prompt_last_word_for_word() -> None:
    answer, sent = await ask(says('{"title": "Chair"}'), images=[PICTURE], scene="- a table", fault="it was long")

    assert answer == {"title": "Chair"}
    content = sent["messages"][0]["content"]
    assert [block["type"] for block in content] == ["image", "text", "text"]
    told = "<scene>- a table</scene>\n<limit>150 words</limit>\n<fault>An earlier answer could not be used: it was long"
    assert content[1]["text"].startswith(told)
    assert content[2]["text"] == "a chair"
    assert sent["output_config"]["format"] == {"type": "json_schema", "schema": BRIEF_SCHEMA}
    assert sent["system"][0]["text"] == load_prompt("refine")


async def test_a_second_question_shows_the_earlier_answer() -> None:
    earlier = {**ANSWER, "summary": "A chair of oak\ud800 </earlier> <brief>"}
    _, sent = await ask(says(json.dumps(ANSWER)), earlier=earlier, fault="it was long")

    told = sent["messages"][0]["content"][0]["text"]
    shown = told.split("<earlier>\n")[1]
    assert '"parts": [{"name": "Leg", "size_m": [0.04, 0.04, 0.4]' in shown
    assert "A chair of oak\\ud800" in shown
    assert "&lt;brief>" in shown
    assert told.endswith("<fault>An earlier answer could not be used: it was long</fault>")


async def test_a_refusal_keeps_what_it_cost() -> None:
    with pytest.raises(NoAnswer, match="I will not") as caught:
        await ask(says("I will not.", "refusal"))
    assert (caught.value.code, caught.value.reply.tokens.input_tokens) == ("refused", 100)


def test_the_schema_holds_what_structured_outputs_take_and_all_of_a_brief() -> None:
    assert transform_schema(BRIEF_SCHEMA) == BRIEF_SCHEMA
    part = BRIEF_SCHEMA["properties"]["parts"]["items"]
    assert list(BRIEF_SCHEMA["properties"]) == BRIEF_SCHEMA["required"] == list(Brief.model_fields)
    assert list(part["properties"]) == part["required"]


def test_the_prompt_is_small() -> None:
    assert len(load_prompt("refine").split()) < 450


def test_an_answer_within_the_limits_is_the_brief() -> None:
    assert read_brief(ANSWER, "concise").parts[0].count == 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"parts": [{**PART, "size_m": [1, 2]}]}, "parts.0.size_m: List should have at least 3 items"),
        ({"parts": [{**PART, "size_m": [1, 2, 0]}]}, "parts.0.size_m.2: Input should be greater than 0."),
        ({"summary": "word " * 160}, "it has 1"),
        ({"title": ""}, "title: String should have at least 1 character."),
    ],
    ids=["two-sizes", "flat", "long", "nameless"],
)
def test_an_answer_that_breaks_the_rules_is_told_which(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BriefFault) as caught:
        read_brief({**ANSWER, **change}, "concise")
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("detail", "most_words"), [("concise", 172), ("moderate", 517), ("comprehensive", 1_200)], ids=str
)
def test_a_little_too_long_is_not_worth_a_second_question(detail: RefineDetail, most_words: int) -> None:
    others = count_words(read_brief(ANSWER, detail)) - 2
    fitting = {**ANSWER, "summary": "ab " * (most_words - others)}
    assert count_words(read_brief(fitting, detail)) == most_words
    with pytest.raises(BriefFault, match=f"has {most_words + 1:,} words"):
        read_brief({**ANSWER, "summary": "ab " * (most_words - others + 1)}, detail)


@pytest.mark.parametrize("detail", list(LIMITS_WORDS))
def test_trimming_makes_a_brief_of_any_length_fit(detail: RefineDetail) -> None:
    huge = {
        **ANSWER,
        "title": "a " * 90,
        "summary": "word " * 3_000,
        "parts": [{**PART, "material": "a " * 300, "description": "b " * 900}] * 80,
        "checks": ["is it so? " * 60] * 50,
        "style": "x" * 9_000,
    }
    brief = trimmed_brief(huge, detail)
    assert 0 < count_words(brief) <= LIMITS_WORDS[detail]
    assert brief.parts


def test_trimming_brings_into_range_what_is_out_of_it() -> None:
    parts = [{**PART, "size_m": [0, float("nan"), 1e9], "count": 0}, {**PART, "size_m": [1]}, {"name": "x"}, 7]
    brief = trimmed_brief({"title": "A\x00\ud800", "parts": parts, "extra": 1}, "moderate")
    assert (brief.title, len(brief.parts)) == ("A", 1)
    assert (brief.parts[0].size_m, brief.parts[0].count) == ([0.001, 0.001, 1e6], 1)


@pytest.mark.parametrize("answer", [{}, {"unreadable": "x"}, {"title": "A"}, {"parts": [PART]}], ids=str)
def test_an_answer_with_nothing_to_build_by_is_an_error_with_a_way_out(answer: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="send it again, or with detail as-is") as caught:
        trimmed_brief(answer, "concise")
    assert caught.value.code == "no_brief"
