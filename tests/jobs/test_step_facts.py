"""What is kept of a step: code that a replay can run."""

import ast

import pytest

from cloud.agent.contract import ToolResult
from cloud.agent.loop import Step
from cloud.jobs.script import ScriptStep, replay_script
from cloud.jobs.step_facts import pictures_in, replayed_code


@pytest.mark.parametrize("failed", [False, True], ids=["ended-well", "kept-on-error"])
def test_a_byte_order_mark_before_a_steps_code_does_not_break_the_projects_script(failed: bool) -> None:
    step = Step(1, "run_python", "Box", {"code": "\ufeffSIZE = 1.0\nbox(SIZE)\n"})
    code = replayed_code(step, ToolResult([], is_error=failed))
    assert "\ufeff" not in code
    ast.parse(replay_script([ScriptStep("Box", code, "job", "a box")]))


def test_pictures_of_one_look_have_names_without_spaces_or_brackets_and_none_twice() -> None:
    image = {"type": "image", "source": {"media_type": "image/png", "data": ""}}
    views = ["three quarter", "top (hidden from front)", "top", "../é", "from back left"]
    pictures = pictures_in(Step(7, "look", "", {}), ToolResult([image] * 5, structured={"views": views}))
    assert [picture.name for picture in pictures] == [
        "step-07-look-three_quarter.png",
        "step-07-look-top.png",
        "step-07-look-top-3.png",
        "step-07-look-view.png",
        "step-07-look-from_back_left.png",
    ]
