"""The scene's own camera: what it cuts off is named, and a picture of the whole does without one that fails."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.blender.picture_process import Picture, PictureProcess, picture_process

pytestmark = pytest.mark.blender

SCENE = """
def camera(place, turn=(math.pi / 2, 0, 0), **lens):
    bpy.ops.object.camera_add(location=place, rotation=turn)
    made = bpy.context.scene.camera = bpy.context.object
    for name, value in lens.items():
        setattr(made.data, name, value)
    return made
render = bpy.context.scene.render
render.resolution_x, render.resolution_y = 1600, 800
block('House', RED, (2, 2, 2), (0, 0, 1))
block('Roof', BLUE, (2, 2, 1), (0, 0, 2.5))
block('Ground', GREEN, (80, 80, 0.1), (0, 0, -0.05))
"""
WELL_AIMED = "camera((0, -14, 1.5))\n"
WALLS = """
for name, size, place in (
    ('North', (8, 0.1, 3), (0, 4, 1.5)), ('South', (8, 0.1, 3), (0, -4, 1.5)), ('Ceiling', (8, 8, 0.1), (0, 0, 3.1)),
    ('East', (0.1, 8, 3), (4, 0, 1.5)), ('West', (0.1, 8, 3), (-4, 0, 1.5)),
):
    block(name, (0.7, 0.7, 0.7), size, place)
"""
LIGHT = "bpy.ops.object.light_add(type='SUN', rotation=(0.7, 0.3, 0.4)); bpy.context.object.data.energy = 3\n"


@pytest.fixture(scope="module")
def blender() -> Iterator[PictureProcess]:
    """One Blender for all."""
    with picture_process() as process:
        yield process


def _share(picture: Picture, channel: int) -> float:
    others = [index for index in range(3) if index != channel]
    return float((picture[:, :, channel] > picture[:, :, others].max(axis=2) + 60).mean())


def test_nothing_is_said_of_a_camera_that_holds_everything(blender: PictureProcess) -> None:
    blender.build(SCENE + WELL_AIMED)
    assert blender.look("camera").text == "solid, 128 px: camera."


def test_what_the_camera_cuts_off_is_named_with_the_part_that_is_outside(blender: PictureProcess) -> None:
    blender.build(SCENE + "camera((0, -14, 1.1))\nrender.resolution_y = 500\nblock('Kite', RED, place=(0, 0, 9))")
    text = blender.look("camera", "three_quarter").text
    assert "The camera cuts off: Kite (all of it is outside), Roof (" in text
    assert "House" not in text.partition("cuts off")[2].partition("Ground")[0]
    part = int(text.partition("Roof (")[2].partition(" %")[0])
    assert 30 < part < 99
    assert "cuts off" not in blender.look("three_quarter").text


def test_an_object_that_is_half_outside_is_told_as_half_whatever_its_vertices(blender: PictureProcess) -> None:
    blender.build("""
