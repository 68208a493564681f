"""The scene as a file for the user, in seven formats, written to the workspace's `exports` folder."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from cloud.blender.child.report import count_geometry
from cloud.blender.child.scene_file import pack_images
from cloud.blender.frames import Message, hand_over
from cloud.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def export_scene(folder: Path, format: str, name: str = "scene") -> Message:  # noqa: A002
    """Write the scene. Raises: InvalidInput: the name or the format cannot be used, or there is nothing to write."""
    file_format = format
    if not _NAME.fullmatch(name):
        raise InvalidInput("The name of an export holds only letters, digits, '-' and '_', at most 64.")
    if file_format not in _WRITERS:
        raise InvalidInput(f"The format is one of {', '.join(_WRITERS)}, not {file_format!r}.")
    counts = count_geometry()
    if not counts["objects"] and file_format != "blend":
        raise InvalidInput("The scene has no geometry to export.")
    path = folder / f"{name}.{file_format}"
    try:
        _WRITERS[file_format](path)
    except RuntimeError as error:
        raise InvalidInput(f"Blender could not write {path.name}: {error}") from error
    files = [
        _entry(file)
        for file in (path, path.with_suffix(".mtl"))
        if file.is_file() and file_format in {"obj", file.suffix[1:]}
    ]
    fds = [hand_over(folder / entry["name"]) for entry in files]
    structured = {"file": path.name, **{key: files[0][key] for key in ("bytes", "sha256")}, "files": files}
    text = f"Wrote {path.name}: {files[0]['bytes']} bytes, {counts['triangles']} triangles."
    return Message({"text": text, "structured": structured | {"triangles": counts["triangles"]}}, fds=fds)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}


def _write_blend(path: Path) -> None:
    pack_images()
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True, check_existing=False)


def _write_glb(path: Path) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(path), export_format="GLB", export_apply=True, export_extras=True, export_lights=True
    )


def _write_fbx(path: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_mesh_modifiers=True,
        path_mode="COPY",
        embed_textures=True,
        apply_scale_options="FBX_SCALE_UNITS",
    )


def _write_obj(path: Path) -> None:
    bpy.ops.wm.obj_export(filepath=str(path), apply_modifiers=True, export_materials=True, export_pbr_extensions=True)


def _write_stl(path: Path) -> None:
    bpy.ops.wm.stl_export(filepath=str(path), apply_modifiers=True)


def _write_usdc(path: Path) -> None:
    bpy.ops.wm.usd_export(filepath=str(path), export_materials=True, root_prim_path="/scene")


def _write_ply(path: Path) -> None:
    bpy.ops.wm.ply_export(filepath=str(path), apply_modifiers=True)


_WRITERS: dict[str, Callable[[Path], None]] = {
    "blend": _write_blend,
    "glb": _write_glb,
    "fbx": _write_fbx,
    "obj": _write_obj,
    "stl": _write_stl,
    "usdc": _write_usdc,
    "ply": _write_ply,
}
