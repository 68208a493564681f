"""The small .glb of a scene for the viewer: what it holds, what it leaves out, and where there is none."""

import json
import shutil
import struct
from ast import literal_eval
from typing import Any

import pytest

from tests.blender.pod_process import RunningPod, run
from tests.blender.test_exports import HARD, SCENE, STATE

pytestmark = pytest.mark.blender

POSED = """
turned = bpy.data.objects["Box"]
turned.rotation_euler = (0.3, 0.5, 0.7)
turned.location.z = 4
bpy.data.objects["Ball"].shape_key_add(name="Basis")
grown = bpy.data.objects["Ball"].shape_key_add(name="Grown")
for point in grown.data:
    point.co *= 2
grown.value = 0.5
bpy.ops.object.light_add(type="POINT", location=(90, 0, 0))
bpy.ops.object.camera_add(location=(-90, 0, 0))
"""
TEXTURED = """
image = bpy.data.images.new("Wide", 2048, 1024)
image.pixels.foreach_set(np.random.default_rng(0).random(2048 * 1024 * 4, dtype=np.float32))
image.pack()
shader = red.node_tree.nodes["Principled BSDF"]
node = red.node_tree.nodes.new("ShaderNodeTexImage")
node.image = image
red.node_tree.links.new(node.outputs[0], shader.inputs["Base Color"])
box.data.materials[0] = red
"""
READ = """
bpy.ops.import_scene.gltf(filepath="/imports/step.glb")
bpy.context.view_layer.update()
places = [o.matrix_world @ v.co for o in bpy.data.objects if o.type == "MESH" for v in o.data.vertices]
print("READ", [[pick(place[axis] for place in places) for axis in range(3)] for pick in (min, max)])
print("READ", [list(image.size) for image in bpy.data.images if image.packed_file])
print("READ", sorted({o.type for o in bpy.data.objects}))
"""
ALL = {"format": "glb", "viewer": True}


def facts_of(glb: bytes) -> dict[str, Any]:
    """The JSON of a .glb."""
    (length,) = struct.unpack_from("<I", glb, 12)
    return json.loads(glb[20 : 20 + length])


async def test_the_model_is_the_scene_as_it_stands_compressed(pod: RunningPod) -> None:
    async with pod.toolbox(SCENE + HARD + POSED + TEXTURED) as box:
        shown = (await run(box, "export", format="stl"))["triangles"]
        whole = (await run(box, "export", format="glb", name="whole"))["bytes"]
        entries = (await run(box, "inspect", filter="type:MESH"))["objects"]
        model = await run(box, "export", **ALL)
        data = await box.download_export(model["file"])
        await run(box, "snapshots", action="restore", sha256="empty")
        shutil.copy(pod.workspace / "exports" / model["file"], pod.workspace / "imports")
        read = await run(box, "run_python", code=READ)
    assert model["triangles"] == read["triangles"] == shown
    assert len(data) == model["bytes"] < whole / 5
    lines = [line.removeprefix("READ ") for line in read["stdout"].splitlines() if line.startswith("READ ")]
    extent, sizes, types = map(literal_eval, lines)
    for corner, expected in zip(extent, model["extent"], strict=True):
        assert corner == pytest.approx(expected, abs=0.01)
    [box_] = [entry for entry in entries if entry["name"] == "Box"]
    assert max(box_["max"][2], 4) <= model["extent"][1][2]  # turned, and the highest of all
    assert sizes == [[512, 256]]
    assert not {"LIGHT", "CAMERA"} & set(types)
    facts = facts_of(data)
    assert {"KHR_draco_mesh_compression", "EXT_texture_webp"} <= set(facts["extensionsRequired"])
    assert not {"KHR_lights_punctual"} & set(facts["extensionsUsed"])
    assert not {"cameras", "animations", "skins"} & set(facts)


async def test_a_model_for_the_viewer_leaves_the_scene_as_it_was(pod: RunningPod) -> None:
    async with pod.toolbox(SCENE + HARD + POSED + TEXTURED) as box:
        before = (await run(box, "run_python", code=STATE))["stdout"]
        await run(box, "export", **ALL)
        after = await run(box, "run_python", code=STATE)
        nothing = (await run(box, "run_python", code="pass"))["changed"]
    assert after["stdout"] == before
    assert (nothing["added"], nothing["removed"], nothing["modified"]) == ([], [], [])


MANY = """
for _ in range({count}):
    bpy.context.collection.objects.link(bpy.data.objects.new("Copy", bpy.context.object.data))
"""
LARGE = {
    "bpy.ops.mesh.primitive_grid_add(x_subdivisions=100, y_subdivisions=100)"
    + MANY.format(count=75): "1,500,000 triangles",
    "bpy.ops.mesh.primitive_plane_add()" + MANY.format(count=3000): "3,000 objects",
}


@pytest.mark.parametrize("code", LARGE, ids=["triangles", "objects"])
async def test_too_large_a_scene_has_no_model_and_the_answer_says_why(pod: RunningPod, code: str) -> None:
    async with pod.toolbox(code) as box:
        answer = await box.call("export", ALL)
    assert answer.is_error
    assert answer.structured["error"]["type"] == "too_much_to_view"
    assert LARGE[code] in answer.structured["error"]["message"]


async def test_a_scene_without_a_surface_has_no_model(pod: RunningPod) -> None:
    async with pod.toolbox("bpy.ops.object.light_add()") as box:
        answer = await box.call("export", ALL)
    assert answer.is_error
    assert "nothing to view" in answer.content[0]["text"]


async def test_no_model_is_told_of_the_viewer(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        [export] = [tool for tool in await box.tools() if tool["name"] == "export"]
    assert "viewer" not in json.dumps(export)
