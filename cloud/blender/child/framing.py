# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Cameras that see the whole subject: exact fits, for a subject of a millimetre or of a kilometre."""

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

DIRECTIONS = {
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
    "bottom": (0.0, 0.0, -1.0),
    "three_quarter": (0.62, -1.0, 0.52),
    "from front left": (-0.62, -1.0, 0.52),
    "from back left": (-0.62, 1.0, 0.52),
    "from back right": (0.62, 1.0, 0.52),
    "from front right": (0.62, -1.0, 0.52),
}
"""From the subject to the camera. `front` stands at -Y and looks along +Y."""

AROUND = ("from front right", "from back right", "from back left", "from front left")
"""What the view `around` shows: once around the subject at three-quarter height."""

_PERSPECTIVE = frozenset({"three_quarter", *AROUND})
_FIELD_OF_VIEW_RAD = math.radians(32)
_FILLED = 0.88  # of the picture's width or height, whichever binds
_SMALLEST_M = 1e-4
_STEPS = 1e-3  # of the distance from the origin: Blender's matrices know no finer place
_EDGE_ON = 0.004  # of the extent: flatter than this, less than two pixels of 512 would be seen
_TILT = 0.2  # of the direction's length
_CLOSE = 0.05
_DEEPEST = 1e5  # times the gap before the subject: beyond, the depth buffer has too few steps


@dataclass(frozen=True)
class Shot:
    """A camera's pose and lens. Metres; the picture is square."""

    pose: Matrix
    near: float
    far: float
    perspective: bool
    width_m: float
    """Orthographic only: what the picture is wide."""
    tilted: bool = False
    """The view's own direction would have seen a flat subject edge-on."""

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

    @property
    def eye(self) -> Vector:
        """Where the camera stands."""
        return self.pose.translation

    def apply_to(self, camera: bpy.types.Object) -> None:
        """Give a camera object this pose and lens."""
        lens = camera.data
        assert isinstance(lens, bpy.types.Camera)
        camera.matrix_world = self.pose
        lens.clip_start, lens.clip_end = self.near, self.far
        lens.type = "PERSP" if self.perspective else "ORTHO"
        lens.angle, lens.ortho_scale = _FIELD_OF_VIEW_RAD, self.width_m


def frame_points(view: str, points: NDArray[np.float64], whole: NDArray[np.float64] | None = None) -> Shot:
    """The shot of a named view (`DIRECTIONS`) that just holds all the points: (N, 3), metres.

    `whole`: the corners of all else that is to be seen, where in the picture; an orthographic camera stands
    before it all, so that it starts inside of nothing.
    """
    back = Vector(DIRECTIONS[view]).normalized()
    turn = _turn_towards(back)
    seen = np.array(turn).T @ points.T  # three long rows: ten times faster to reduce than long columns
    low, high = seen.min(axis=1), seen.max(axis=1)
    sizes = high - low
    extent = max(float(sizes.max()), _SMALLEST_M, _STEPS * float(np.abs(seen).max()))
    tilted = min(sizes[:2]) < _EDGE_ON * extent and sizes[2] > _EDGE_ON * extent and max(sizes[:2]) > _EDGE_ON * extent
    if tilted:  # towards the upper face of something flat, or the right one of something that stands
        turn = _turn_towards((back + _TILT * turn.col[int(np.argmin(sizes[:2]))]).normalized())
        seen = np.array(turn).T @ points.T
        low, high = seen.min(axis=1), seen.max(axis=1)
    perspective = view in _PERSPECTIVE
    if perspective:
        centre, distance = _fit_perspective(seen)
        distance = max(distance, high[2] + 0.2 * extent)
    else:
        centre = (high[:2] + low[:2]) / 2
        distance = high[2] + extent
    deepest, nearest = low[2], high[2]
    near = 0.5 * float(distance - nearest)
    if whole is not None and len(whole):
        others = np.array(turn).T @ whole.T
        deepest = min(deepest, others[2].min())
        if perspective and others[2].max() > nearest:
            near *= _CLOSE  # what stands before the subject is not to be cut open
        elif not perspective:
            nearest = max(nearest, others[2].max())
            distance = nearest + extent
            near = 0.5 * extent
    pose = turn.to_4x4()
    pose.translation = turn @ Vector((*centre, distance))
    gap, depth = float(distance - nearest), float(distance - deepest)
    width = max(float((high - low)[:2].max()), _SMALLEST_M) / _FILLED
    far = min(depth + 4 * extent, _DEEPEST * gap) if perspective else depth + 4 * extent
    return Shot(pose, near=near, far=far, perspective=perspective, width_m=width, tilted=bool(tilted))


def orbit_shots(points: NDArray[np.float64], count: int, whole: NDArray[np.float64] | None = None) -> list[Shot]:
    """So many shots evenly around the upright axis of the points, the first as `three_quarter`: (N, 3), metres.

    Height, distance and lens are those of one ride: they hold all the points from everywhere, and nothing else moves.
    `whole`: as for `frame_points`.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    extent = max(float((high - low).max()), _SMALLEST_M, _STEPS * float(np.abs(points).max()))
    first = Vector(DIRECTIONS["three_quarter"]).normalized()
    turns = [_turn_towards(Matrix.Rotation(math.tau * step / count, 3, "Z") @ first) for step in range(count)]
    slope = math.tan(_FIELD_OF_VIEW_RAD / 2) * _FILLED
    sides, ups, downs, fronts, backs = ([] for _ in range(5))
    for turn in turns:
        x, y, z = np.array(turn).T @ (points - middle).T
        sides.append((np.abs(x) + z * slope).max())
        ups.append((y + z * slope).max())
        downs.append((z * slope - y).max())
        fronts.append(z.max())
        others = z if whole is None or not len(whole) else (np.array(turn).T @ (whole - middle).T)[2]
        backs.append(min(z.min(), others.min()))
    rise = (max(ups) - max(downs)) / 2
    distance = max(max(sides), (max(ups) + max(downs)) / 2) / slope
    distance = max(distance, max(fronts) + 0.2 * extent)
    gap = float(distance - max(fronts))
    far = min(float(distance - min(backs)) + 4 * extent, _DEEPEST * gap)
    poses = []
    for turn in turns:
        pose = turn.to_4x4()
        pose.translation = Vector(middle) + turn @ Vector((0, rise, distance))
        poses.append(pose)
    return [Shot(pose, near=0.5 * _CLOSE * gap, far=far, perspective=True, width_m=extent) for pose in poses]


def _turn_towards(back: Vector) -> Matrix:
    """The rotation of an upright camera: its columns are right, up and back. +Y is up in a view from above."""
    right = Vector((1, 0, 0)) if abs(back.z) > 0.999 else Vector((-back.y, back.x, 0)).normalized()
    up = back.cross(right)
    return Matrix((right, up, back)).transposed()


def _fit_perspective(seen: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Where the camera stands in its own axes: (x, y) and the distance along its back axis. `seen`: (3, N).

    A point (x, z) is in view of a camera at (c, d) where |x - c| <= (d - z) * slope; the extremes of
    x ± z * slope give the smallest d, and the c that leaves equal room on both sides.
    """
    slope = math.tan(_FIELD_OF_VIEW_RAD / 2) * _FILLED
    lean = seen[2] * slope
    right = np.array([(row + lean).max() for row in seen[:2]])
    left = np.array([(lean - row).max() for row in seen[:2]])
    return (right - left) / 2, float(((right + left) / (2 * slope)).max())
