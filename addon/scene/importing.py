# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A finished .blend into the user's scene: in steps, with one undo step, wholly or not at all. (bpy)

The file is read through in slices. All that changes Blender's data then happens in one step, so that an undo, another
file or the end of Blender between two steps finds nothing half done; how long that step may take is said before it.
No reference of Blender's is kept between two steps.
"""

from collections.abc import Generator
from pathlib import Path

import bpy

from .blend_file import BlendFile, scan_blend
from .blocks import Before
from .errors import NoPlace, RefusedFile
from .lasting import lasting
from .loading import Loaded, drop_what_is_not_wanted, load
from .marks import homes_of, project_of
from .modes import in_window, mode_in_words, out_of_edit_mode, window_showing
from .options import Imported, ImportOptions, Step
from .placing import (
    bring_link_to,
    check_scene,
    keep_visibility,
    new_home,
    note_where_they_stand,
    place_for,
    put_in_place,
    select_only,
    show_in_local_view,
)
from .replacing import Earlier, replace, replace_with_link
from .sharing import make_ours, share, take_free_names
from .silence import silence, what_would_act

# Measured with 450 MB of meshes in a file, on two busy cores: 0.1 to 0.8 s, and 2 to 3 s where an earlier version is
# there to be compared with.
_BYTES_A_SECOND, _COMPARED_BYTES_A_SECOND = 500 * 2**20, 150 * 2**20
_SAID_FROM_S = 0.3
_MOST_SAID = 3


def bring_in(path: Path, options: ImportOptions, context: bpy.types.Context) -> Imported:
    """The same as `steps`, at once. Blender's main thread only. Raises: SceneError: the scene is as it was."""
    going = steps(path, options, context)
    while True:
        try:
            next(going)
        except StopIteration as end:
            return end.value


def steps(path: Path, options: ImportOptions, context: bpy.types.Context) -> Generator[Step, None, Imported]:
    """Bring a result into the scene that the context shows now. Blender's main thread only.

    Each step takes about 2 ms, but for the one before which a `Step` with `busy_s` above 0 was yielded: show
    that to the user and let Blender draw before going on. Closing the generator before leaves nothing behind.
    Raises: SceneError: a sentence for the user; the scene is as it was.
    """
    check_scene(context.scene)
    scene_uid = context.scene.session_uid
    yield Step("Reading the file", 0.0)
    scan = scan_blend(path)
    while True:
        try:
            part = next(scan)
        except StopIteration as end:
            file: BlendFile = end.value
            break
        yield Step("Reading the file", 0.5 * min(1.0, part))
    compares = any(project_of(mesh) == options.project_id for mesh in bpy.data.meshes)
    busy_s = file.unfolded_bytes / (_COMPARED_BYTES_A_SECOND if compares else _BYTES_A_SECOND)
    sentence = "Putting it into the scene"
    if busy_s >= _SAID_FROM_S:
        sentence += f": Blender is busy for about {max(1, round(busy_s))} s"
    yield Step(sentence, 0.5, busy_s=max(busy_s, 0.02))
    return _bring_in(path, file, options, _scene_of(scene_uid))


def _scene_of(uid: int) -> bpy.types.Scene:
    scene = next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)
    if scene is None:
        raise NoPlace("The scene that the result was meant for is gone; open one and import it again.")
    return scene


def _bring_in(path: Path, file: BlendFile, options: ImportOptions, scene: bpy.types.Scene) -> Imported:
    check_scene(scene)
    window = window_showing(scene, bpy.context.window)
    layer = window.view_layer if window else scene.view_layers[0]
    if options.where == "REPLACE":
        _refuse_what_is_worked_on(layer, options)
    with in_window(window), out_of_edit_mode(layer) as mode:
        if layer.objects.active is not None and layer.objects.active.mode != "OBJECT":
            # In Sculpt Mode an undo goes back to such a step of the whole file, and to none before it: measured with
            # Blender 4.3, whose own operators there lack it, and are not undone by one undo.
            bpy.ops.ed.undo_push(message="Before the import")
        imported = _whole_or_not(path, file, options, scene, layer, selects=mode == "OBJECT")
        if window is not None:
            shown = [obj for obj in layer.objects if obj.name in set(imported.objects)]
            show_in_local_view(window, shown)
        bpy.ops.ed.undo_push(message=f"Import {imported.collection}")
    return imported


