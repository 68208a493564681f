"""The script brings an imported file in as the pod does: the same objects under the same names, materials and all."""

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud.jobs.kept_steps import IMPORT_MARK, KEPT_MARK
from cloud.jobs.script import ScriptStep, replay_script
from cloud.projects.uploads import pod_name_of
from tests.blender.pod_process import run, running_pod
from tests.jobs.test_script import run_bpy
from tests.jobs.test_script_of_steps import _compare

# Writes one file of each kind that is brought in in its own way, beside itself.
MAKE = """
import bpy, os, sys
bpy.ops.mesh.primitive_monkey_add(location=(1, 2, 3))
head = bpy.context.object
material = bpy.data.materials.new("Red")
material.use_nodes = True
material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (1, 0, 0, 1)
head.data.materials.append(material)
bpy.ops.export_scene.gltf(filepath="Kopf.glb", export_format="GLB")
bpy.ops.wm.stl_export(filepath="T\\xfcrm of doom.stl")
bpy.ops.wm.obj_export(filepath="head.obj")
bpy.ops.wm.usd_export(filepath="head.usdc")
head.location.z = 1
curve = head.driver_add("scale", 0).driver
curve.type, curve.expression = "SCRIPTED", "len(bpy.data.objects)"
bpy.ops.object.camera_add(location=(0, -5, 0))
bpy.context.scene.camera = bpy.context.object
bpy.context.scene.unit_settings.scale_length = 0.01
other = bpy.data.scenes.new("Other")
other.collection.objects.link(head)
other.collection.objects.link(bpy.data.objects.new("Alone", head.data))
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("two scenes.blend"))
sys.stdout.flush()
os._exit(0)  # the USD library hangs at times when `bpy` is torn down
"""
FILES = ("two scenes.blend", "Kopf.glb", "Türm of doom.stl", "head.obj", "head.usdc", "sketch.png")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "make.py").write_text(MAKE)
    run_bpy(tmp_path, "make.py")
    picture = io.BytesIO()
    Image.fromarray(np.full((8, 16, 3), 99, np.uint8)).save(picture, "PNG")
    (tmp_path / "sketch.png").write_bytes(picture.getvalue())
    return tmp_path


def import_step(name: str, **told: object) -> ScriptStep:
    stem = name.rpartition(".")[0]
    arguments = {"file": name, "scale": 0.5, "collection": stem, **told}
    return ScriptStep(f"Import {name}", f"{IMPORT_MARK}{json.dumps(arguments)}\n", "job", f"Import {name}")


@pytest.mark.heavy
@pytest.mark.blender
async def test_every_kind_of_file_comes_in_as_in_the_pod(files: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = tmp_path_factory.mktemp("workspace")
    pairs = []
    with running_pod(workspace) as pod:
        for number, name in enumerate(FILES):
            async with pod.toolbox() as box:
                content = (files / name).read_bytes()

                async def stream(content: bytes = content):  # noqa: ANN202
                    yield content

                await box.upload_import(pod_name_of(name), stream())
                stem = name.rpartition(".")[0]
                told = await run(box, "import_file", file=pod_name_of(name), scale=0.5, collection=stem)
                snapshot = next(workspace.rglob(f"{told['snapshot']['sha256']}.blend"))
                (files / f"{number}-built.blend").write_bytes(snapshot.read_bytes())
            (files / f"{number}.py").write_text(replay_script([import_step(name)]), encoding="utf-8")
            await asyncio.to_thread(run_bpy, files, f"{number}.py", f"{number}-again.blend")
            pairs.append([str(files / f"{number}-{which}.blend") for which in ("built", "again")])
    for name, found in zip(FILES, await asyncio.to_thread(_compare, files, pairs), strict=True):
        assert found["objects"] > 0
        assert found["differences"] == [], name


def test_the_head_says_what_the_script_cannot_make_and_what_to_do() -> None:
    steps = [
        import_step("Türm of doom.stl"),
        ScriptStep("Sew", "# Sew: the tool sew did this, no code can.\n", "job", "p"),
        ScriptStep("Half", KEPT_MARK + "raise ValueError\n", "job", "p"),
    ]
    head = replay_script(steps).partition("What was asked for")[0]
    assert "into the script's folder:\n- Türm of doom.stl\n" in head
    assert "the script leaves them out:\n- Sew\n" in head
    assert "not among the parameters:\n- Half\n" in head
    assert "cannot" not in replay_script([ScriptStep("Box", "# a comment\nbox()\n", "job", "p")]).partition("def ")[0]


@pytest.mark.blender
def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(replay_script([import_step("gone.glb")]))
    with pytest.raises(AssertionError, match=r"needs the imported file 'gone\.glb': put it beside this script"):
        run_bpy(tmp_path, "script.py")
