# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A file of the user as objects in the scene: into a collection of its own, metres and Z up, nothing in it run.

Importers work in a scene of their own, because they set frame rates, units and selections as they like; what they
made then moves over. If one fails, all that it made goes.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from cloud.blender.child.blend_version import unreadable_blend
from cloud.blender.child.boxes import GEOMETRY_TYPES, world_box
from cloud.blender.child.outside_files import forget_outside_files
from cloud.blender.child.read_back import DATA_KINDS, remove_data_since
from cloud.blender.child.reference_plane import add_reference_plane
from cloud.blender.child.report import count_geometry, evaluated_triangles, rounded
from cloud.blender.child.upload_checks import PICTURES, checked_upload
from cloud.blender.child.wording import counted, cut, listed, triple
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

_NAMES_AT_MOST = 200
_SCALES = (1e-6, 1e6)
_OBJECTS_AT_MOST = 20_000
_TOO_LARGE = "it unfolds to more than fits into the memory here"

_IMPORTERS: dict[str, Callable[[str], object]] = {
    "glb": lambda path: bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True),
    "fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path, use_image_search=False),
    "obj": lambda path: bpy.ops.wm.obj_import(filepath=path),
    "stl": lambda path: bpy.ops.wm.stl_import(filepath=path),
    "ply": lambda path: bpy.ops.wm.ply_import(filepath=path),
    "usd": lambda path: bpy.ops.wm.usd_import(filepath=path, import_textures_mode="IMPORT_PACK"),
}
_IMPORTERS |= {"gltf": _IMPORTERS["glb"], **dict.fromkeys(("usda", "usdc", "usdz"), _IMPORTERS["usd"])}


def import_file(folder: Path, file: str, scale: float = 1.0, collection: str = "") -> Message:
    """Add what an uploaded file holds to the scene. Leaves the scene as it was where it raises.

    Raises: InvalidInput: the file is not there, is damaged or holds nothing, or an argument cannot be used.
    """
    if not math.isfinite(scale) or not _SCALES[0] <= scale <= _SCALES[1]:
        raise InvalidInput(f"The scale of an import lies between {_SCALES[0]:g} and {_SCALES[1]:g}, not {scale:g}.")
    path, kind = checked_upload(folder, file)
    before = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in DATA_KINDS}
    window, present = bpy.context.window, bpy.context.window.scene
    window.scene = bpy.data.scenes.new("Import")
    home, lost = None, list[str]()
    try:
        _bring_in(path, kind, scale)
        _silence_scripts(before)
        lost = forget_outside_files(before)
        if not present.objects:
            _set_stage(present, window.scene)
        home = _moved_over(present, collection or path.stem)
    except RuntimeError as error:
        raise InvalidInput(f"{file} cannot be imported: {_why(error)}.") from error
    except MemoryError as error:
        raise InvalidInput(f"{file} cannot be imported: {_TOO_LARGE}.") from error
    finally:
        made_in = window.scene
        window.scene = present
        if home is None:
            remove_data_since(before)
        else:
            bpy.data.scenes.remove(made_in)
    return _told(file, home, lost)


def _why(error: RuntimeError) -> str:
    """In Blender's words, which end with the place in its own code."""
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("Location: ")]
    why = lines[-1] if lines else "no reason given"
    return (
        _TOO_LARGE
        if why.startswith(("MemoryError", "numpy._core._exceptions._ArrayMemoryError"))
        else (f"Blender says {cut(why, 200)!r}")
    )


def _bring_in(path: Path, kind: str, scale: float) -> None:
    """The file's objects in the present scene, at the scale."""
    scene = bpy.context.scene
    if kind in PICTURES:
        add_reference_plane(path, scale)
        return
    if kind == "blend":
        scale *= _append(path)
    else:
        _IMPORTERS[kind](str(path))
    shells = [obj for obj in scene.collection.all_objects if obj.name.startswith("_materials") and not obj.children]
    bpy.data.batch_remove([obj for obj in shells if obj.type == "EMPTY"])  # the folder of materials of a .usd
    if not scene.collection.all_objects:
        raise InvalidInput(f"{path.name} cannot be imported: no object was found in it.")
    if len(scene.collection.all_objects) > _OBJECTS_AT_MOST:
        raise InvalidInput(f"{path.name} holds more than {_OBJECTS_AT_MOST} objects.")
    if scale != 1:
        for obj in scene.collection.all_objects:
            if obj.parent is None:
                obj.matrix_basis = Matrix.Scale(scale, 4) @ obj.matrix_basis


