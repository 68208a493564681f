"""The conversation's turns, without Blender: what is said and asked for after which results."""

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.agent.offline.bundle import library
from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.conversation import next_reply
from cloud.agent.offline.wire import ToolUse

TOOLS = {"run_python", "look", "inspect", "finish"}
TURNS_AT_MOST = 60
INSPECTED = "Mug [mug] 0.12 × 0.085 × 0.1 m at (0, 0, 0); materials Ceramic; 900 triangles"


def converse(
    prompt: str, *, failing: str = "", empty: bool = True, picture: bool = False, pages: tuple[str, ...] = (INSPECTED,)
) -> list[ToolUse]:
    """All tool calls up to `finish`; steps whose title holds `failing` fail; `pages` is what stands in the scene."""
    content: list[dict[str, Any]] = [{"type": "image", "source": {}}] if picture else []
    content += [{"type": "text", "text": f"<scene>{'empty' if empty else '1 objects'}</scene>"}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": [*content, {"type": "text", "text": prompt}]}]
    uses: list[ToolUse] = []
    for turn in range(TURNS_AT_MOST):
        (use,) = next_reply(messages, TOOLS).tool_uses
        uses.append(use)
        if use.name == "finish":
            return uses
        is_error = bool(failing) and failing in str(use.arguments.get("title"))
        text = pages[use.arguments["page"] - 1] if use.name == "inspect" else "done"
        block = {"type": "tool_use", "id": f"t{turn}", "name": use.name, "input": use.arguments}
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": text, "is_error": is_error}
        messages += [{"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]
    raise AssertionError("the conversation does not end")


def test_scene_is_built_step_by_step_then_looked_at_then_finished() -> None:
    uses = converse("a red wooden chair next to a round table with two mugs on it")
    assert [use.name for use in uses] == ["run_python"] * 4 + ["look", "finish"]
    assert [use.arguments.get("title") for use in uses[:4]] == [
        "Build a round table", "Build a red wooden chair", "Build two mugs", "Light and camera",
    ]  # fmt: skip
    assert uses[-1].arguments["built"] is True
    assert uses[-1].arguments["not_built"] == []


def test_step_has_named_parameters_on_top_and_compiles_alone() -> None:
    code = converse("a huge red chair")[0].arguments["code"]
    assigned = [node.targets[0] for node in ast.parse(code).body if isinstance(node, ast.Assign)]
    names = [target.id for target in assigned if isinstance(target, ast.Name)]
    assert names[:4] == ["CHAIR_WIDTH", "CHAIR_DEPTH", "CHAIR_HEIGHT", "CHAIR_SIZE_M"]


def test_unknown_request_fails_at_once_and_names_the_key() -> None:
    (finish,) = converse("a dragon")
    assert (finish.name, finish.arguments["built"], finish.arguments["not_built"]) == ("finish", False, ["dragon"])
    assert "Claude key" in finish.arguments["summary"]
    assert "“dragon”" in finish.arguments["summary"]


def test_unknown_part_is_listed_while_the_rest_is_built() -> None:
    finish = converse("a chair and a dragon")[-1].arguments
    assert (finish["built"], finish["not_built"]) == (True, ["dragon"])


def test_reference_picture_is_listed_as_not_built() -> None:
    assert "the reference picture" in converse("a chair", picture=True)[-1].arguments["not_built"]


def test_failing_step_is_tried_twice_then_left_out() -> None:
    uses = converse("a table and a chair", failing="Build a table")
    titles = [use.arguments.get("title") for use in uses]
    assert titles.count("Build a table") == 2
    assert "Build a chair" in titles
    assert uses[-1].arguments["built"] is True
    assert uses[-1].arguments["not_built"] == ["a table"]


def test_nothing_but_failures_ends_as_not_built() -> None:
    assert converse("a table", failing="Build")[-1].arguments["built"] is False


def test_scene_is_inspected_before_an_edit() -> None:
    uses = converse("make the mug blue", empty=False)
    assert [use.name for use in uses][:2] == ["inspect", "run_python"]
    assert "OBJECTS = ['Mug']" in uses[1].arguments["code"]


def test_a_scene_of_several_pages_is_read_to_its_end() -> None:
    pages = (f"2 objects.\nPage 1 of 2:\n{INSPECTED}", f"2 objects.\nPage 2 of 2:\n{INSPECTED.replace('Mug', 'Mug 2')}")
    uses = converse("make the mugs blue", empty=False, pages=pages)
    assert [use.name for use in uses][:3] == ["inspect", "inspect", "run_python"]
    assert "OBJECTS = ['Mug', 'Mug 2']" in uses[2].arguments["code"]


def test_missing_thing_ends_as_not_built_with_what_is_there() -> None:
    finish = converse("make the sofa blue", empty=False)[-1].arguments
    assert finish["built"] is False
    assert "There is no sofa in the scene. In the scene there is: Mug." in finish["summary"]


def test_name_from_the_user_reaches_the_code_as_a_literal_only() -> None:
    code = converse("a cube named \"x'); import os; os.remove('y\"")[0].arguments["code"]
    assigned = [node for node in ast.parse(code).body if isinstance(node, ast.Assign)]
    names = next(node for node in assigned if ast.unparse(node.targets[0]) == "CUBE_NAMES")
    assert ast.literal_eval(names.value) == ["x'); import os; os.remove('y"]


def test_the_same_messages_give_the_same_reply() -> None:
    messages = [{"role": "user", "content": "a row of five trees and a car"}]
    assert next_reply(messages, TOOLS) == next_reply(messages, TOOLS)


@pytest.mark.parametrize("prompt", ["", " ", "\x00\x07", "🪑" * 500, "a " * 4000, "((((", "chair " * 1500])
def test_odd_prompt_ends_in_finish(prompt: str) -> None:
    assert converse(prompt)[-1].name == "finish"


@settings(max_examples=60, deadline=None)
@given(prompt=st.text(max_size=60), empty=st.booleans())
def test_any_text_ends_in_finish(prompt: str, empty: bool) -> None:
    assert converse(prompt, empty=empty)[-1].name == "finish"


@pytest.mark.parametrize("key", sorted(THINGS))
def test_every_noun_of_the_catalogue_is_read_as_its_thing(key: str) -> None:
    for noun in THINGS[key].nouns:
        (first, *_) = converse(f"a {noun}")
        assert first.name == "run_python", noun
        assert f"build_things({THINGS[key].builder}," in first.arguments["code"], noun


def test_library_gives_each_function_after_what_it_needs() -> None:
    imports, sources = library().bundle(["build_chair", "place_on"])
    defined: set[str] = set()
    for node in ast.parse("\n\n".join(sources)).body:
        if isinstance(node, ast.FunctionDef):
            evaluated = [*node.args.defaults, *(a.annotation for a in node.args.args if a.annotation)]
            used = {name.id for part in evaluated for name in ast.walk(part) if isinstance(name, ast.Name)}
            assert used & set(library().definitions) <= defined
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    assert {"build_chair", "place_on"} <= defined
    assert "import bpy" in imports