bpy.ops.mesh.primitive_cube_add(size=2, location=(0, 0, 0)); wall = bpy.context.object; wall.name = 'Wall'
bpy.ops.object.mode_set(mode='EDIT'); mesh = bmesh.from_edit_mesh(wall.data)
right = [edge for edge in mesh.edges if all(vertex.co.x > 0.9 for vertex in edge.verts)]
bmesh.ops.subdivide_edges(mesh, edges=right, cuts=40); bpy.ops.object.mode_set(mode='OBJECT')
bpy.ops.object.camera_add(location=(-2, -9, 0), rotation=(math.pi / 2, 0, 0))
lens = bpy.context.object; lens.data.type, lens.data.ortho_scale = 'ORTHO', 4
bpy.context.scene.camera = lens; bpy.context.scene.render.resolution_y = bpy.context.scene.render.resolution_x""")
    part = int(blender.look("camera").text.partition("Wall (")[2].partition(" %")[0])
    assert 35 < part < 65


def test_the_walls_of_a_room_around_the_camera_count_for_nothing(blender: PictureProcess) -> None:
    blender.build(SCENE + WALLS + "camera((0, -3.9, 1.5), lens=13)")
    assert "cuts off" not in blender.look("camera").text


def test_a_ground_is_not_said_to_be_left_out_of_the_cameras_picture(blender: PictureProcess) -> None:
    blender.build(SCENE + WELL_AIMED)
    assert "Ground: larger than the pictures" in blender.look("camera", "three_quarter").text
    assert "Ground" not in blender.look("camera").text


FIT = {
    "a camera that holds all": (WELL_AIMED, (64, 128)),
    "an orthographic one": ("camera((0, -9, 1.5), type='ORTHO', ortho_scale=9)", (64, 128)),
    "a portrait of few, wide pixels": (
        "camera((0, -18, 1.5)); render.resolution_y, render.pixel_aspect_y = 2000, 1.6; "
        "render.resolution_percentage = 7",
        (128, 64),
    ),
    "one that cuts the roof": ("camera((0, -6, 1.0))", (64, 128)),
    "one within a room": (WALLS + "camera((0, -3.9, 1.5), lens=24)", (64, 128)),
    "a panorama": ("camera((0, -6, 1.5), type='PANO')", (64, 128)),
    "one that a marker binds": (
        "wrong = camera((0, -9, 1), (-1.5, 0, 0)); right = " + WELL_AIMED + "scene = bpy.context.scene\n"
        "scene.timeline_markers.new('Cut', frame=1).camera = right; scene.camera = wrong",
        (64, 128),
    ),
}


@pytest.mark.parametrize("fit", FIT)
def test_a_picture_of_the_whole_is_taken_through_a_fit_camera_in_its_aspect(blender: PictureProcess, fit: str) -> None:
    code, shape = FIT[fit]
    blender.build(SCENE + code)
    seen = blender.look("camera", fallback=True)
    assert seen.views == ["camera"]
    assert seen.pictures[0].shape[:2] == shape
    assert _share(seen.pictures[0], 0) > 0.01


UNFIT = {
    "looks away": ("camera((0, -9, 1), (-1.5, 0, 0))", "next to nothing"),
    "too close": ("camera((0, -2, 2.9))", "cuts off"),
    "inside of an object": ("camera((0, 0, 1))", "next to nothing"),
    "under the ground": ("camera((0, 0, -9), (math.pi, 0, 0))", "hides the scene"),
    "far away": ("camera((0, -300, 1), clip_end=1000)", "very small"),
    "a slit": (WELL_AIMED + "render.resolution_y = 20", "1600 × 20 pixels"),
    "none": ("bpy.context.scene.camera = None", ""),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_picture_of_the_whole_is_from_three_quarters_where_the_camera_fails(
    blender: PictureProcess, unfit: str
) -> None:
    code, why = UNFIT[unfit]
    blender.build(SCENE + code)
    seen = blender.look("camera", fallback=True)
    assert seen.views == ["three quarter"]
    assert seen.pictures[0].shape[:2] == (128, 128)
    assert min(_share(seen.pictures[0], 0), _share(seen.pictures[0], 2)) > 0.05
    assert why in seen.text
    assert ("instead" in seen.text) == bool(why)


def test_a_marker_that_binds_a_camera_does_not_take_over_other_views(blender: PictureProcess) -> None:
    blender.build(
        SCENE + "away = camera((0, -9, 1), (-1.5, 0, 0))\n"
        "bpy.context.scene.timeline_markers.new('Cut', frame=1).camera = away"
    )
    [picture] = blender.look("front", shading="rendered").pictures
    assert min(_share(picture, 0), _share(picture, 2)) > 0.05


def test_stereo_and_deep_colour_of_the_scene_do_not_spoil_a_picture(blender: PictureProcess) -> None:
    blender.build(
        SCENE + WELL_AIMED + "render.use_multiview = True; render.image_settings.file_format = 'PNG'\n"
        "render.image_settings.color_depth = '16'"
    )
    assert _share(blender.look("camera", shading="rendered").pictures[0], 0) > 0.01


def test_the_same_picture_comes_once(blender: PictureProcess) -> None:
    blender.build(
        "block('Red', RED)\nfor x in (-1.2, 1.2):\n    block('Side', BLUE, (1, 4, 4), (x, 0, 1.5))\n"
        "for y in (-1.2, 1.2):\n    block('End', BLUE, (4, 1, 4), (0, y, 1.5))"
    )
    seen = blender.look("front", "top", "top", objects=["Red"], show="around")
    assert seen.views == ["top (hidden from front)"]
    assert len(seen.pictures) == 1
    assert len(blender.look("three_quarter", "around").views) == 4


RED_ALONE = "block('Red', (0.8, 0.05, 0.05))\n" + LIGHT


def test_a_red_thing_in_its_own_light_looks_red_where_nobody_chose_how_colours_are_shown(
    blender: PictureProcess,
) -> None:
    blender.build(RED_ALONE)
    seen = blender.look(shading="rendered")
    blender.build(RED_ALONE + "bpy.context.scene.view_settings.look = 'AgX - Base Contrast'")
    chosen = blender.look(shading="rendered")
    whole, pale = (_paleness(found.pictures[0]) for found in (seen, chosen))
    assert whole < 0.4 < pale
    assert "view_transform 'Khronos PBR Neutral'" in seen.text
    assert "view_transform" not in chosen.text
    assert blender.run("answer = bpy.context.scene.view_settings.view_transform") == "AgX"


def _paleness(picture: Picture) -> float:
    """Green and blue to red, in the reddest pixels."""
    reddest = picture[picture[:, :, 0] > picture[:, :, 1:].max(axis=2) + 60]
    return float(np.median(reddest[:, 1:].max(axis=1) / reddest[:, 0]))