def _append(path: Path) -> float:
    """The objects of all scenes of a .blend, in their collections; the scenes themselves are let go.

    The present scene gets the first one's camera and world. Returns: how many metres its unit is.
    """
    try:
        with bpy.data.libraries.load(str(path), link=False) as (found, wanted):  # pyright: ignore[reportGeneralTypeIssues]
            wanted.scenes = list(found.scenes)
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be imported: {unreadable_blend(path, bpy.app.version)}.") from error
    target, metres = bpy.context.scene.collection, 1.0
    if wanted.scenes and (first := wanted.scenes[0]):
        bpy.context.scene.camera, bpy.context.scene.world = first.camera, first.world
        metres = first.unit_settings.scale_length if first.unit_settings.system != "NONE" else 1.0
    for scene in wanted.scenes:
        for child in scene.collection.children if scene else ():
            if child.name not in target.children:
                target.children.link(child)
        for obj in scene.collection.objects if scene else ():
            if obj.name not in target.objects:
                target.objects.link(obj)
    for scene in wanted.scenes:
        if scene:
            bpy.data.scenes.remove(scene)
    return metres


def _set_stage(target: bpy.types.Scene, source: bpy.types.Scene) -> None:
    """A scene that begins with a file has its camera and its world."""
    if source.camera is not None:
        target.camera = source.camera
    if source.world is not None:
        target.world = source.world


def _silence_scripts(before: dict[str, set[int]]) -> None:
    """Nothing that came with the file runs: no text at loading, no driver that is a Python expression."""
    for text in bpy.data.texts:
        if text.session_uid not in before["texts"]:
            text.use_module = False
    new = [block for kind in DATA_KINDS for block in getattr(bpy.data, kind) if block.session_uid not in before[kind]]
    inner = [getattr(block, part, None) for block in new for part in ("node_tree", "shape_keys")]
    for block in (*new, *filter(None, inner)):
        animation = getattr(block, "animation_data", None)
        for curve in animation.drivers if animation else ():
            if curve.driver.type == "SCRIPTED" and not curve.driver.is_simple_expression:
                curve.mute = True
                curve.driver.expression = "0.0"


def _moved_over(target: bpy.types.Scene, name: str) -> bpy.types.Collection:
    """All that is in the present scene, in a new collection of the target's."""
    source = bpy.context.scene.collection
    home = bpy.data.collections.new(cut(name, 60))
    for child in list(source.children):
        source.children.unlink(child)
        home.children.link(child)
    for obj in list(source.objects):
        source.objects.unlink(obj)
        home.objects.link(obj)
    target.collection.children.link(home)
    return home


def _told(file: str, home: bpy.types.Collection, lost: list[str]) -> Message:
    """What came in, in words and as data; `objects` and `triangles` count the whole scene, as after a step."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    objects = list(home.all_objects)
    solid = [obj for obj in objects if obj.type in GEOMETRY_TYPES]
    triangles = sum(evaluated_triangles(obj.evaluated_get(graph)) for obj in solid)
    names = [obj.name for obj in objects]
    imported: dict[str, Any] = {"collection": home.name, "objects": len(names), "triangles": triangles}
    size = ""
    if solid:
        corners = np.concatenate([world_box(obj, graph) for obj in solid])
        low, high = corners.min(axis=0), corners.max(axis=0)
        imported |= {"dimensions": rounded(high - low), "min": rounded(low), "max": rounded(high)}
        size = f", {' × '.join(f'{value:.4g}' for value in imported['dimensions'])} m, "
        size += f"from {triple(imported['min'])} to {triple(imported['max'])}"
    changed = {"summary": f"added {cut(listed(names), 600)}", "added": names[:_NAMES_AT_MOST]}
    text = f"Imported {cut(file, 80)} into collection {cut(home.name)}: {counted(len(names), 'object')} "
    text += f"({cut(listed(names), 600)}), {counted(triangles, 'triangle')}{size}."
    if lost:
        text += f" Missing, as they lie in other files: {cut(listed(lost), 300)}."
    structured = {"ok": True, "imported": imported, "changed": changed | {"removed": [], "modified": []}}
    return Message({"text": text, "structured": structured | count_geometry()})
