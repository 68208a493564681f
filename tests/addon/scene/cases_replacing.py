# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
"""The next version in the place of the one before, and all that is the user's stays. (bpy)"""

from pathlib import Path
from typing import Any

import bpy

from tests.addon.scene.cases_arriving import imported
from tests.addon.scene.makes import fresh, result, state, thing


def two(folder: Path) -> tuple[Path, Path]:
    """The first version and the next."""
    return result(folder / "one.blend"), result(folder / "two.blend", version=2)


def replaced(path: Path, **changes: Any) -> Any:
    return imported(path, where="REPLACE", snapshot_id="s2", **changes)


def case_the_next_version_takes_the_place_of_the_one_before(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    home = bpy.data.collections["Tea for two"]
    told = replaced(next_one)
    assert told.replaced
    assert told.collection == "Tea for two"
    assert bpy.data.collections["Tea for two"] == home
    assert len(scene.collection.children) == 2, "the user's and ours"
    assert sorted(obj.name for obj in home.all_objects) == ["Bowl", "Camera.001", "Light.001", "Mug", "Table"]
    assert round(bpy.data.objects["Table"].location.z, 4) == 0.6
    assert not [name for name in bpy.data.objects.keys() if name.startswith("Mug.")]  # noqa: SIM118
    for kind in ("meshes", "materials", "images", "node_groups", "collections"):
        numbered = [name for name in getattr(bpy.data, kind).keys() if name.endswith((".001", ".002"))]  # noqa: SIM118
        assert not numbered, (kind, numbered)
    assert [child.name for child in home.children] == ["Dishes"]
    assert {obj.name for obj in bpy.data.collections["Dishes"].objects} == {"Mug", "Bowl"}


def case_without_a_version_in_the_scene_it_is_a_new_collection(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    assert not replaced(path).replaced
    told = imported(path, where="REPLACE", project_id="another")
    assert not told.replaced
    assert told.collection == "Tea for two.001"


def case_one_undo_brings_the_earlier_version_back(folder: Path) -> None:
    one, next_one = two(folder)
    fresh()
    imported(one)
    before = state()
    replaced(next_one)
    assert state() != before
    bpy.ops.ed.undo()
    assert state() == before
    bpy.ops.ed.redo()
    assert "Bowl" in bpy.data.objects


def case_the_collection_keeps_its_place_name_and_look(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    home = bpy.data.collections["Tea for two"]
    shelf = bpy.data.collections.new("Shelf")
    scene.collection.children.link(shelf)
    scene.collection.children.unlink(home)
    shelf.children.link(home)
    home.name, home.color_tag, home.hide_render = "Mine now", "COLOR_04", True
    shown = bpy.data.objects.new("Again", None)
    shown.instance_type, shown.instance_collection, shown.location = "COLLECTION", home, (5, 0, 0)
    scene.collection.objects.link(shown)
    layer = bpy.context.view_layer.layer_collection.children["Shelf"].children["Mine now"]
    layer.hide_viewport = True
    replaced(next_one)
    assert [child.name for child in shelf.children] == ["Mine now"]
    assert (home.color_tag, home.hide_render) == ("COLOR_04", True)
    assert shown.instance_collection == home
    assert shown.location.x == 5
    assert bpy.context.view_layer.layer_collection.children["Shelf"].children["Mine now"].hide_viewport
    assert "Bowl" in home.all_objects


def case_what_the_user_moved_stays_where_they_put_it(folder: Path) -> None:
    one, next_one = two(folder)
    fresh()
    imported(one)
    bpy.data.objects["Table"].location.x += 3
    bpy.data.objects["Light.001"].location.x += 3
    bpy.data.objects["Camera.001"].location.x += 3
    bpy.data.objects["Mug"].location.y += 0.1
    bpy.context.view_layer.update()
    replaced(next_one)
    place = {name: bpy.data.objects[name].matrix_world.translation for name in ("Table", "Mug", "Bowl")}
    assert [round(value, 4) for value in place["Table"]] == [3, 0, 0.6]
    assert round(place["Mug"].y, 4) == 0.1
    assert round(place["Bowl"].x, 4) == 2.8


def case_at_the_cursor_and_replaced_it_stays_there(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    scene.unit_settings.scale_length = 0.01
    scene.cursor.location = (500, 0, 0)
    imported(one, at="CURSOR")
    scene.cursor.location = (0, 0, 0)
    replaced(next_one, at="CURSOR")
    place = bpy.data.objects["Table"].matrix_world.translation
    assert [round(value, 2) for value in place] == [500, 0, 60]


def case_hung_on_the_users_own_it_hangs_there_still(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    hook = bpy.data.objects.new("Hook", None)
    hook.location = (0, 4, 0)
    scene.collection.objects.link(hook)
    bpy.data.objects["Table"].parent = hook
    replaced(next_one)
    assert bpy.data.objects["Table"].parent == hook
    assert round(bpy.data.objects["Table"].matrix_world.translation.y, 4) == 4


def case_what_the_user_hung_on_ours_or_put_in_is_kept_and_told(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    look = bpy.data.materials.new("Mine")
    home = bpy.data.collections["Tea for two"]
    spoon = thing("Spoon", 0.1, (0, 0, 1), look, scene.collection)
    spoon.parent = bpy.data.objects["Table"]
    fly = thing("Fly", 0.1, (0, 0, 0.2), look, bpy.data.collections["Dishes"])
    fly.parent = bpy.data.objects["Mug.001"]  # goes for good
    arrow = thing("Arrow", 0.1, (0, 0, 3), look, scene.collection)
    arrow.constraints.new("TRACK_TO").target = bpy.data.objects["Mug"]
    bpy.context.view_layer.update()
    stood = fly.matrix_world.translation.copy()
    told = replaced(next_one)
    assert spoon.parent == bpy.data.objects["Table"]
    assert spoon.parent in set(home.all_objects)
    assert arrow.constraints[0].target == bpy.data.objects["Mug"]
    assert fly.parent is None
    assert (fly.matrix_world.translation - stood).length < 1e-5
    assert fly in set(home.all_objects)
    notes = " ".join(told.notes)
    assert "Fly" in notes
    assert "Kept your own objects" in notes


def case_what_the_user_moved_out_or_copied_is_kept_and_told(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    mug = bpy.data.objects["Mug"]
    bpy.data.collections["Dishes"].objects.unlink(mug)
    scene.collection.objects.link(mug)
    table = bpy.data.objects["Table"]
    copy = table.copy()
    copy.name = "Table copy"
    bpy.data.collections["Tea for two"].objects.link(copy)
    told = replaced(next_one)
    assert mug in set(scene.collection.objects)
    assert "Mug" in " ".join(told.notes)
    assert "Table copy" in " ".join(told.notes)
    assert bpy.data.objects["Table copy"].data.name.startswith("Table")
    inside = {obj.name for obj in bpy.data.collections["Tea for two"].all_objects}
    assert {"Table", "Table copy", "Mug.002", "Bowl"} <= inside, "the new mug has a name of its own"


def case_a_material_that_the_user_took_is_theirs(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    wood = bpy.data.materials["Wood"]
    stool = thing("Stool", 0.4, (3, 0, 0), wood, scene.collection)
    replaced(next_one)
    assert stool.material_slots[0].material == wood
    assert bpy.data.objects["Table"].material_slots[0].material != wood


def case_the_active_camera_and_the_selection_go_over(folder: Path) -> None:
    one, next_one = two(folder)
    scene = fresh()
    imported(one)
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj.name == "Mug")
    scene.camera = bpy.data.objects["Camera.001"]
    bpy.context.view_layer.objects.active = bpy.data.objects["Mug"]
    bpy.data.objects["Table"].hide_set(True)
    replaced(next_one)
    assert scene.camera.name == "Camera.001"
    assert [obj.name for obj in bpy.context.selected_objects] == ["Mug"]
    assert bpy.context.view_layer.objects.active.name == "Mug"
    assert bpy.data.objects["Table"].hide_get()


def case_a_link_takes_the_place_of_a_link(folder: Path) -> None:
    one, next_one = two(folder)
    fresh()
    imported(one, how="LINK")
    empty = bpy.data.objects["Tea for two"]
    empty.location = (0, 0, 4)
    told = replaced(next_one, how="LINK")
    assert told.replaced
    assert bpy.data.objects["Tea for two"] == empty
    assert empty.location.z == 4
    graph = bpy.context.evaluated_depsgraph_get()
    names = {entry.object.name for entry in graph.object_instances if entry.is_instance}
    assert "Bowl" in names
    assert [Path(library.filepath).name for library in bpy.data.libraries] == ["two.blend"]


def case_an_append_takes_the_place_of_a_link_and_back(folder: Path) -> None:
    one, next_one = two(folder)
    fresh()
    imported(one, how="LINK")
    bpy.data.objects["Tea for two"].location = (0, 0, 4)
    replaced(next_one)
    assert not [obj for obj in bpy.data.objects if obj.instance_collection]
    assert not list(bpy.data.libraries)
    assert round(bpy.data.objects["Table"].matrix_world.translation.z, 4) == 4.6
    replaced(one, how="LINK")
    assert round(bpy.data.objects["Tea for two"].location.z, 4) == 4
    assert [obj.name for obj in bpy.data.objects if not obj.library and obj.name == "Table"] == []


def case_a_version_after_saving_and_opening(folder: Path) -> None:
    one, next_one = two(folder)
    fresh()
    imported(one)
    bpy.data.objects["Table"].location.x += 1
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(folder / "user.blend"))
    told = replaced(next_one)
    assert told.replaced
    assert round(bpy.data.objects["Table"].location.x, 4) == 1
    assert len([name for name in bpy.data.materials.keys() if name.startswith("Clay")]) == 1  # noqa: SIM118


def case_what_moves_by_itself_is_replaced_where_it_was(folder: Path) -> None:
    def alter(scene: Any) -> None:
        bpy.data.objects["Table"].keyframe_insert("location", frame=1)

    path = result(folder / "r.blend", alter=alter)
    scene = fresh()
    scene.cursor.location = (0, 7, 0)
    imported(path, at="CURSOR")
    for _ in range(2):
        replaced(path)
        scene.frame_set(2)
        assert round(bpy.data.objects["Table"].matrix_world.translation.y, 4) == 7
        assert len([obj for obj in bpy.data.objects if obj.type == "EMPTY"]) == 1
