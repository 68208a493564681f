"""The main job from the command line: one sentence in, files out, nothing left behind."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import CommandLine, json_lines

pytestmark = pytest.mark.blender

PROMPT = "a red wooden chair next to a round table with two mugs on it"

FACTS = """
import bpy, json, sys
if sys.argv[1].endswith(".blend"):
    bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
else:
    exec(compile(open(sys.argv[1]).read(), "script.py", "exec"), {"__name__": "__main__"})
def facts(o):
    corners = [o.matrix_world @ v.co for v in o.data.vertices]
    return {
        "min": [min(c[i] for c in corners) for i in range(3)], "max": [max(c[i] for c in corners) for i in range(3)],
        "vertices": len(o.data.vertices), "materials": [s.material.name for s in o.material_slots if s.material],
        "colours": [list(s.material.diffuse_color) for s in o.material_slots if s.material],
    }
print("FACTS" + json.dumps({o.name: facts(o) for o in bpy.data.objects if o.type == "MESH"}))
"""


def facts_of(file: Path) -> dict[str, dict[str, list[float]]]:
    """Bounds in world metres, vertex count and materials of each mesh object, read by a Blender of its own."""
    done = subprocess.run(
        [sys.executable, "-c", FACTS, str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("FACTS"))[5:])


@pytest.fixture(scope="module")
def built(command_line: CommandLine) -> Path:
    """The issue's own sentence, built once."""
    done = command_line.run("make", PROMPT, "--json", "--timings")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json_lines(done.stdout)
    assert lines[-1]["type"] == "timings"
    assert [line["type"] for line in lines].count("result") == 1
    assert {"job.started", "step.finished", "picture", "job.finished"} <= {line["type"] for line in lines}
    return command_line.cwd / "out" / "a-red-wooden-chair-next-to-a-round-table-with-two-mugs-on-it"


def test_the_files_are_those_that_result_json_names(built: Path) -> None:
    result = json.loads((built / "result.json").read_text())
    assert result["status"] == "succeeded"
    assert result["outcome"] == "finished"
    assert result["not_built"] == []
    assert {"scene.blend", "scene.glb", "preview.png", "script.py"} == {file["name"] for file in result["files"]}
    for file in result["files"]:
        data = (built / file["name"]).read_bytes()
        assert len(data) == file["bytes"]
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
    assert list(built.glob("pictures/*.png"))


def test_the_mugs_stand_on_the_table_and_the_chair_on_the_floor(built: Path) -> None:
    facts = facts_of(built / "scene.blend")
    chair, table, *mugs = (facts[name] for name in ("Chair", "Table", "Mug", "Mug 2"))
    assert abs(chair["min"][2]) < 1e-3
    assert abs(table["min"][2]) < 1e-3
    assert 0.6 < chair["max"][2] < 1.3
    for mug in mugs:
        assert abs(mug["min"][2] - table["max"][2]) < 1e-3
        assert table["min"][0] < mug["min"][0] < mug["max"][0] < table["max"][0]
    assert chair["max"][0] < table["min"][0] or table["max"][0] < chair["min"][0]
    assert any("wood" in str(name).lower() for name in chair["materials"])


def test_the_script_alone_rebuilds_the_same_objects(built: Path) -> None:
    assert facts_of(built / "script.py") == facts_of(built / "scene.blend")


def test_the_preview_shows_something_well_lit(built: Path) -> None:
    picture = np.asarray(Image.open(built / "preview.png").convert("L"))
    assert picture.shape == (576, 1024)  # through the scene's own camera, in the scene's aspect
    assert np.ptp(picture) > 80
    assert 60 < picture.mean() < 235


def test_nothing_is_left_running(built: Path, command_line: CommandLine) -> None:
    command_line.assert_nothing_runs(timeout_s=2)


@pytest.mark.heavy
def test_a_second_prompt_goes_on_with_the_projects_scene(command_line: CommandLine) -> None:
    first = command_line.run("make", "a table", "--project", "Den", "--out", "den", "--json")
    again = command_line.run("make", "add a mug on the table", "--project", "Den", "--out", "den", "--json")
    assert (first.returncode, again.returncode) == (0, 0), first.stdout + again.stdout + again.stderr
    facts = facts_of(command_line.cwd / "den" / "scene.blend")
    assert abs(facts["Mug"]["min"][2] - facts["Table"]["max"][2]) < 1e-3
    results = [json_lines(each.stdout)[-1] for each in (first, again)]
    assert results[0]["project_id"] == results[1]["project_id"]


@pytest.mark.heavy
def test_every_format_comes_home(command_line: CommandLine) -> None:
    formats = ["fbx", "obj", "stl", "usdc", "ply"]
    asked = [word for name in formats for word in ("--format", name)]
    done = command_line.run("make", "a cube", "--out", "formats", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (command_line.cwd / "formats").iterdir()}
    assert {f"scene.{name}" for name in ["blend", "glb", *formats]} <= names


@pytest.mark.heavy
def test_a_prompt_of_which_nothing_is_known_fails_and_says_what_lifts_the_limit(command_line: CommandLine) -> None:
    done = command_line.run("make", "a gryphon", "--out", "unknown")
    assert done.returncode == 1
    assert "gryphon" in done.stderr
    assert "ANTHROPIC_API_KEY" in done.stderr
    result = json.loads((command_line.cwd / "unknown" / "result.json").read_text())
    assert result["status"] == "failed"
    assert any("gryphon" in phrase for phrase in result["not_built"])
