# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What the scene's own camera sees of a scene: the part of each object that its picture cuts off."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from cloud.blender.child.stage import copied_layer, copied_scene
from cloud.blender.child.subjects import Points, Visible, frame_subject
from cloud.blender.child.viewport import HIDDEN, TRIAL_PX, plain_viewport
from cloud.blender.child.wording import cut
from cloud.errors import InvalidInput

Lens = tuple[tuple[int, int], Matrix, Matrix]
"""Width and height in pixels, view and projection."""

_SAMPLES = 256  # of an object that the picture does not hold whole
_WAYS = 64  # in which an object's outmost vertices are looked for
_SLACK = 1.002  # times half the picture: rounding cuts nothing off
_LEAST_OUTSIDE = 0.005
_NAMED_AT_MOST = 5
_HALF, _AMONG = 0.5, 0.2  # of the subject that a fit picture holds; where the camera stands among it, much is behind
_SMALLEST = 0.12  # of the picture's width or height
_NARROWEST = 1 / 6  # a picture's shorter side to its longer one
_FLAT, _WIDE = 0.05, 1.5  # a ground's thickness to its extent; its extent to that of all else


@dataclass(frozen=True)
class Sight:
    """What a picture holds of its subject."""

    outside: dict[str, float]
    """The part of each object that is outside of the picture; those that are wholly inside are not named."""
    held: float
    """The part of the subject that is inside, by the size of its objects."""
    filled: float
    """What that is wide or high, whichever is more, of the picture."""
    among: bool
    """The camera stands inside of the subject's box."""

    def words(self) -> str:
        """What is cut off, in one sentence; none for nothing."""
        if not self.outside:
            return ""
        worst = sorted(self.outside, key=lambda name: -self.outside[name])
        told = [f"{cut(name)} ({_part(self.outside[name])} is outside)" for name in worst[:_NAMED_AT_MOST]]
        more = f" and {len(worst) - _NAMED_AT_MOST} more" if len(worst) > _NAMED_AT_MOST else ""
        return f"The camera cuts off: {', '.join(told)}{more}."


