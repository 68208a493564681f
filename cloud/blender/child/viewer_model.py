# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene as a small .glb for the viewer on a page: Draco, textures of a few hundred pixels, no lights, no cameras.

It is made after each step, so its work is bounded by counts, never by the clock: the same scene has a model on every
machine, or on none. Measured on one core: 0.15 s for 98,000 triangles in five objects, 2.2 s for 1.3 million in one,
1.7 ms for each object.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import bpy
import numpy as np

from cloud.blender.child.boxes import GEOMETRY_TYPES, world_box
from cloud.blender.child.export_scope import chosen_scope, only_selected
from cloud.blender.child.plain_colours import procedural_made_plain
from cloud.blender.child.read_back import shown_meshes
from cloud.blender.child.report import mesh_triangles
from cloud.blender.child.small_textures import small_textures
from cloud.blender.child.stand_ins import plain_meshes
from cloud.blender.frames import Message, hand_over
from cloud.errors import InvalidInput

TRIANGLES_AT_MOST = 1_500_000
PARTS_AT_MOST = 3_000  # objects and instances: each costs more than a thousand triangles
BYTES_AT_MOST = 12 * 2**20
TEXTURE_SIDE_PX = 512
_NAME = "step.glb"
_LEVEL = 6  # of Draco's ten: 3 to 6 take the same time and give the same size, 0 gives five times as much


class TooMuchToView(InvalidInput):
    """The scene is more than a page should load; the files for the user hold all of it."""

    code = "too_much_to_view"


def export_for_viewer(scratch: Path) -> Message:
    """What a render shows, as it stands in this frame. `structured.extent`: its box in Blender's metres, Z up.

    Raises: TooMuchToView. InvalidInput: there is nothing to show, or Blender could not write it.
    """
    shown = [obj for obj in chosen_scope((), everything=False).objects if _has_shape(obj)]
    triangles = _counted(shown)
    folder = Path(tempfile.mkdtemp(prefix="viewer-", dir=scratch))
    try:
        path = folder / _NAME
        extent = _write(path, shown)
        size = path.stat().st_size
        if size > BYTES_AT_MOST:
            raise TooMuchToView(f"The 3D view would be {size / 2**20:.0f} MiB, above {BYTES_AT_MOST >> 20} MiB.")
        fd = hand_over(path)
    except RuntimeError as error:
        raise InvalidInput(f"Blender could not write {_NAME}: {str(error).strip()}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    structured = {"files": [{"name": path.name, "bytes": size}], "triangles": triangles, "extent": extent}
    return Message({"text": f"Wrote {path.name}.", "structured": structured}, fds=(fd,))


def _has_shape(obj: bpy.types.Object) -> bool:
    return obj.type in GEOMETRY_TYPES or obj.instance_type != "NONE"


def _counted(objects: Sequence[bpy.types.Object]) -> int:
    """The triangles that they show. Raises: TooMuchToView, as soon as it is known. InvalidInput: there are none."""
    bpy.context.view_layer.update()
    wanted = {obj.session_uid for obj in objects}
    graph = bpy.context.evaluated_depsgraph_get()
    triangles = parts = 0
    for mesh in shown_meshes(graph, lambda obj: obj.session_uid in wanted):
        triangles, parts = triangles + mesh_triangles(mesh), parts + 1
        if triangles > TRIANGLES_AT_MOST:
            raise TooMuchToView(f"The scene has more than {TRIANGLES_AT_MOST:,} triangles, too many for the 3D view.")
        if parts > PARTS_AT_MOST:
            raise TooMuchToView(f"The scene has more than {PARTS_AT_MOST:,} objects, too many for the 3D view.")
    if not triangles:
        raise InvalidInput("The scene has nothing with a surface, so there is nothing to view.")
    return triangles


def _write(path: Path, objects: Sequence[bpy.types.Object]) -> list[list[float]] | None:
    """Returns: the low and the high corner of what was written; None: there is none that has numbers."""
    with ExitStack() as stack:
        plain = stack.enter_context(plain_meshes(objects))
        stack.enter_context(only_selected(plain))
        stack.enter_context(procedural_made_plain(plain))
        stack.enter_context(small_textures(plain, TEXTURE_SIDE_PX))
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB",
            use_selection=True,
            export_apply=True,
            export_current_frame=True,
            # As posed and shaped now: what the modifiers leave.
            export_animations=False,
            export_skins=False,
            export_morph=False,
            export_cameras=False,
            export_lights=False,
            export_extras=False,
            export_image_format="WEBP",
            export_draco_mesh_compression_enable=True,
            export_draco_mesh_compression_level=_LEVEL,
        )
        corners = np.array([*_boxes(plain)])
    if not len(corners):
        return None
    low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
    return [low.tolist(), high.tolist()] if np.isfinite([low, high]).all() else None


def _boxes(objects: Sequence[bpy.types.Object]) -> Iterator[np.ndarray]:
    graph = bpy.context.evaluated_depsgraph_get()
    for obj in objects:
        if obj.type == "MESH" and len(obj.evaluated_get(graph).data.vertices):
            yield world_box(obj, graph)
