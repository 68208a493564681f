"""What the offline modeller says it will build, and builds when a brief comes back changed."""

import json

import pytest
from starlette.testclient import TestClient

from cloud.agent.brief import Brief, brief_text
from cloud.agent.offline.briefing import amend, brief_of_prompt
from cloud.agent.offline.grammar import parse
from cloud.agent.offline.plan import make_plan
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.server import create_app
from cloud.agent.refine import BRIEF_SCHEMA, read_brief

PROMPT = "a red wooden chair next to a round table with two mugs on it and a dragon"


def text_of(prompt: str = PROMPT) -> str:
    return brief_text(Brief.model_validate(brief_of_prompt(prompt, scene_is_empty=True, has_pictures=False)))


def titles(brief: str, prompt: str = PROMPT) -> list[str]:
    """What is built of the prompt by this brief."""
    request = parse(prompt)
    amend(request, brief)
    return [step.title for step in make_plan(request, SceneFacts()).steps if step.title.startswith("Build ")]


def test_the_brief_says_what_will_be_built_and_what_will_not() -> None:
    brief = read_brief(brief_of_prompt(PROMPT, scene_is_empty=True, has_pictures=True), "concise")
    told = [(part.count, part.name, part.material, part.description) for part in brief.parts]
    assert told == [
        (1, "Chair", "red wooden", "next to the table"),
        (1, "Table", "", ""),
        (2, "Mug", "", "on the table"),
    ]
    assert all(0.05 < length < 2 for part in brief.parts for length in part.size_m)
    assert "cannot build “dragon”" in brief.summary
    assert "cannot look at reference pictures" in brief.summary
    assert "There are two mugs." in brief.checks


def test_the_brief_unchanged_builds_what_the_prompt_builds() -> None:
    assert titles(text_of()) == ["Build a round table", "Build a red wooden chair", "Build two mugs"]


@pytest.mark.parametrize(
    ("old", "new", "built"),
    [
        ("2 × Mug", "3 × Mug", "Build three mugs"),
        ("red wooden", "blue metal", "Build a blue metal chair"),
        ("To check", "- 2 × Vase: 0.1×0.1×0.3 m, green\nTo check", "Build two green vases"),
    ],
    ids=["count", "material", "another-part"],
)
def test_what_the_user_changes_in_the_brief_is_built(old: str, new: str, built: str) -> None:
    assert built in titles(text_of().replace(old, new))


def test_a_changed_size_is_the_size_that_is_built() -> None:
    request = parse(PROMPT)
    amend(request, text_of().replace("Table: 1.125×1.125×0.75", "Table: 2×1×0.5"))
    step = next(step for step in make_plan(request, SceneFacts()).steps if step.title == "Build a round table")
    assert "TABLE_HEIGHT = 0.5" in step.code


def test_a_part_that_is_struck_out_is_not_built_and_carries_nothing() -> None:
    text = "\n".join(line for line in text_of().splitlines() if not line.startswith("- Table"))
    assert titles(text) == ["Build a red wooden chair", "Build two mugs"]


def test_a_brief_of_parts_that_are_unknown_leaves_the_prompt_as_it_is() -> None:
    request = parse("a chair")
    amend(request, "A chair\nParts:\n- Seat: 0.4×0.4×0.04 m")
    assert "not what the offline modeller makes" in request.remarks[-1]
    assert len(make_plan(request, SceneFacts()).steps) == 2


@pytest.mark.parametrize("prompt", ["", "xyzzy", "quick " * 2_000, "a chair and " * 300, "\ud800"], ids=len)
def test_any_prompt_has_a_brief(prompt: str) -> None:
    for empty in (True, False):
        assert brief_of_prompt(prompt, scene_is_empty=empty, has_pictures=False)["title"]


def test_the_server_answers_a_briefs_schema_and_refuses_others() -> None:
    def ask(schema: object) -> tuple[int, dict]:
        content = [{"type": "text", "text": "<scene>empty</scene>"}, {"type": "text", "text": "a chair"}]
        body = {
            "model": "offline-modeller",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": content}],
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        }
        answer = client.post("/v1/messages", json=body)
        return answer.status_code, answer.json()

    with TestClient(create_app()) as client:
        status, message = ask(BRIEF_SCHEMA)
        assert status == 200
        assert json.loads(message["content"][0]["text"])["parts"][0]["name"] == "Chair"
        for other in ({"type": "object", "properties": {"decision": {"type": "string"}}}, None, 7):
            status, error = ask(other)
            assert status == 400
            assert "it judges no scene" in error["error"]["message"]