def scene_camera(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The camera that a render of this frame is taken with: markers in the timeline may bind one."""
    bound = [marker for marker in scene.timeline_markers if marker.camera and not marker.camera.hide_render]
    if not bound:
        return scene.camera
    past = [marker for marker in bound if marker.frame <= scene.frame_current]
    marker = max(past, key=lambda mark: mark.frame) if past else min(bound, key=lambda mark: mark.frame)
    return marker.camera


def picture_size(scene: bpy.types.Scene, size: int) -> tuple[int, int]:
    """The scene's aspect, with the longer side at `size` pixels."""
    render = scene.render
    wide, high = render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y
    return max(16, round(size * wide / max(wide, high))), max(16, round(size * high / max(wide, high)))


def camera_lens(size: int) -> Lens:
    """The lens of the scene's camera, for a picture with `size` pixels on its longer side."""
    scene = bpy.context.scene
    width, height = picture_size(scene, size)
    graph = bpy.context.evaluated_depsgraph_get()
    camera = scene_camera(scene).evaluated_get(graph)
    pose = camera.matrix_world.normalized()
    return (width, height), pose.inverted(), camera.calc_matrix_camera(graph, x=width, y=height)


def sight_of(visible: Visible, names: Collection[str]) -> Sight | None:
    """What the scene's camera holds of these objects; None for a panorama, and where none of them is a subject.

    A ground far wider than the rest counts for nothing, nor do the walls of a room around the camera.
    """
    if scene_camera(bpy.context.scene).data.type == "PANO":
        return None
    _, view, projection = camera_lens(1024)
    eye = np.array(view.inverted().translation)
    chosen = {name: points for name, points in visible.points.items() if name in names}
    chosen = {name: points for name, points in chosen.items() if not _surrounds(name, chosen, visible, eye)}
    if not chosen:
        return None
    lens = np.array(projection, dtype=np.float64) @ np.array(view, dtype=np.float64)
    outside, held, whole, seen = {}, 0.0, 0.0, []
    for name, points in chosen.items():
        inside, places = _projected(points, lens)
        share = 1.0 if inside.all() else float(_projected(_spread(points), lens)[0].mean())
        weight = float(((points.max(axis=0) - points.min(axis=0)) ** 2).sum()) or 1e-9
        held, whole = held + share * weight, whole + weight
        seen.append(places[inside])
        if 1 - share > _LEAST_OUTSIDE:
            outside[name] = 1 - share
    places = np.concatenate(seen)
    filled = float(np.ptp(places, axis=0).max() / 2) if len(places) else 0.0
    box = visible.corners(visible.points.keys() & names)
    among = bool(((box.min(axis=0) < eye) & (eye < box.max(axis=0))).all())
    return Sight(outside, held / whole, filled, among)


def why_unfit(visible: Visible) -> str:
    """Why the camera's picture is none of the whole scene, to follow "the scene's camera"; "" where it is one."""
    render = bpy.context.scene.render
    if min(picture_size(bpy.context.scene, 1024)) < _NARROWEST * 1024:
        return f"has a picture of {render.resolution_x} × {render.resolution_y} pixels"
    names = frame_subject(visible).names
    sight = sight_of(visible, names)
    if sight is None:
        return ""
    if sight.held < (_AMONG if sight.among else _HALF):
        return (
            "shows next to nothing of the scene"
            if sight.held < 0.01
            else f"cuts off {round(100 - 100 * sight.held)} % of the scene"
        )
    if sight.filled < _SMALLEST:
        return "shows the scene very small"
    return "has something before it that hides the scene" if _is_hidden(names) else ""


def _is_hidden(names: Collection[str]) -> bool:
    """Whether other objects hide these from the camera; False where there is no 3D view to try it with."""
    try:
        with plain_viewport() as port, copied_scene(names) as alone:
            return port.seen_share(copied_layer(alone), *camera_lens(TRIAL_PX)) <= HIDDEN
    except InvalidInput:
        return False


def _part(share: float) -> str:
    return "all of it" if share > 0.995 else f"{max(1, round(share * 100))} % of it"


def _projected(points: Points, lens: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which points are in the picture: (N,), and where: (N, 2), -1 to 1, senseless for those that are not."""
    across = np.column_stack([points, np.ones(len(points))]) @ lens.T
    reach = across[:, 3:]
    inside = (np.abs(across[:, :3]) <= _SLACK * reach).all(axis=1) & (reach[:, 0] > 0)
    return inside, across[:, :2] / np.where(reach > 0, reach, 1.0)


def _spread(points: Points) -> Points:
    """Places evenly in what the points span: (N, 3). Vertices alone tell nothing of a side, and too much of a knob."""
    ways, pairs, along = _chances()
    outmost = points[np.unique((ways @ points.T).argmax(axis=1))]
    ends = outmost[(pairs * len(outmost)).astype(int)]
    return ends[0] + along * (ends[1] - ends[0])


@cache
def _chances() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Directions, pairs and places between them; always the same, so that the same scene gives the same words."""
    chance = np.random.default_rng(0)
    return chance.normal(size=(_WAYS, 3)), chance.random((2, _SAMPLES)), chance.random((_SAMPLES, 1))


def _surrounds(name: str, chosen: Collection[str], visible: Visible, eye: NDArray[np.float64]) -> bool:
    """Whether the object is a ground much wider than the rest, or a wall or ceiling of a room with the camera in it."""
    others = [other for other in chosen if other != name]
    if not others:
        return False
    low, high = visible.boxes[name]
    size, thin = high - low, int(np.argmin(high - low))
    if size[thin] > _FLAT * size.max():
        return False
    rest = visible.corners(others)
    rest_low, rest_high = rest.min(axis=0), rest.max(axis=0)
    rest_size = rest_high - rest_low
    lies_below = thin == 2 and high[2] <= rest_low[2] + _FLAT * rest_size[2]
    if lies_below and size[:2].max() >= _WIDE * rest_size[:2].max():
        return True
    within = ((np.minimum(low, rest_low) < eye) & (eye < np.maximum(high, rest_high))).all()
    return bool(within and size.max() >= 0.9 * rest_size.max())
