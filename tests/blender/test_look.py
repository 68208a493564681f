"""Pictures: what they show, and that they leave no trace."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

# Red below, blue above, green at +X.
SCENE = """
def block(name, colour, size, place):
    bpy.ops.mesh.primitive_cube_add(size=1, location=[p * UNIT for p in place])
    made = bpy.context.object
    made.name, made.scale = name, [s * UNIT for s in size]
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*colour, 1)
    made.data.materials.append(material)
block("Red", (0.8, 0.02, 0.02), (1, 1, 1), (0, 0, 0.5))
block("Blue", (0.02, 0.02, 0.8), (1, 1, 1), (0, 0, 1.5))
block("Green", (0.02, 0.6, 0.02), (0.5, 0.5, 0.5), (1, 0, 0.25))
"""
STATE = """
scene = bpy.context.scene
kinds = [name for name in dir(bpy.data) if hasattr(getattr(bpy.data, name), "foreach_get")]
counts = {name: len(getattr(bpy.data, name)) for name in kinds}
shading = [a.spaces.active.shading for s in bpy.data.screens for a in s.areas if a.type == "VIEW_3D"]
print(counts, scene.camera, scene.world, scene.render.engine, scene.render.resolution_x, scene.render.filepath,
      scene.view_settings.view_transform, bpy.context.view_layer.objects.active, bpy.context.selected_objects,
      [tuple(m.diffuse_color) + (m.metallic,) for m in bpy.data.materials],
      [(s.type, s.light, s.studio_light, s.color_type, tuple(s.background_color), s.show_cavity) for s in shading],
      [(o.name, o.hide_render) for o in bpy.data.objects])
"""


async def _pictures(box: McpToolbox, **arguments: object) -> list[NDArray[np.int16]]:
    result = await box.call("look", arguments)
    assert not result.is_error, result.content
    blocks = [block for block in result.content if block["type"] == "image"]
    assert all(block["source"]["media_type"] == "image/png" for block in blocks)
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(block["source"]["data"]))).convert("RGB"), dtype=np.int16)
        for block in blocks
    ]


def _centre_of(picture: NDArray[np.int16], channel: int) -> tuple[float, float]:
    """Mean (x, y) from the top left, 0..1, of the pixels in which the channel rules."""
    others = [index for index in range(3) if index != channel]
    rules = picture[:, :, channel] > picture[:, :, others].max(axis=2) + 60
    assert rules.any(), "the colour is not to be seen"
    rows, columns = np.nonzero(rules)
    return columns.mean() / picture.shape[1], rows.mean() / picture.shape[0]


async def test_no_side_of_a_material_picture_is_in_the_shade(pod: RunningPod) -> None:
    async with pod.toolbox("bpy.ops.mesh.primitive_cube_add(size=2)") as box:
        sides = await _pictures(box, views=["front", "back", "left", "right"], shading="material", size=64)
    middles = [float(side[24:40, 24:40].mean()) for side in sides]
    assert max(middles) - min(middles) < 0.15 * max(middles), middles


@pytest.mark.parametrize("shading", ["solid", "material", "rendered"])
async def test_pictures_are_upright_and_true_in_colour(pod: RunningPod, shading: str) -> None:
    async with pod.toolbox("UNIT = 1\n" + SCENE) as box:
        front, back, top = await _pictures(box, views=["front", "back", "top"], shading=shading, size=128)
    assert front.shape == (128, 128, 3)
    assert _centre_of(front, 2)[1] < _centre_of(front, 0)[1] - 0.2  # blue above red
    assert _centre_of(front, 1)[0] > _centre_of(front, 0)[0] + 0.2  # +X to the right
    assert _centre_of(back, 1)[0] < _centre_of(back, 0)[0] - 0.2
    assert _centre_of(top, 1)[0] > _centre_of(top, 2)[0] + 0.2
    assert front.mean() > 60


@pytest.mark.parametrize("unit", [0.001, 1, 1000])
@pytest.mark.parametrize("view", ["front", "right", "top", "three_quarter"])
async def test_the_scene_fills_the_picture_at_any_scale(pod: RunningPod, unit: float, view: str) -> None:
    async with pod.toolbox(f"UNIT = {unit}\n" + SCENE) as box:
        [picture] = await _pictures(box, views=[view], size=128)
    seen = np.abs(picture - picture[0, 0]).max(axis=2) > 12
    rows, columns = np.nonzero(seen)
    assert min(rows.min(), columns.min()) > 1
    assert max(rows.max(), columns.max()) < 126
    assert max(np.ptp(rows), np.ptp(columns)) > 0.6 * 128


async def test_looking_leaves_the_scene_as_it_was(pod: RunningPod) -> None:
    light = "bpy.ops.object.light_add(type='POINT', location=(2, -2, 3))\n"
    async with pod.toolbox("UNIT = 1\n" + SCENE + light) as box:
        before = await run(box, "run_python", code=STATE)
        for shading in ("solid", "material", "rendered"):
            await _pictures(box, views=["three_quarter", "top"], shading=shading, size=64)
        after = await run(box, "run_python", code=STATE)
    assert after["stdout"] == before["stdout"]
    assert after["changed"]["summary"] == "no object changed"


async def test_an_empty_scene_gives_words_and_no_picture(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        result = await box.call("look", {})
    assert [block["type"] for block in result.content] == ["text"]
    assert "empty" in result.content[0]["text"]


async def test_the_scenes_own_camera_sets_aspect_and_view(pod: RunningPod) -> None:
    camera = """
bpy.ops.object.camera_add(location=(0, -8, 1), rotation=(math.pi / 2, 0, 0))
bpy.context.scene.camera = bpy.context.object
"""
    async with pod.toolbox("UNIT = 1\n" + SCENE) as box:
        assert (await box.call("look", {"views": ["camera"]})).is_error
        await run(box, "run_python", code=camera)
        for shading in ("solid", "rendered"):
            [picture] = await _pictures(box, views=["camera"], shading=shading, size=160)
            assert picture.shape == (90, 160, 3)
            assert _centre_of(picture, 2)[1] < _centre_of(picture, 0)[1]


async def test_a_scene_without_light_is_lit_and_not_blown_out(pod: RunningPod) -> None:
    async with pod.toolbox("UNIT = 1\n" + SCENE) as box:
        [picture] = await _pictures(box, shading="rendered", size=200)
    assert 150 < picture[:8].mean() < 245  # the backdrop
    assert (picture.min(axis=2) > 250).mean() < 0.02
    assert (picture.max(axis=2) < 10).mean() < 0.02