def _refuse_what_is_worked_on(layer: bpy.types.ViewLayer, options: ImportOptions) -> None:
    """What the user edits or sculpts is not replaced under their hands."""
    active = layer.objects.active
    if active is not None and active.mode != "OBJECT" and project_of(active) == options.project_id:
        raise NoPlace(f"Leave {mode_in_words(active.mode)} first, because {active.name!r} would be replaced.")


def _whole_or_not(
    path: Path,
    file: BlendFile,
    options: ImportOptions,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    *,
    selects: bool,
) -> Imported:
    before, settled = Before(), False
    try:
        loaded, notes = _made_ready(path, file, options, before)
        shared = 0
        if options.how == "APPEND":
            shared = share(loaded, before, options.project_id)
            make_ours(loaded, before, options.project_id)
        settled = True
        home, new, replaced, kept = _settle(loaded, options, scene, layer)
    except BaseException:
        if settled and options.where == "REPLACE":
            _go_back()  # something of the earlier version may be gone
        else:
            before.remove_new()
        raise
    keep_visibility(layer, loaded)
    if options.how == "APPEND":
        take_free_names(before)
        scene.world = loaded.world or scene.world
        scene.camera = scene.camera or loaded.camera
        bpy.data.batch_remove([library for library in before.new("libraries") if not library.users_id])
    if selects and not replaced:
        select_only(layer, [obj for obj in new if obj.parent not in set(new)])
    layer.update()
    return Imported(home.name, tuple(obj.name for obj in new), replaced, shared, (*notes, *kept))


def _made_ready(path: Path, file: BlendFile, options: ImportOptions, before: Before) -> tuple[Loaded, list[str]]:
    """The result in memory, harmless, and only what is wanted of it. Returns also: sentences on what was left out."""
    if options.how == "LINK":
        with lasting(path) as kept:
            loaded = load(kept, file, before, link=True)
            _refuse_what_acts(before)
        return loaded, []
    loaded = load(path, file, before, link=False)
    notes = silence(before).notes()
    drop_what_is_not_wanted(loaded, before, stage=options.cameras_and_lights, world=options.world)
    if not loaded.all_objects():
        raise RefusedFile("The result holds only cameras and lights, which you chose not to import.")
    return loaded, notes


def _go_back() -> None:
    """To the last undo step, which is how the scene was before."""
    bpy.ops.ed.undo_push(message="Import that failed")
    bpy.ops.ed.undo()


def _refuse_what_acts(before: Before) -> None:
    """Linked data cannot be made harmless, so a file that holds what is not is appended or not taken at all."""
    found = what_would_act(before)
    if found:
        listed = ", ".join(found[:_MOST_SAID]) + (
            f" and {len(found) - _MOST_SAID} more" if len(found) > _MOST_SAID else ""
        )
        raise RefusedFile(f"The result cannot be linked, because it holds {listed}; append it, which leaves that out.")


def _settle(
    loaded: Loaded, options: ImportOptions, scene: bpy.types.Scene, layer: bpy.types.ViewLayer
) -> tuple[bpy.types.Collection, list[bpy.types.Object], bool, list[str]]:
    """Into the scene. Returns: our collection, the objects in it that are new, whether it was there, what was kept."""
    homes = homes_of(options.project_id, scene) if options.where == "REPLACE" else []
    homes = [home for home in homes if home.library is None and home.override_library is None]
    place = place_for(scene, loaded, options)
    if homes:
        earlier = Earlier(homes[0])
        if options.how == "LINK":
            empty, kept = replace_with_link(earlier, loaded, options)
            return homes[0], [empty], True, kept
        new, kept = replace(earlier, loaded, layer, options)
        return homes[0], new, True, kept
    home = new_home(scene, options, place.matrix)
    if options.how == "LINK":
        empty = bring_link_to(loaded, home, options)
        empty.matrix_basis = place.matrix
        return home, [empty], False, []
    objects = loaded.all_objects()
    note_where_they_stand(objects, home)
    for collection in loaded.collections:
        home.children.link(collection)
    for obj in loaded.objects:
        home.objects.link(obj)
    put_in_place([obj for obj in objects if obj.parent is None], place.matrix, home, options)
    return home, objects, False, []
