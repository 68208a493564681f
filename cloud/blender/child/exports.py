# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene as a file for the user, in seven formats, each read back before it is handed over.

Exported is what a render shows: visible objects that are not hidden from renders, as their modifiers leave them,
with all instances. A .blend of the whole scene is that scene: hidden objects, node trees and all.
"""

import math
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy

from cloud.blender.child.export_scope import Scope, chosen_scope, modifiers_off, only_selected
from cloud.blender.child.gltf_file import scale_glb
from cloud.blender.child.loose_textures import textures_in
from cloud.blender.child.plain_colours import procedural_made_plain
from cloud.blender.child.read_back import Unreadable, count_triangles_of_file
from cloud.blender.child.scene_file import pack_images
from cloud.blender.child.stand_ins import plain_meshes
from cloud.blender.child.wording import counted, listed
from cloud.blender.frames import FDS_LIMIT, Message, hand_over
from cloud.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SCALES = (1e-6, 1e6)
_WITHOUT_MATERIALS = frozenset({"stl", "ply"})


@dataclass(frozen=True)
class _Wish:
    """How a file is to be written."""

    path: Path
    scope: Scope
    apply_modifiers: bool
    scale: float
    up: str

    def axes(self, forward: Sequence[str], sign: str = "NEGATIVE_") -> tuple[str, str]:
        """The forward and up axes: of the wish, or those of the format."""
        return {"Z": ("Y", "Z"), "Y": (f"{sign}Z", "Y")}[self.up] if self.up else (forward[0], forward[1])


def export_scene(
    scratch: Path,
    format: str,  # noqa: A002 - the tool's argument
    name: str = "scene",
    objects: Sequence[str] = (),
    apply_modifiers: bool = True,
    scale: float = 1.0,
    up: str = "",
) -> Message:
    """Write the scene or some of its objects, read the file back, hand it over with what belongs to it.

    Raises: InvalidInput: an argument cannot be used, there is nothing to write, or the file cannot be read back.
    """
    _check_arguments(format, name, scale, up)
    scope = chosen_scope(objects, everything=format == "blend")
    folder = Path(tempfile.mkdtemp(prefix="export-", dir=scratch))
    try:
        wish = _Wish(folder / f"{name}.{format}", scope, apply_modifiers, scale, up)
        expected, made_plain = _write(wish, format)
        read = count_triangles_of_file(wish.path)
        others = [path for path in folder.rglob("*") if path.is_file() and path != wish.path]
        others.sort(key=lambda path: (path.suffix != ".mtl", path.name))
        sent = [wish.path, *others[: FDS_LIMIT - 1]]
        entries = [{"name": path.name, "bytes": path.stat().st_size} for path in sent]
        fds = [hand_over(path) for path in sent]
    except RuntimeError as error:
        raise InvalidInput(f"Blender could not write {name}.{format}: {str(error).strip()}") from error
    except Unreadable as error:
        raise InvalidInput(f"The {format} file that Blender wrote cannot be read back: {error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ok = read == expected
    lines = [f"Wrote {entries[0]['name']}: {counted(entries[0]['bytes'], 'byte')}, {counted(expected, 'triangle')}"]
    lines[0] += ", the same when read back." if ok else f", but {read} when read back: look at the file before use."
    lines += [f"Beside it: {', '.join(entry['name'] for entry in entries[1:])}."] if entries[1:] else []
    lines += (
        [f"{counted(len(others) - len(sent) + 1, 'more texture')} were left out."] if len(others) >= len(sent) else []
    )
    lines += [f"Procedural colours, one plain mean in the file: {listed(made_plain)}."] if made_plain else []
    lines += [scope.note] if scope.note else []
    structured = {"files": entries, "triangles": expected, "read_back": {"triangles": read, "ok": ok}}
    return Message({"text": "\n".join(lines), "structured": structured}, fds=tuple(fds))


def _check_arguments(file_format: str, name: str, scale: float, up: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput("The name of an export holds only letters, digits, '-' and '_', at most 64.")
    if file_format not in _WRITERS and file_format != "blend":
        raise InvalidInput(f"The format is one of blend, {', '.join(_WRITERS)}, not {file_format!r}.")
    if not math.isfinite(scale) or not _SCALES[0] <= scale <= _SCALES[1]:
        raise InvalidInput(f"The scale of an export lies between {_SCALES[0]:g} and {_SCALES[1]:g}, not {scale:g}.")
    if up not in {"", "Y", "Z"}:
        raise InvalidInput(f"The up axis of an export is 'Y', 'Z' or '' for the format's own, not {up!r}.")
    if file_format == "blend" and (scale != 1 or up == "Y"):
        raise InvalidInput("A .blend keeps the scene's metres and Z up: leave out scale and up.")


def _write(wish: _Wish, file_format: str) -> tuple[int, list[str]]:
    """Write the file. Returns: how many triangles it should hold, and which materials' colours became plain in it."""
    made_plain: list[str] = []
    with modifiers_off(wish.scope.objects, off=not wish.apply_modifiers and file_format != "blend"):
        expected = wish.scope.triangles()
        if file_format == "blend":
            _write_blend(wish)
        elif not wish.scope.has_geometry():
            raise InvalidInput("The scene has no geometry to export." if not wish.scope.named else wish.scope.nothing())
        else:
            with (
                plain_meshes(wish.scope.objects) as plain,
                only_selected(plain),
                procedural_made_plain(() if file_format in _WITHOUT_MATERIALS else plain) as made_plain,
            ):
                _WRITERS[file_format](wish)
    return expected, made_plain


