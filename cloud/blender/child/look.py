# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Pictures of the scene, which they leave as it was."""

import time
from collections.abc import Sequence
from typing import Any

import bpy
from mathutils import Matrix

from cloud.blender.child import sheet as paper
from cloud.blender.child.camera import scene_camera, why_unfit
from cloud.blender.child.drawing import draw_takes
from cloud.blender.child.framing import AROUND
from cloud.blender.child.sheet import Picture
from cloud.blender.child.stage import no_handlers
from cloud.blender.child.studio import render_takes
from cloud.blender.child.subjects import chosen_objects, corners_of, visible_objects
from cloud.blender.child.takes import Plan, Take, plan_takes
from cloud.blender.child.viewport import warm_up
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

_NAMED_AT_MOST = 5
_THE_SAME = "from front right"  # as three_quarter


def look_at_scene(
    views: Sequence[str],
    shading: str,
    size: int,
    objects: Sequence[str] = (),
    show: str = "all",
    sheet: bool = False,
    picture_format: str = "png",
    frame: Sequence[Sequence[float]] = (),
    fallback: bool = False,
) -> Message:
    """A picture a view, `size` pixels square (`camera`: in the scene's aspect), or all on one sheet.

    objects: what `show` is about: `around` frames them closely, `isolate` shows them and their children alone,
    `highlight` marks them in a picture of everything. frame: the low and the high corner of what the pictures hold,
    in metres, whatever is in it: so pictures of two scenes are from the same place.
    fallback: `camera` is `three_quarter` where the scene has no camera, or one that does not show it: for pictures
    of the whole that nobody may be able to mend. `camera_unfit` says why, where there is one.
    Raises: InvalidInput.
    """
    began = time.monotonic()
    named = _each_once(views)
    if show != "all" and not objects:
        raise InvalidInput(f"show={show!r} needs objects: name at least one.")
    has_camera = scene_camera(bpy.context.scene) is not None
    if "camera" in named and not has_camera and not fallback:
        raise InvalidInput("The scene has no camera; ask for another view, or add one and make it scene.camera.")
    if len(frame) not in (0, 2):
        raise InvalidInput("frame is a low and a high corner, or nothing.")
    chosen = [obj.name for obj in chosen_objects(objects)] if show != "all" else []
    with no_handlers():
        visible = visible_objects(bpy.context.evaluated_depsgraph_get(), rendered=shading != "solid")
        if not visible.points:
            return _nothing_to_see()
        unfit = why_unfit(visible) if fallback and has_camera and "camera" in named else ""
        if unfit or not has_camera:
            named = _each_once(["three_quarter" if view == "camera" else view for view in named])
        tile = paper.tile_size(len(named), size) if sheet else size
        plan = plan_takes(named, visible, chosen, show, corners_of(*frame) if frame else None)
        if shading == "solid" or visible.lines_alone >= set(visible.points):
            pictures = draw_takes(plan, tile)
        else:
            pictures = render_takes(plan, tile, studio_only=shading == "material")
    if unfit:
        plan.notes.append(f"The scene's camera {unfit}, so it is shown from three quarters instead.")
    pictures = _without_doubles(plan, pictures)
    labels = [take.label for take in plan.takes]
    if sheet:
        pictures = [paper.compose_sheet(pictures, labels, tile)]
    files = [paper.encode(picture, picture_format) for picture in pictures]
    structured = {"views": labels, "shading": shading, "size": tile, "seconds": round(time.monotonic() - began, 3)}
    structured["camera_unfit"] = unfit
    structured["frame"] = [plan.points.min(axis=0).tolist(), plan.points.max(axis=0).tolist()]
    header: dict[str, Any] = {"text": _words(plan, shading, tile, sheet=sheet), "structured": structured}
    return Message(header | {"media_type": f"image/{picture_format}"}, files)


def warm_up_gpu() -> None:
    """Bring up the GPU and compile the shaders, so that the first picture is fast. Leaves some other scene."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    warm_up()
    look_at_scene(["three_quarter"], "solid", 64)


def _each_once(views: Sequence[str]) -> list[str]:
    """The names of the views' shots, each direction once."""
    named = dict.fromkeys(name for view in views for name in (AROUND if view == "around" else (view,)))
    return [name for name in named if not (name == _THE_SAME and "three_quarter" in named)]


def _without_doubles(plan: Plan, pictures: list[Picture]) -> list[Picture]:
    """The plan and its pictures, without the takes that came to be the same as an earlier one."""
    takes: list[Take] = []
    kept: list[Picture] = []
    for take, picture in zip(plan.takes, pictures, strict=True):
        if any((_pose(take), take.only) == (_pose(other), other.only) for other in takes):
            plan.notes += take.notes
        else:
            takes.append(take)
            kept.append(picture)
    plan.takes = takes
    return kept


def _pose(take: Take) -> Matrix | None:
    return take.shot.pose if take.shot else None


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
