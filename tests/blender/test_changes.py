"""What a step says that it changed."""

from typing import Any

import pytest

from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

SCENE = """
for number in range(30):
    bpy.ops.mesh.primitive_cube_add(location=(3 * number, 0, 0))
    bpy.context.object.name = f"Brick.{number:03}"
red = bpy.data.materials.new("Red")
red.use_nodes = True
bpy.data.objects["Brick.000"].data.materials.append(red)
bpy.data.objects["Brick.001"].modifiers.new("Round", "BEVEL")
"""
BRICK = "brick = bpy.data.objects['Brick.000']\n"
SHADER = "next(n for n in bpy.data.materials['Red'].node_tree.nodes if n.type == 'BSDF_PRINCIPLED')"
NODES = f"shader = {SHADER}\n"


async def changed_by(pod: RunningPod, code: str) -> dict[str, Any]:
    """What the step changed in SCENE, as told."""
    async with pod.toolbox(SCENE) as box:
        return (await run(box, "run_python", code=code))["changed"]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("brick.location.x = 0.001", "placed"),
        ("brick.data.vertices[0].co.x = 5", "shape"),
        ("brick.data.flip_normals()", "shape"),
        ("brick.data.uv_layers[0].uv[0].vector = (0.3, 0.3)", "shape"),
        ("brick.shape_key_add()", "shape"),
        (NODES + "shader.inputs['Roughness'].default_value = 0.123", "material"),
        ("brick.data.materials.clear()", "material"),
        ("brick.modifiers.new('Round', 'BEVEL')", "modifiers"),
        ("brick.constraints.new('TRACK_TO')", "constraints"),
        ("brick.hide_set(True)", "visibility"),
        ("brick['use'] = 'wall'", "properties"),
        ("brick.keyframe_insert('location', frame=1)", "animation"),
        ("brick.parent = bpy.data.objects['Brick.002']", "parent"),
        (
            "wall = bpy.data.collections.new('Wall')\n"
            "bpy.context.scene.collection.children.link(wall)\nwall.objects.link(brick)",
            "collections",
        ),
    ],
)
async def test_each_kind_of_edit_is_named(pod: RunningPod, code: str, what: str) -> None:
    changed = await changed_by(pod, BRICK + code)
    assert "Brick.000" in changed["modified"]
    assert what in changed["summary"].split("(")[1].split(")")[0].split(", ")


async def test_a_lamp_and_a_camera_have_settings_and_no_shape(pod: RunningPod) -> None:
    made = "".join(
        f"bpy.context.collection.objects.link(bpy.data.objects.new('{name}', bpy.data.{kind}))\n"
        for name, kind in (("Sun", "lights.new('Sun', 'SUN')"), ("Eye", "cameras.new('Eye')"))
    )
    async with pod.toolbox(made) as box:
        code = "bpy.data.lights['Sun'].energy = 4\nbpy.data.cameras['Eye'].lens = 80"
        changed = (await run(box, "run_python", code=code))["changed"]
    assert (sorted(changed["modified"]), changed["remeshed"]) == (["Eye", "Sun"], [])
    assert "Eye, Sun (settings)" in changed["summary"]


async def test_a_modifier_that_is_tuned_is_a_change(pod: RunningPod) -> None:
    changed = await changed_by(pod, "bpy.data.objects['Brick.001'].modifiers[0].width = 0.3")
    assert changed["summary"] == "modified Brick.001 (modifiers)"


async def test_a_new_name_is_no_new_object(pod: RunningPod) -> None:
    changed = await changed_by(pod, BRICK + "brick.name = 'Corner'")
    assert changed["summary"] == "renamed Brick.000 to Corner"
    assert (changed["added"], changed["removed"]) == ([], [])


async def test_materials_collections_and_settings_are_told(pod: RunningPod) -> None:
    code = (
        "bpy.data.materials.new('Blue')\nbpy.context.scene.collection.children.link(bpy.data.collections.new('Wall'))\n"
        "bpy.context.scene.render.resolution_x = 640"
    )
    changed = await changed_by(pod, code)
    assert (changed["materials_added"], changed["collections_added"]) == (["Blue"], ["Wall"])
    assert "new materials Blue" in changed["summary"]
    assert "640" in changed["summary"]


async def test_a_change_of_everything_is_told_shortly(pod: RunningPod) -> None:
    code = (
        "for number, obj in enumerate(bpy.data.objects):\n"
        "    obj.location.z = 1\n"
        "    obj.hide_render = number % 2 == 0\n"
        "for number in range(300):\n"
        "    name = '部品の名前' * 8 + chr(97 + number % 26) * (number // 26 + 1) + 'x'\n"
        "    bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, None))"
    )
    changed = await changed_by(pod, code)
    assert len(changed["summary"].encode()) <= 800
    assert changed["counts"]["added"] == 300
    assert len(changed["added"]) == 200
    assert (changed["counts"]["moved"], changed["counts"]["modified"]) == (30, 30)


async def test_a_step_that_only_looks_changes_nothing(pod: RunningPod) -> None:
    code = "bpy.context.view_layer.update()\nlist(bpy.context.evaluated_depsgraph_get().object_instances)"
    assert (await changed_by(pod, code))["summary"] == "no object changed"
