# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
"""A result comes into a scene: where, as what, with what, and gone again by one undo. (bpy)"""

from pathlib import Path
from typing import Any

import bpy

from addon.scene import Imported, ImportOptions, NoPlace, bring_in, steps
from tests.addon.scene.makes import fresh, result, state, thing

PROJECT = "0190c1a2-1111-7000-8000-000000000001"


def options(**changes: Any) -> ImportOptions:
    return ImportOptions(**({"project_id": PROJECT, "project_name": "Tea for two", "snapshot_id": "s1"} | changes))


def imported(path: Path, **changes: Any) -> Imported:
    return bring_in(path, options(**changes), bpy.context)


def case_a_new_collection_is_named_after_the_project(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    told = imported(path)
    home = bpy.data.collections["Tea for two"]
    assert home.name in bpy.context.scene.collection.children
    assert told.collection == "Tea for two"
    assert not told.replaced
    assert {"Table", "Mug", "Mug.001"} <= set(told.objects)
    assert [child.name for child in home.children] == ["Dishes"], "Blender's own first collection is flattened"
    assert bpy.data.objects["Mug"].parent.name == "Table"
    assert not list(bpy.data.libraries)
    assert len(bpy.data.scenes) == 1
    assert len(bpy.data.worlds) == 1, "the world stays the user's"
    assert bpy.context.scene.camera.name == "Camera"


def case_one_undo_takes_all_back_and_redo_brings_all_again(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="cube")
    before = state()
    imported(path)
    after = state()
    assert after != before
    bpy.ops.ed.undo()
    assert state() == before
    bpy.ops.ed.redo()
    again = state()
    assert again["places"] == after["places"]
    assert {kind: [name for name, _ in again[kind]] for kind in ("objects", "materials", "images", "meshes")} == {
        kind: [name for name, _ in after[kind]] for kind in ("objects", "materials", "images", "meshes")
    }


def case_names_do_not_collide_with_the_users_own(folder: Path) -> None:
    path = result(folder / "r.blend")
    scene = fresh()
    own_look = bpy.data.materials.new("Wood")
    own = thing("Table", 3.0, (9, 9, 9), own_look, scene.collection)
    mesh = own.data.name
    told = imported(path)
    assert bpy.data.objects["Table"] == own
    assert own.data.name == mesh
    assert own.material_slots[0].material == bpy.data.materials["Wood"] == own_look
    assert "Table.001" in told.objects
    assert bpy.data.objects["Table.001"].material_slots[0].material.name == "Wood.001"


def case_at_the_cursor(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh().cursor.location = (10, 0, 0)
    imported(path, at="CURSOR")
    assert round(bpy.data.objects["Table"].matrix_world.translation.x, 4) == 10
    assert round(bpy.data.objects["Mug"].matrix_world.translation.x, 4) == 10.2


def case_metres_stay_metres_in_a_scene_of_millimetres(folder: Path) -> None:
    path = result(folder / "r.blend")
    scene = fresh()
    scene.unit_settings.scale_length = 0.001
    imported(path)
    assert [round(side) for side in bpy.data.objects["Table"].dimensions] == [1000, 1000, 1000]
    assert round(bpy.data.objects["Mug"].matrix_world.translation.x) == 200


def case_what_moves_by_itself_is_moved_too(folder: Path) -> None:
    def alter(scene: Any) -> None:
        table = bpy.data.objects["Table"]
        table.keyframe_insert("location", frame=1)
        table.location.x = 2
        table.keyframe_insert("location", frame=20)

    path = result(folder / "r.blend", alter=alter)
    scene = fresh()
    scene.cursor.location = (0, 7, 0)
    imported(path, at="CURSOR")
    scene.frame_set(20)
    place = bpy.data.objects["Table"].matrix_world.translation
    assert (round(place.x, 4), round(place.y, 4)) == (2, 7)


def case_cameras_and_lights_come_or_not(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    told = imported(path)
    assert {"Camera.001", "Light.001"} <= set(told.objects)
    fresh()
    told = imported(path, cameras_and_lights=False)
    assert set(told.objects) == {"Table", "Mug", "Mug.001"}
    assert len(bpy.data.cameras) == len(bpy.data.lights) == 1, "nothing is left of them"


def case_the_world_only_when_asked_for(folder: Path) -> None:
    def alter(scene: Any) -> None:
        scene.world.name = "Dawn"

    path = result(folder / "r.blend", alter=alter)
    scene = fresh()
    imported(path, world=True)
    assert scene.world.name == "Dawn"
    bpy.ops.ed.undo()
    assert bpy.context.scene.world.name == "World"


def case_what_the_file_hides_stays_hidden(folder: Path) -> None:
    def alter(scene: Any) -> None:
        bpy.data.objects["Mug"].hide_set(True)

    path = result(folder / "r.blend", alter=alter)
    fresh()
    imported(path)
    assert bpy.data.objects["Mug"].hide_get()
    assert not bpy.data.objects["Table"].hide_get()


def case_compressed(folder: Path) -> None:
    path = result(folder / "r.blend", compress=True)
    fresh()
    assert "Table" in imported(path).objects


def case_a_link_shows_the_file_through_an_empty(folder: Path) -> None:
    path = result(folder / "r.blend")
    scene = fresh()
    scene.cursor.location = (0, 0, 5)
    told = imported(path, how="LINK", at="CURSOR")
    assert told.objects == ("Tea for two",)
    empty = bpy.data.objects["Tea for two"]
    assert empty.users_collection[0].name == told.collection
    graph = bpy.context.evaluated_depsgraph_get()
    shown = {
        entry.object.name: entry.matrix_world.translation.z for entry in graph.object_instances if entry.is_instance
    }
    assert round(shown["Table"], 4) == 5.5
    assert bpy.data.objects["Table"].library is not None
    path.unlink()  # a download is tidied up, what is linked is not
    kept = folder / "user.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(kept))
    bpy.ops.wm.open_mainfile(filepath=str(kept))
    graph = bpy.context.evaluated_depsgraph_get()
    assert "Table" in {entry.object.name for entry in graph.object_instances if entry.is_instance}
    assert [scene.name for scene in bpy.data.scenes] == ["Scene"]


def case_one_undo_takes_a_link_back(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    before = state()
    imported(path, how="LINK")
    bpy.ops.ed.undo()
    assert state() == before


def case_a_strange_project_name_is_made_plain(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    told = imported(path, project_name="a\n\u202e" + "ü" * 300)
    assert told.collection.startswith("a ü")
    assert len(told.collection.encode()) <= 63
    assert imported(path, project_name=" \x00 ").collection == "Prompt2Mesh"


def case_it_is_said_before_blender_is_busy(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    going = steps(path, options(), bpy.context)
    told = list(going)
    assert told[-1].busy_s > 0
    assert all(step.busy_s == 0 for step in told[:-1])
    assert "Table" in bpy.data.objects


def case_an_import_given_up_between_its_steps_leaves_nothing(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    before = state()
    going = steps(path, options(), bpy.context)
    while next(going).busy_s == 0:
        continue
    going.close()
    assert state() == before


def case_another_file_opened_between_the_steps_is_told(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    going = steps(path, options(), bpy.context)
    while next(going).busy_s == 0:
        continue
    fresh()
    before = state()
    try:
        next(going)
    except NoPlace as error:
        assert "is gone" in error.sentence  # noqa: PT017
    else:
        raise AssertionError("it went on")
    assert state() == before
