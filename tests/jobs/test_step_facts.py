"""What is kept of a step: code that a replay can run."""

import ast

import pytest

from cloud.agent.contract import ToolResult
from cloud.agent.loop import Step
from cloud.jobs.script import ScriptStep, replay_script
from cloud.jobs.step_facts import replayed_code


@pytest.mark.parametrize("failed", [False, True], ids=["ended-well", "kept-on-error"])
def test_a_byte_order_mark_before_a_steps_code_does_not_break_the_projects_script(failed: bool) -> None:
    step = Step(1, "run_python", "Box", {"code": "\ufeffSIZE = 1.0\nbox(SIZE)\n"})
    code = replayed_code(step, ToolResult([], is_error=failed))
    assert "\ufeff" not in code
    ast.parse(replay_script([ScriptStep("Box", code, "job", "a box")]))
