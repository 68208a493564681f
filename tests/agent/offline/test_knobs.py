"""What the offline modeller's code has to turn: each parameter runs at the ends of its range and changes the scene."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.grammar import parse
from cloud.agent.offline.plan import make_plan
from cloud.agent.offline.scene_facts import read_facts
from cloud.jobs.parameters.scene import scene_parameters

FEW = ("chair", "shelf", "plane", "torus", "star")


def listed(prompt: str) -> dict[str, Any]:
    """The parameters of the scene that the prompt makes, as they are read from its steps' code."""
    empty = read_facts("")
    plan = make_plan(parse(prompt, empty), empty)
    return {each.id: each.parameter for each in scene_parameters([step.code for step in plan.steps])}


def report(*keys: str) -> dict[str, Any]:
    """What one Blender process tells of these things."""
    script = Path(__file__).with_name("parameters_report.py")
    done = subprocess.run(
        [sys.executable, str(script), *keys],
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("REPORT="))
    return json.loads(line.removeprefix("REPORT="))


def test_measures_counts_and_colours_of_a_scene_are_parameters() -> None:
    found = listed("a round table with four red chairs")
    assert {name: parameter.kind for name, parameter in found.items()} == {
        "TABLE_DIAMETER": "number", "TABLE_HEIGHT": "number", "TABLE_LEGS": "count", "TABLE_TOP_COLOR": "colour",
        "CHAIR_WIDTH": "number", "CHAIR_DEPTH": "number", "CHAIR_HEIGHT": "number", "CHAIR_SLATS": "count",
        "CHAIR_FRAME_COLOR": "colour", "CHAIR_COUNT": "count",
    }  # fmt: skip
    height = found["CHAIR_HEIGHT"]
    assert (height.value, height.unit, height.description) == (0.92, "m", "from bottom to top")
    assert (found["CHAIR_COUNT"].min, found["CHAIR_COUNT"].max) == (1, 10)


def test_what_a_prompt_measures_itself_is_the_parameter() -> None:
    assert "UV_SPHERE_RADIUS" in listed("a sphere of radius 0.5 m")
    assert "UV_SPHERE_WIDTH" not in listed("a sphere of radius 0.5 m")


@pytest.mark.parametrize("keys", [pytest.param(FEW, id="few"), pytest.param(THINGS, id="all", marks=pytest.mark.heavy)])
def test_everything_has_a_measure_and_a_colour(keys: Iterable[str]) -> None:
    for key in keys:
        kinds = {parameter.kind for parameter in listed(f"a {THINGS[key].nouns[0]}").values()}
        assert kinds >= {"number", "colour"}, key


@pytest.mark.blender
def test_each_parameter_of_a_few_things_changes_the_scene() -> None:
    assert {key: found["faults"] for key, found in report(*FEW).items() if found["faults"]} == {}


@pytest.mark.heavy
@pytest.mark.blender
def test_each_parameter_of_everything_changes_the_scene() -> None:
    assert {key: found["faults"] for key, found in report().items() if found["faults"]} == {}
