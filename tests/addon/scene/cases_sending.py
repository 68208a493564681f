# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportIndexIssue=false
"""The selection and the viewport go out: these, nothing else, and nothing is changed. (bpy)"""

import json
import struct
from pathlib import Path
from typing import Any

import bpy

from addon.scene import SceneError, selection, viewport
from addon.scene.blend_file import read_blend
from tests.addon.scene.cases_arriving import imported
from tests.addon.scene.makes import fresh, material, state, thing


def user_scene(folder: Path) -> list[Any]:
    """A user's file with much that is nobody's business. Returns: the two objects that are to be sent."""
    scene = fresh()
    home = folder / "alice-smith"
    home.mkdir()
    picture = bpy.data.images.new("Loose", 4, 4)
    picture.filepath_raw, picture.file_format = str(home / "loose.png"), "PNG"
    picture.save()
    bpy.data.images.remove(picture)
    look = material("Paint", (0, 0, 1))
    tree = look.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(home / "loose.png"))
    rig = thing("Confidential rig", 1, (8, 8, 8), look, scene.collection)
    tree.nodes.new("ShaderNodeTexCoord").object = rig
    chair = thing("Chair", 1, (1, 2, 3), look, scene.collection)
    chair.parent, chair["client"] = rig, "alice-smith"
    chair.constraints.new("TRACK_TO").target = rig
    chair.modifiers.new("Bevel", "BEVEL")
    seat = thing("Seat", 2, (0, 0, 0), look, scene.collection)
    bpy.data.texts.new("alice-smith notes").write("alice-smith")
    scene["alice-smith"] = "alice-smith"
    bpy.ops.wm.save_as_mainfile(filepath=str(home / "alice-smith.blend"))
    bpy.context.view_layer.update()
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj in (chair, seat))
    return [chair, seat]


def case_a_blend_of_the_selection_holds_it_and_nothing_else(folder: Path) -> None:
    chosen = user_scene(folder)
    before, places = state(), {obj.name: obj.matrix_world.copy() for obj in chosen}
    path = selection.write(chosen, folder, "blend")
    after = state()
    assert not [kind for kind in before if after[kind] != before[kind]], "the user's scene is changed"
    assert [entry.name for entry in folder.iterdir() if entry.is_file()] == [path.name]
    content = path.read_bytes()
    for word in (b"alice-smith", b"Confidential", bytes(Path.home()), bytes(folder)):
        assert word not in content, word
    assert read_blend(path).codes["LI"] == 0
    fresh()
    told = imported(path)
    assert set(told.objects) == {"Chair", "Seat"}
    for obj in (bpy.data.objects[name] for name in told.objects):
        difference = obj.matrix_world - places[obj.name]
        assert max(abs(value) for row in difference for value in row) < 1e-5
    assert len(bpy.data.objects["Chair"].data.vertices) == 24, "the bevel is in the shape"
    assert bpy.data.objects["Chair"].material_slots[0].material.name == "Paint"
    assert all(image.packed_file for image in bpy.data.images if image.name.startswith(("Loose", "loose", "Grain")))


def case_a_glb_of_the_selection_holds_it_and_nothing_else(folder: Path) -> None:
    chosen = user_scene(folder)
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj.name in {"Cube", "Seat"})
    before = state()
    path = selection.write(chosen, folder, "glb")
    after = state()
    assert after == before
    content = path.read_bytes()
    assert b"alice-smith" not in content
    length = struct.unpack_from("<I", content, 12)[0]
    nodes = [node["name"] for node in json.loads(content[20 : 20 + length])["nodes"] if "mesh" in node]
    assert sorted(nodes) == ["Chair", "Seat"]


def case_paint_that_is_not_saved_goes_with_it_and_stays(folder: Path) -> None:
    scene = fresh()
    look = material("Paint", (0, 0, 1))
    image = bpy.data.images["Grain"]
    image.pixels[:] = [1.0] * (8 * 8 * 4)
    assert image.is_dirty
    box = thing("Box", 1, (0, 0, 0), look, scene.collection)
    path = selection.write([box], folder, "blend")
    assert image.is_dirty
    assert image.pixels[0] == 1.0
    fresh()
    imported(path)
    assert round(next(image for image in bpy.data.images if image.name == "Grain").pixels[0], 2) == 1.0


def case_in_edit_mode_the_selection_is_written_and_the_mode_stays(folder: Path) -> None:
    fresh()
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    bpy.ops.object.mode_set(mode="EDIT")
    for kind in ("blend", "glb"):
        assert selection.write(list(bpy.context.selected_objects), folder, kind).stat().st_size > 500
        assert bpy.data.objects["Cube"].mode == "EDIT"


def case_instances_and_text_are_sent_as_they_look(folder: Path) -> None:
    scene = fresh()
    part = bpy.data.collections.new("Part")
    thing("Wheel", 1, (0, 0, 0), material("Rubber", (0, 0, 0)), part)
    shown = bpy.data.objects.new("Cart", None)
    shown.instance_type, shown.instance_collection, shown.location = "COLLECTION", part, (0, 0, 6)
    words = bpy.data.objects.new("Words", bpy.data.curves.new("Words", "FONT"))
    words.data.body = "Hello"
    for obj in (shown, words):
        scene.collection.objects.link(obj)
    bpy.context.view_layer.update()
    path = selection.write([shown, words], folder, "blend")
    fresh()
    told = imported(path)
    assert set(told.objects) == {"Wheel", "Words"}
    assert round(bpy.data.objects["Wheel"].matrix_world.translation.z, 4) == 6
    assert len(bpy.data.objects["Words"].data.vertices) > 20


def _refused(objects: list[Any], folder: Path, **changes: Any) -> str:
    before = state()
    try:
        selection.write(objects, folder, **changes)
    except SceneError as error:
        assert state() == before
        assert not list(folder.iterdir())
        return error.sentence
    raise AssertionError("it was written")


def case_nothing_and_too_much_are_told(folder: Path) -> None:
    fresh()
    assert "Select at least one" in _refused([], folder)
    assert "Select at least one" in _refused([bpy.data.objects["Camera"]], folder)
    said = _refused([bpy.data.objects["Cube"]], folder, format="blend", limit_bytes=1000)
    assert "the server takes" in said
    assert "select less" in said


def case_without_a_window_there_is_no_picture(folder: Path) -> None:
    fresh()
    try:
        viewport.picture(bpy.context, folder, 256)
    except SceneError as error:
        assert "without a window" in error.sentence  # noqa: PT017
    else:
        raise AssertionError("a picture of nothing")


def case_the_picture_is_as_the_view_and_changes_nothing(folder: Path) -> None:
    fresh()
    bpy.context.scene.render.engine, bpy.context.scene.render.resolution_x = "BLENDER_WORKBENCH", 8
    bpy.ops.render.render()  # a Blender without a window has the graphics only after it
    before, render = state(), bpy.context.scene.render
    settings = (render.resolution_x, render.filepath, render.image_settings.file_format, render.engine)
    window = bpy.context.window
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    path = viewport.draw(window, area, folder, 256)
    assert state() == before
    assert (render.resolution_x, render.filepath, render.image_settings.file_format, render.engine) == settings
    image = bpy.data.images.load(str(path))
    assert max(image.size) == 256
    shades = {round(value, 2) for value in image.pixels[:]}
    assert len(shades) > 8, "the cube, the floor and the background"
