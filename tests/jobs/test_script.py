"""The replay script: run alone under plain bpy, it rebuilds the scene of the real pod's steps."""

import ast
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cloud.jobs.script import ScriptStep, replay_script
from tests.jobs.conftest import Account, Backend, running
from tests.support.scripted_messages import calls, finishes, scripted_messages

BASE = '''
import math
from random import uniform
LEGS = 3
TEXT = """a text
    over lines, with "quotes" and \\\\ and a # --- Step 9: trap ---
"""
mesh = bpy.data.meshes.new("Stool")
bm = bmesh.new()
bmesh.ops.create_cone(bm, cap_ends=True, segments=16, radius1=0.2, radius2=0.2, depth=0.05)
bm.to_mesh(mesh)
bm.free()
stool = bpy.data.objects.new("Stool", mesh)
stool.location = (uniform(-1, 1), random.random(), float(np.random.rand()))
stool["note"] = TEXT
material = bpy.data.materials.new("Red Wood")
material.use_nodes = True
principled = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
principled.inputs["Base Color"].default_value = (0.8, 0.05, 0.02, 1)
mesh.materials.append(material)
bpy.context.collection.objects.link(stool)
def name():
    return "shadowed"
math = None
'''

LEGS = """from __future__ import annotations

if __name__ == "__main__":
    assert "LEGS" not in globals() and "stool" not in globals() and "name" not in globals()
    for index in range(3):
        angle = index * 2 * math.pi / 3
        mesh = bpy.data.meshes.new("Leg")
        bm = bmesh.new()
        bmesh.ops.create_cube(bm, size=0.05)
        bm.to_mesh(mesh)
        bm.free()
        leg = bpy.data.objects.new("Leg", mesh)
        leg.parent = bpy.data.objects["Stool"]
        leg.location = (0.15 * math.cos(angle), 0.15 * math.sin(angle), random.random())
        bpy.context.scene.collection.objects.link(leg)
"""

EDIT = """
import bpy
old = bpy.data.materials["Red Wood"]
old.name = "Blue Wood"
old.diffuse_color = (0, 0, 1, 1)
bpy.data.objects["Stool"].rotation_euler.z = 0.25
bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=4, location=(1, 2, 3))
bpy.context.object.name = "Ball 🎈"
bpy.ops.object.mode_set(mode="EDIT")
"""

ENDS_ITSELF = r"""
import sys
from mathutils import noise
marker = bpy.data.objects.new("Marker", bpy.data.meshes["Stool"])
marker.location = noise.random_vector()
marker["note"] = "a \\ and \"\"\" and \n"
bpy.context.collection.objects.link(marker)
sys.exit()
bpy.data.objects.remove(marker)
"""

HALF_DONE = """
bpy.data.objects["Marker"].scale = (2, 2, 2)
raise ValueError("half way")
"""

# Prints what a scene file holds, as JSON.
DESCRIBE = """
import json, sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
def rows(matrix): return [[float(v) for v in row] for row in matrix]
print("SCENE=" + json.dumps({
    o.name: {
        "type": o.type, "matrix": rows(o.matrix_world), "parent": o.parent.name if o.parent else None,
        "mesh": o.data.name, "vertices": rows(v.co for v in o.data.vertices),
        "materials": {m.name: list(m.diffuse_color) + [
            list(n.inputs["Base Color"].default_value) for n in m.node_tree.nodes if n.type == "BSDF_PRINCIPLED"
        ] for m in o.data.materials},
        "note": o.get("note"), "mode": o.mode,
    } for o in bpy.data.objects}))
"""


def steps(*codes: str) -> list[ScriptStep]:
    return [ScriptStep(f"Step {index}", code, "job", "a prompt") for index, code in enumerate(codes)]