def _write_blend(wish: _Wish) -> None:
    pack_images()
    if not wish.scope.named:
        bpy.ops.wm.save_as_mainfile(filepath=str(wish.path), copy=True, compress=True, check_existing=False)
        return
    present = bpy.context.scene
    name, part = present.name, present.copy()
    try:
        for child in part.collection.children:
            part.collection.children.unlink(child)
        for obj in part.collection.objects:
            part.collection.objects.unlink(obj)
        for obj in wish.scope.objects:
            part.collection.objects.link(obj)
        if part.camera not in wish.scope.objects:
            part.camera = None
        present.name, part.name = f"{name} (whole)"[:60], name
        bpy.data.libraries.write(str(wish.path), {part}, path_remap="NONE", fake_user=False, compress=True)
    finally:
        bpy.data.scenes.remove(part)
        present.name = name


def _write_glb(wish: _Wish) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(wish.path),
        export_format="GLB",
        use_selection=True,
        export_apply=wish.apply_modifiers,
        export_extras=True,
        export_lights=True,
        export_yup=wish.up != "Z",
    )
    if wish.scale != 1:
        scale_glb(wish.path, wish.scale)


def _write_fbx(wish: _Wish) -> None:
    forward, up = wish.axes(("-Z", "Y"), "-")
    bpy.ops.export_scene.fbx(
        filepath=str(wish.path),
        use_selection=True,
        use_mesh_modifiers=wish.apply_modifiers,
        use_mesh_modifiers_render=False,
        path_mode="COPY",
        embed_textures=True,
        apply_scale_options="FBX_SCALE_UNITS",
        global_scale=wish.scale,
        axis_forward=forward,
        axis_up=up,
    )


def _write_obj(wish: _Wish) -> None:
    forward, up = wish.axes(("NEGATIVE_Z", "Y"))
    with textures_in(wish.path.parent, wish.path.stem, wish.scope.objects):
        bpy.ops.wm.obj_export(
            filepath=str(wish.path),
            export_selected_objects=True,
            export_materials=True,
            export_pbr_extensions=True,
            path_mode="STRIP",
            global_scale=wish.scale,
            forward_axis=forward,
            up_axis=up,
        )


def _write_stl(wish: _Wish) -> None:
    forward, up = wish.axes(("Y", "Z"))
    bpy.ops.wm.stl_export(
        filepath=str(wish.path),
        export_selected_objects=True,
        global_scale=wish.scale,
        forward_axis=forward,
        up_axis=up,
    )


def _write_ply(wish: _Wish) -> None:
    forward, up = wish.axes(("Y", "Z"))
    bpy.ops.wm.ply_export(
        filepath=str(wish.path),
        export_selected_objects=True,
        global_scale=wish.scale,
        forward_axis=forward,
        up_axis=up,
    )


def _write_usdc(wish: _Wish) -> None:
    forward, up = wish.axes(("Y", "Z"))
    with textures_in(wish.path.parent, wish.path.stem, wish.scope.objects):
        bpy.ops.wm.usd_export(
            filepath=str(wish.path),
            selected_objects_only=True,
            export_materials=True,
            export_textures_mode="KEEP",
            relative_paths=True,
            root_prim_path="/scene",
            allow_unicode=True,
            merge_parent_xform=True,
            evaluation_mode="VIEWPORT",
            export_subdivision="TESSELLATE",
            convert_world_material=False,
            convert_orientation=True,
            export_global_forward_selection=forward,
            export_global_up_selection=up,
            convert_scene_units="CUSTOM",
            meters_per_unit=1 / wish.scale,
        )


_WRITERS: dict[str, Callable[[_Wish], None]] = {
    "glb": _write_glb,
    "fbx": _write_fbx,
    "obj": _write_obj,
    "stl": _write_stl,
    "usdc": _write_usdc,
    "ply": _write_ply,
}
