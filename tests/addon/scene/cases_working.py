# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
"""The user is in the middle of something: a mode, another scene. (bpy)"""

from pathlib import Path

import bpy

from addon.scene import SceneError
from tests.addon.scene.cases_arriving import imported
from tests.addon.scene.makes import fresh, result


def _in_mode(mode: str) -> None:
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    bpy.data.objects["Cube"].select_set(True)
    bpy.ops.object.mode_set(mode=mode)
    bpy.ops.ed.undo_push(message=mode)


def case_in_edit_and_sculpt_mode_it_comes_and_the_mode_stays(folder: Path) -> None:
    path = result(folder / "r.blend")
    for mode in ("EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT"):
        fresh()
        _in_mode(mode)
        imported(path)
        cube = bpy.data.objects["Cube"]
        assert cube.mode == mode
        assert bpy.context.view_layer.objects.active == cube
        assert [obj.name for obj in bpy.context.selected_objects] == ["Cube"]
        assert "Table" in bpy.data.objects
        bpy.ops.ed.undo()
        assert "Table" not in bpy.data.objects, mode
        assert "Cube" in bpy.data.objects
        bpy.ops.ed.redo()
        assert "Table" in bpy.data.objects, mode


def case_what_the_user_works_on_is_not_replaced(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    imported(path)
    bpy.context.view_layer.objects.active = bpy.data.objects["Table"]
    for mode in ("EDIT", "SCULPT"):
        bpy.ops.object.mode_set(mode=mode)
        try:
            imported(path, where="REPLACE")
        except SceneError as error:
            assert "'Table' would be replaced" in error.sentence  # noqa: PT017
        else:
            raise AssertionError("it was replaced")
        assert bpy.data.objects["Table"].mode == mode


def case_an_edit_that_is_not_finished_is_kept(folder: Path) -> None:
    import bmesh

    path = result(folder / "r.blend")
    fresh()
    _in_mode("EDIT")
    mesh = bpy.data.objects["Cube"].data
    shape = bmesh.from_edit_mesh(mesh)
    shape.verts.ensure_lookup_table()
    shape.verts[0].co.x = -9
    bmesh.update_edit_mesh(mesh)
    imported(path)
    shape = bmesh.from_edit_mesh(bpy.data.objects["Cube"].data)
    shape.verts.ensure_lookup_table()
    assert shape.verts[0].co.x == -9


def case_several_objects_in_edit_mode_together(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    bpy.ops.mesh.primitive_cube_add()
    for obj in bpy.data.objects:
        obj.select_set(obj.type == "MESH")
    bpy.ops.object.mode_set(mode="EDIT")
    third = bpy.data.objects["Cube"].copy()
    third.data = third.data.copy()
    bpy.context.scene.collection.objects.link(third)
    third.select_set(True)
    imported(path)
    assert sorted(obj.name for obj in bpy.context.objects_in_mode) == ["Cube", "Cube.001"]
    assert third.mode == "OBJECT"
    assert third.select_get()


def case_another_scene_in_the_window_gets_nothing(folder: Path) -> None:
    path = result(folder / "r.blend")
    scene = fresh()
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    imported(path)
    assert "Table" in other.objects
    assert "Table" not in scene.objects
    bpy.context.window.scene = scene
    imported(path, where="REPLACE")
    assert "Table.001" in scene.objects, "the other scene's version is not this one's"
