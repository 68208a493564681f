# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportGeneralTypeIssues=false
"""Files that are no result, and results of a hostile server: one sentence, the scene as it was, nothing run. (bpy)"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from addon.scene import SceneError, blend_file, loading
from tests.addon.scene.cases_arriving import imported
from tests.addon.scene.makes import fresh, hostile, result, state

SECRET = "a secret of the user's"


def refused(path: Path, **changes: Any) -> str:
    """The sentence; the scene must be as it was, in every kind of data."""
    fresh()
    before = state()
    try:
        imported(path, **changes)
    except SceneError as error:
        assert state() == before
        sentence = error.sentence
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return sentence
    raise AssertionError("it was not refused")


def cut(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path


def case_no_blend_at_all(folder: Path) -> None:
    path = folder / "r.blend"
    for content in (b"", b"BLEND", b"<html>not found</html>" * 100, b"glTF" + bytes(400), bytes(4096)):
        path.write_bytes(content)
        said = refused(path, how="LINK" if len(content) % 2 else "APPEND")
        assert "is no .blend" in said or "damaged" in said
    assert "cannot be read" in refused(folder / "missing.blend")


def case_cut_short_anywhere(folder: Path) -> None:
    whole = result(folder / "r.blend").read_bytes()
    packed = result(folder / "c.blend", compress=True).read_bytes()
    path = folder / "cut.blend"
    for part in (20, len(whole) // 3, len(whole) - 40, len(whole) - 1):
        path.write_bytes(whole[:part])
        assert "damaged or incomplete" in refused(path), part
    for part in (20, len(packed) // 3, len(packed) * 9 // 10):  # what comes last is an index, which nobody misses
        path.write_bytes(packed[:part])
        assert "damaged or incomplete" in refused(path), part


def case_bytes_turned_over_in_its_blocks(folder: Path) -> None:
    whole = result(folder / "r.blend").read_bytes()
    rng = random.Random(7)
    path = folder / "turned.blend"
    first, length = (12, 4) if whole.startswith(b"BLENDER-") else (17, 16)
    for place in (first + length, whole.index(b"DNA1") + length, whole.index(b"ENDB")):
        content = bytearray(whole)  # lengths of blocks: what the walk through the file relies on
        content[place : place + 4] = rng.randbytes(4)
        path.write_bytes(bytes(content))
        assert "damaged" in refused(path)


def case_saved_by_a_newer_blender(folder: Path) -> None:
    path = result(folder / "r.blend")
    # Version 9.9: with the head of Blender 5, which 4.2 cannot even split into blocks.
    path.write_bytes(b"BLENDER17-01v0909" + bytes(32) + b"ENDB")
    assert "damaged" in refused(path)
    head, rest = b"BLENDER17-01v0909", b"ENDB" + bytes(28)
    path.write_bytes(head + b"DNA1" + bytes(28) + rest)
    said = refused(path)
    assert "9.9" in said
    assert "update Blender" in said


def case_it_shows_nothing(folder: Path) -> None:
    def alter(scene: Any) -> None:
        bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])

    assert "nothing to bring in" in refused(result(folder / "r.blend", alter=alter))
    path = result(folder / "stage.blend", alter=lambda _: bpy.data.batch_remove(list(bpy.data.meshes)))
    assert "only cameras and lights" in refused(path, cameras_and_lights=False)


def case_it_draws_on_other_files(folder: Path) -> None:
    other = result(folder / "other.blend")

    def alter(scene: Any) -> None:
        with bpy.data.libraries.load(str(other), link=True) as (_found, wanted):
            wanted.objects = ["Table"]
        scene.collection.objects.link(wanted.objects[0])

    def read(*_: Any, **__: Any) -> Any:
        raise AssertionError("Blender would have opened what the file draws on")

    path = result(folder / "r.blend", alter=alter)
    whole, loading._read = loading._read, read
    try:
        for how in ("APPEND", "LINK"):
            assert "draws on other files" in refused(path, how=how)
    finally:
        loading._read = whole


def case_nothing_of_a_hostile_file_runs_where_the_user_allows_scripts(folder: Path) -> None:
    canary, secret = folder / "ran", folder / "secret.txt"
    secret.write_text(SECRET)
    path = hostile(folder / "h.blend", canary, secret)
    canary.unlink(missing_ok=True)
    scene = fresh()
    assert bpy.context.preferences.filepaths.use_scripts_auto_execute
    told = imported(path)
    for frame in (1, 2):
        scene.frame_set(frame)
        bpy.context.view_layer.update()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(folder / "user.blend"), use_scripts=True)
    bpy.context.view_layer.update()
    bpy.context.scene.frame_set(3)
    assert not canary.exists(), "something in the file has run"
    assert not list(bpy.data.texts)
    notes = " ".join(told.notes)
    assert "script" in notes
    assert "Switched off 3 drivers" in notes
    assert round(bpy.data.objects["Table"].location.y, 3) == 0.5, "a simple expression still drives"


def case_a_hostile_file_reads_nothing_of_the_users(folder: Path) -> None:
    canary, secret = folder / "ran", folder / "secret.txt"
    secret.write_text(SECRET)
    path = hostile(folder / "h.blend", canary, secret)
    fresh()
    told = imported(path)
    paths = bpy.utils.blend_paths(packed=True)
    assert str(secret) not in paths
    assert not any(".." in path for path in paths), paths
    assert bpy.data.objects["Mug"].modifiers["cache"].filepath == ""
    assert "Away" in " ".join(told.notes)
    assert bpy.data.images["Grain"].packed_file
    assert bpy.data.images["Grain"].filepath_raw == "//grain.png"
    assert "Away" not in bpy.data.images


def case_a_hostile_file_is_not_linked(folder: Path) -> None:
    canary, secret = folder / "ran", folder / "secret.txt"
    path = hostile(folder / "h.blend", canary, secret)
    canary.unlink(missing_ok=True)
    said = refused(path, how="LINK")
    assert "cannot be linked" in said
    assert "append it" in said
    assert not canary.exists()
    assert not list(bpy.data.libraries)
    assert [entry.name for entry in folder.rglob("*.blend")] == ["h.blend"], "no copy is left"


def case_a_file_that_unfolds_to_too_much(folder: Path) -> None:
    path = result(folder / "r.blend", compress=True)
    limit, blend_file.UNFOLDED_LIMIT_BYTES = blend_file.UNFOLDED_LIMIT_BYTES, 100_000
    try:
        assert "unfolds to more than" in refused(path)
    finally:
        blend_file.UNFOLDED_LIMIT_BYTES = limit


def case_compressed_where_only_blender_can_unfold_it(folder: Path) -> None:
    other = result(folder / "other.blend")

    def alter(scene: Any) -> None:
        with bpy.data.libraries.load(str(other), link=True) as (_found, wanted):
            wanted.objects = ["Table"]
        scene.collection.objects.link(wanted.objects[0])

    path = result(folder / "r.blend", compress=True)
    drawing = result(folder / "drawing.blend", compress=True, alter=alter)
    module, blend_file.zstandard = blend_file.zstandard, None
    try:
        assert "draws on other files" in refused(drawing), "found once Blender has read it"
        assert "Blender cannot read the file" in refused(cut(drawing, lambda content: content[: len(content) // 2]))
        fresh()
        assert "Table" in imported(path).objects
    finally:
        blend_file.zstandard = module


def case_what_fails_halfway_leaves_the_version_before(folder: Path) -> None:
    from addon.scene import replacing

    one, two = result(folder / "one.blend"), result(folder / "two.blend", version=2)
    fresh()
    imported(one)
    before = state()
    whole = replacing._clear_away

    def broken(*_: Any) -> None:
        raise MemoryError

    replacing._clear_away = broken
    try:
        imported(two, where="REPLACE")
    except MemoryError:
        pass
    else:
        raise AssertionError("the failure was swallowed")
    finally:
        replacing._clear_away = whole
    assert state() == before


def case_a_linked_scene_takes_nothing(folder: Path) -> None:
    other, path = result(folder / "other.blend"), result(folder / "r.blend")
    fresh()
    with bpy.data.libraries.load(str(other), link=True) as (found, wanted):
        wanted.scenes = list(found.scenes)
    bpy.context.window.scene = wanted.scenes[0]
    try:
        imported(path)
    except SceneError as error:
        assert "linked from another file" in error.sentence  # noqa: PT017
    else:
        raise AssertionError("it was not refused")
    finally:
        bpy.context.window.scene = bpy.data.scenes[0]