def run_bpy(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def describe(folder: Path, blend: str) -> dict[str, Any]:
    (folder / "describe.py").write_text(DESCRIBE)
    line = next(
        line for line in run_bpy(folder, "describe.py", str(folder / blend)).splitlines() if line.startswith("SCENE=")
    )
    return json.loads(line.removeprefix("SCENE="))


@pytest.mark.parametrize("prompt", ['say """hi""" \\', "new\nline \u2028 and \0", "椅子 🪑", "x" * 5000, '"'])
def test_any_prompt_and_title_leave_the_script_valid(prompt: str) -> None:
    script = replay_script([ScriptStep(prompt, "x = 1", "job", prompt)])
    assert "\0" not in script
    assert isinstance(ast.parse(script), ast.Module)


def test_code_is_kept_character_by_character_but_for_its_parameters() -> None:
    code = f"{BASE}stool['legs'] = LEGS\n"
    assert code.replace("LEGS = 3", 'LEGS = _P2M_PARAMETERS["LEGS"]') in replay_script(steps(code))
    assert BASE in replay_script(steps(BASE))  # where nothing reads the number it is no parameter


def test_only_ranges_that_were_said_stand_beside_the_parameters() -> None:
    code = "A = 0.893\nB = 2.0  # m, 1 to 3: wide\nC = 4  # at most 8: legs\nSEED = 7\nprint(A, B, C, SEED)\n"
    script = replay_script([ScriptStep("Build", code, "job", "a table")])
    assert "A = 0.893\nB = 2.0  # m, 1 to 3: wide\nC = 4  # at most 8: legs\nSEED = 7\n" in script


def test_future_imports_move_to_the_top() -> None:
    script = replay_script(steps("x = 1", "from __future__ import annotations\ny = 2"))
    compile(script, "script.py", "exec")


def test_very_long_code_is_not_parsed_and_still_runs() -> None:
    long = "from __future__ import annotations\nSIZE = 1.0\nmade: Missing = [SIZE]\n" + "# padding\n" * 60_000
    script = replay_script(
        [ScriptStep("Long", long, "job", "a box"), ScriptStep("Next", "SIZE = 2.0\nbox(SIZE)\n", "job", "a box")]
    )
    # As a text, with what begins a file at its beginning; only the short step has a parameter.
    assert '_p2m_run("""\\\nfrom __future__ import annotations\n' in script
    assert "_P2M_PARAMETERS" in script
    assert script.count("SIZE = 1.0") == 1
    compile(script, "script", "exec")


def test_empty_history_gives_a_valid_script() -> None:
    compile(replay_script([]), "script.py", "exec")


@pytest.mark.blender
@pytest.mark.asyncio(loop_scope="module")
async def test_script_alone_rebuilds_the_scene(
    backend: Backend, user: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)
    first = [_step(BASE, "Seat"), _step("raise ValueError"), _step(LEGS, "Legs"), finishes()]
    half_done = calls(("run_python", {"code": HALF_DONE, "keep_on_error": True}))
    second = [_step(EDIT, "Make it blue"), _step(ENDS_ITSELF, "Marker"), half_done, finishes()]
    async with scripted_messages(*first, *second) as api, running(backend.with_model(api.base_url)):
        await user.ended(await user.post('a "stool"'))
        job_id = await user.post("make it blue\nand add a ball")
        job = await user.ended(job_id)
        assert job.state == "succeeded", job.error
    files = await user.artifacts(job_id)
    for name in ("scene.blend", "script.py"):
        (tmp_path / name).write_bytes(await backend.services.store.get(files[name].sha256))
    await asyncio.to_thread(run_bpy, tmp_path, "script.py", "again.blend")
    built, rebuilt = describe(tmp_path, "scene.blend"), describe(tmp_path, "again.blend")
    assert set(rebuilt) == {"Stool", "Leg", "Leg.001", "Leg.002", "Ball 🎈", "Marker"}
    assert rebuilt["Marker"]["matrix"][0][0] == pytest.approx(2)
    assert_same(built, rebuilt)


def _step(code: str, title: str = "") -> Any:
    return calls(("run_python", {"code": code, "title": title}))


def assert_same(built: Any, rebuilt: Any) -> None:
    """Equal, numbers within 1e-5."""
    if isinstance(built, dict):
        assert built.keys() == rebuilt.keys()
        for key in built:
            assert_same(built[key], rebuilt[key])
    elif isinstance(built, Sequence) and not isinstance(built, str):
        assert len(built) == len(rebuilt)
        for one, other in zip(built, rebuilt, strict=True):
            assert_same(one, other)
    else:
        assert rebuilt == (pytest.approx(built, abs=1e-5) if isinstance(built, float) else built)
