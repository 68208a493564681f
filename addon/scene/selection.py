# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The selected objects as a file to send: these, as they look, and nothing else of the user's. (bpy)

A .blend is written from copies: shapes as modifiers leave them, materials with their pictures inside. Parents, rigs,
scenes, scripts, custom properties and paths stay here. The user's scene, selection and mode are as before afterwards.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import bpy

from .blocks import Before
from .copies import copied_objects, names_lent
from .errors import NothingToSend
from .modes import in_window, out_of_edit_mode, window_showing

Format = Literal["glb", "blend"]

LIMIT_BYTES = 200 * 2**20
"""What the server takes at most (its `import_limit_bytes`); it may be set lower there, and says so then."""

_SHAPED = {"MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "POINTCLOUD"}


def write(
    objects: Sequence[bpy.types.Object],
    folder: Path,
    format: Format = "glb",  # noqa: A002 - as Blender calls it
    limit_bytes: int = LIMIT_BYTES,
) -> Path:
    """Write the objects into a file in the folder, named by us. Blender's main thread only; it may take seconds.

    Raises: NothingToSend: no object has a shape, Blender cannot write them, or the file would be too large.
    """
    chosen = [obj for obj in objects if obj.type in _SHAPED or obj.instance_type == "COLLECTION"]
    if not chosen:
        raise NothingToSend("Select at least one object with a shape, so that there is something to send.")
    path = folder / f"selection-{secrets.token_hex(6)}.{format}"
    scene = bpy.context.scene
    window = window_showing(scene, bpy.context.window)
    layer = window.view_layer if window else bpy.context.view_layer
    layer.update()
    there = set(layer.objects)
    chosen = [obj for obj in chosen if obj in there]
    if not chosen:
        raise NothingToSend("The selected objects are not in this scene's view layer; select others.")
    try:
        with in_window(window), out_of_edit_mode(layer):
            if format == "blend":
                _write_blend(chosen, path)
            else:
                _write_glb(chosen, layer, path)
    except (RuntimeError, OSError, MemoryError) as error:
        path.unlink(missing_ok=True)
        why = (str(error).strip().splitlines() or ["no reason given"])[-1]
        raise NothingToSend(f"Blender could not write the selection ({why[:200]}); select less of it.") from error
    size_bytes = path.stat().st_size
    if size_bytes > limit_bytes:
        path.unlink()
        sizes = f"{size_bytes / 2**20:.0f} MB, and the server takes {limit_bytes / 2**20:.0f} MB"
        raise NothingToSend(f"The selection makes a file of {sizes}; select less, or use smaller textures.")
    return path


def _write_glb(objects: Sequence[bpy.types.Object], layer: bpy.types.ViewLayer, path: Path) -> None:
    if not _has_operator("export_scene", "gltf"):
        raise NothingToSend("Switch on Blender's add-on “glTF 2.0 format”, or send the selection as .blend.")
    with _only_selected(objects, layer):
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB",
            use_selection=True,
            export_apply=True,
            export_extras=False,
            export_cameras=False,
            export_lights=False,
            export_animations=False,
            export_yup=True,
            will_save_settings=False,
        )


def _write_blend(objects: Sequence[bpy.types.Object], path: Path) -> None:
    before = Before()
    try:
        copies, pairs = copied_objects(objects)
        scene = bpy.data.scenes.new("Selection")
        for copy in copies:
            scene.collection.objects.link(copy)
        units, own = scene.unit_settings, bpy.context.scene.unit_settings
        units.system, units.scale_length = own.system, own.scale_length
        scene.view_layers[0].update()  # Blender 5.2 crashes when it writes a scene that was never evaluated
        with names_lent(pairs):
            bpy.data.libraries.write(str(path), {scene}, path_remap="NONE", fake_user=False, compress=False)
    finally:
        before.remove_new()


@contextmanager
def _only_selected(objects: Sequence[bpy.types.Object], layer: bpy.types.ViewLayer) -> Iterator[None]:
    selected, active = [obj for obj in layer.objects if obj.select_get(view_layer=layer)], layer.objects.active
    for obj in selected:
        obj.select_set(False, view_layer=layer)
    for obj in objects:
        obj.select_set(True, view_layer=layer)
    try:
        yield
    finally:
        for obj in layer.objects:
            obj.select_set(obj in selected, view_layer=layer)
        layer.objects.active = active


def _has_operator(group: str, name: str) -> bool:
    """`hasattr` is always true of `bpy.ops`."""
    try:
        getattr(getattr(bpy.ops, group), name).get_rna_type()
    except (KeyError, AttributeError):
        return False
    return True
