# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Pictures of the scene, which they leave as it was."""

import time
from collections.abc import Sequence
from typing import Any

import bpy

from cloud.blender.child import sheet as paper
from cloud.blender.child.drawing import draw_takes
from cloud.blender.child.framing import AROUND
from cloud.blender.child.stage import no_handlers
from cloud.blender.child.studio import render_takes
from cloud.blender.child.subjects import chosen_objects, corners_of, visible_objects
from cloud.blender.child.takes import Plan, plan_takes
from cloud.blender.child.viewport import warm_up
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

_NAMED_AT_MOST = 5


def look_at_scene(
    views: Sequence[str],
    shading: str,
    size: int,
    objects: Sequence[str] = (),
    show: str = "all",
    sheet: bool = False,
    picture_format: str = "png",
    frame: Sequence[Sequence[float]] = (),
) -> Message:
    """A picture a view, `size` pixels square (`camera`: in the scene's aspect), or all on one sheet.

    objects: what `show` is about: `around` frames them closely, `isolate` shows them and their children alone,
    `highlight` marks them in a picture of everything. frame: the low and the high corner of what the pictures hold,
    in metres, whatever is in it: so pictures of two scenes are from the same place. Raises: InvalidInput.
    """
    began = time.monotonic()
    named = [name for view in views for name in (AROUND if view == "around" else (view,))]
    if show != "all" and not objects:
        raise InvalidInput(f"show={show!r} needs objects: name at least one.")
    if "camera" in named and bpy.context.scene.camera is None:
        raise InvalidInput("The scene has no camera; ask for another view, or add one and make it scene.camera.")
    if len(frame) not in (0, 2):
        raise InvalidInput("frame is a low and a high corner, or nothing.")
    chosen = [obj.name for obj in chosen_objects(objects)] if show != "all" else []
    with no_handlers():
        visible = visible_objects(bpy.context.evaluated_depsgraph_get(), rendered=shading != "solid")
        if not visible.points:
            return _nothing_to_see()
        tile = paper.tile_size(len(named), size) if sheet else size
        plan = plan_takes(named, visible, chosen, show, corners_of(*frame) if frame else None)
        if shading == "solid" or visible.lines_alone >= set(visible.points):
            pictures = draw_takes(plan, tile)
        else:
            pictures = render_takes(plan, tile, studio_only=shading == "material")
    labels = [take.label for take in plan.takes]
    if sheet:
        pictures = [paper.compose_sheet(pictures, labels, tile)]
    files = [paper.encode(picture, picture_format) for picture in pictures]
    structured = {"views": labels, "shading": shading, "size": tile, "seconds": round(time.monotonic() - began, 3)}
    structured["frame"] = [plan.points.min(axis=0).tolist(), plan.points.max(axis=0).tolist()]
    header: dict[str, Any] = {"text": _words(plan, shading, tile, sheet=sheet), "structured": structured}
    return Message(header | {"media_type": f"image/{picture_format}"}, files)


def warm_up_gpu() -> None:
    """Bring up the GPU and compile the shaders, so that the first picture is fast. Leaves some other scene."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    warm_up()
    look_at_scene(["three_quarter"], "solid", 64)


def _nothing_to_see() -> Message:
    shapes = [obj.name for obj in bpy.context.scene.objects if obj.type == "MESH"]
    why = f"{_listed(shapes)}: hidden, or without a vertex" if shapes else "The scene is empty"
    return Message(
        {"text": f"{why}. There is nothing to see, so there is no picture.", "structured": {"views": [], "seconds": 0}}
    )


def _words(plan: Plan, shading: str, size: int, *, sheet: bool) -> str:
    views = ", ".join(take.label for take in plan.takes)
    text = f"{shading}{', one sheet' if sheet else ''}, {size} px: {views}."
    return " ".join([text, *dict.fromkeys([*plan.notes, *(note for take in plan.takes for note in take.notes)])])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
