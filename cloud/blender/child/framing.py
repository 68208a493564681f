# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Cameras that see the whole scene: exact fits, for a scene of a millimetre or of a kilometre."""

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from cloud.blender.child.report import GEOMETRY_TYPES

DIRECTIONS = {
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
    "three_quarter": (0.62, -1.0, 0.52),
}
"""From the scene to the camera. `front` stands at -Y and looks along +Y."""

_PERSPECTIVE = frozenset({"three_quarter"})
_FIELD_OF_VIEW_RAD = math.radians(32)
_FILLED = 0.88  # of the picture's width or height, whichever binds
_SMALLEST_M = 1e-4
_VERTICES_AT_MOST = 20_000  # of one mesh: more would cost more time than a closer fit is worth


@dataclass(frozen=True)
class Shot:
    """A camera's pose and lens. Metres; the picture is square."""

    pose: Matrix
    near: float
    far: float
    perspective: bool
    width_m: float
    """Orthographic only: what the picture is wide."""

    @property
    def projection(self) -> Matrix:
        """The OpenGL projection matrix."""
        near, far = self.near, self.far
        if self.perspective:
            scale = 1 / math.tan(_FIELD_OF_VIEW_RAD / 2)
            depth = ((far + near) / (near - far), 2 * far * near / (near - far))
            return Matrix(((scale, 0, 0, 0), (0, scale, 0, 0), (0, 0, *depth), (0, 0, -1, 0)))
        scale = 2 / self.width_m
        depth = (-2 / (far - near), -(far + near) / (far - near))
        return Matrix(((scale, 0, 0, 0), (0, scale, 0, 0), (0, 0, *depth), (0, 0, 0, 1)))

    def apply_to(self, camera: bpy.types.Object) -> None:
        """Give a camera object this pose and lens."""
        lens = camera.data
        assert isinstance(lens, bpy.types.Camera)
        camera.matrix_world = self.pose
        lens.clip_start, lens.clip_end = self.near, self.far
        lens.type = "PERSP" if self.perspective else "ORTHO"
        lens.angle, lens.ortho_scale = _FIELD_OF_VIEW_RAD, self.width_m


def visible_points(graph: bpy.types.Depsgraph) -> NDArray[np.float64]:
    """World points that hold all that can be seen, instances included: (N, 3), metres; N may be 0.

    A mesh of few vertices gives these, all else the corners of its box.
    """
    boxes = []
    for instance in graph.object_instances:
        obj = instance.object
        if obj.type not in GEOMETRY_TYPES or not instance.show_self or obj.display_type in {"BOUNDS", "WIRE"}:
            continue
        corners = _local_points(obj)
        turn = np.array(instance.matrix_world, dtype=np.float64)
        boxes.append(corners @ turn[:3, :3].T + turn[:3, 3])
    points = np.concatenate(boxes) if boxes else np.empty((0, 3))
    return points[np.isfinite(points).all(axis=1)]


def _local_points(obj: bpy.types.Object) -> NDArray[np.float64]:
    if obj.type == "MESH" and 0 < len(obj.data.vertices) <= _VERTICES_AT_MOST:
        flat = np.empty(len(obj.data.vertices) * 3, dtype=np.float32)
        obj.data.vertices.foreach_get("co", flat)
        return flat.reshape(-1, 3).astype(np.float64)
    return np.array([tuple(corner) for corner in obj.bound_box], dtype=np.float64)


def frame_points(view: str, points: NDArray[np.float64]) -> Shot:
    """The shot of a named view (`DIRECTIONS`) that just holds all the points."""
    turn = _turn_towards(Vector(DIRECTIONS[view]).normalized())
    seen = points @ np.array(turn)
    extent = max(float(np.ptp(points, axis=0).max()), _SMALLEST_M)
    nearest, deepest = seen[:, 2].max(), seen[:, 2].min()
    perspective = view in _PERSPECTIVE
    if perspective:
        centre, distance = _fit_perspective(seen)
        distance = max(distance, nearest + 0.2 * extent)
    else:
        centre = (seen[:, :2].max(axis=0) + seen[:, :2].min(axis=0)) / 2
        distance = nearest + extent
    pose = turn.to_4x4()
    pose.translation = turn @ Vector((*centre, distance))
    gap, depth = float(distance - nearest), float(distance - deepest)
    width = max(float(np.ptp(seen[:, :2], axis=0).max()), _SMALLEST_M) / _FILLED
    return Shot(pose, near=gap / 2, far=depth + 4 * extent, perspective=perspective, width_m=width)


def _turn_towards(back: Vector) -> Matrix:
    """The rotation of an upright camera: its columns are right, up and back. +Y is up in a view from above."""
    right = Vector((1, 0, 0)) if abs(back.z) > 0.999 else Vector((-back.y, back.x, 0)).normalized()
    up = back.cross(right)
    return Matrix((right, up, back)).transposed()


def _fit_perspective(seen: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Where the camera stands in its own axes: (x, y) and the distance along its back axis.

    A point (x, z) is in view of a camera at (c, d) where |x - c| <= (d - z) * slope; the extremes of
    x ± z * slope give the smallest d, and the c that leaves equal room on both sides.
    """
    slope = math.tan(_FIELD_OF_VIEW_RAD / 2) * _FILLED
    lean = seen[:, 2:] * slope
    right, left = (seen[:, :2] + lean).max(axis=0), (lean - seen[:, :2]).max(axis=0)
    return (right - left) / 2, float(((right + left) / (2 * slope)).max())
