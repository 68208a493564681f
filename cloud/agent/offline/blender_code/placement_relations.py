# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Places things with regard to others: beside, around, between, above, facing."""

import math
from collections.abc import Callable, Sequence

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .placement import (
    SIDES,
    boxes_meet,
    drop_on,
    family_of,
    line_up,
    move_by,
    moved_box,
    obstacles_for,
    other_things,
    stand_at,
    world_box,
    world_points,
)

CLEAR_TRIES = 60


def place_beside(
    objs: Sequence[bpy.types.Object],
    targets: Sequence[bpy.types.Object],
    side: str = "any",
    gap: float | None = None,
    near: float = 1.0,
) -> None:
    """Stand the things, together, beside the targets and clear of all else. `near` stretches the usual gap."""
    box, around = world_box(objs), world_box(targets)
    size, reach = box[1] - box[0], around[1] - around[0]
    usual = min(max(0.12 * min(max(size.x, size.y), max(reach.x, reach.y)), 0.01), 1.0) * near
    step = max(0.1 * min(max(size.x, size.y), max(reach.x, reach.y)), 0.01)
    support = support_of(targets[0], objs)
    obstacles = obstacles_for([*objs, *((support and [support]) or [])])
    sides = [side] if side in SIDES else ["right", "left", "front", "back"]
    for attempt in range(CLEAR_TRIES):
        for name in sides:
            x, y = beside_point(name, size, around, (usual if gap is None else gap) + attempt * step)
            z = around[0].z if support is None else height_at(support, x, y, around[0].z)
            if not any(boxes_meet(moved_box(box, x, y, z), other) for other in obstacles):
                stand_at(objs, x, y, z)
                return
    x, y = beside_point(sides[0], size, around, usual + CLEAR_TRIES * step)
    stand_at(objs, x, y, 0.0)


def beside_point(name: str, size: Vector, around: tuple[Vector, Vector], gap: float) -> tuple[float, float]:
    """Where the middle of a thing of this size is when it stands on that side of the box, `gap` away."""
    dx, dy = SIDES[name]
    middle = (around[0] + around[1]) / 2
    x = middle.x + dx * ((around[1].x - around[0].x + size.x) / 2 + gap)
    y = middle.y + dy * ((around[1].y - around[0].y + size.y) / 2 + gap)
    return x, y


def support_of(obj: bpy.types.Object, ignored: Sequence[bpy.types.Object] = ()) -> bpy.types.Object | None:
    """The thing that `obj` stands on, if any."""
    low, high = world_box([obj])
    if low.z < 1e-3:
        return None
    middle = (low + high) / 2
    for other in other_things([obj, *ignored]):
        below, above = world_box([other])
        over = below.x <= middle.x <= above.x and below.y <= middle.y <= above.y
        surface = other.get("p2m_surface")
        top = other.location.z + surface[0] if surface else above.z
        if over and (abs(top - low.z) < 2e-3 or below.z < low.z < above.z - 1e-3):
            return other
    return None


def height_at(support: bpy.types.Object, x: float, y: float, z: float) -> float:
    """`z` while x, y is over the support, else the support's foot."""
    low, high = world_box([support])
    return z if low.x <= x <= high.x and low.y <= y <= high.y else low.z


def place_above(
    objs: Sequence[bpy.types.Object], targets: Sequence[bpy.types.Object], gap: float | None = None
) -> None:
    """Let the things hover over the targets."""
    low, high = world_box(targets)
    own_low, own_high = world_box(objs)
    distance = max(0.25 * (own_high.z - own_low.z), 0.05) if gap is None else gap
    stand_at(objs, (low.x + high.x) / 2, (low.y + high.y) / 2, high.z + distance)


def place_around(
    objs: Sequence[bpy.types.Object], targets: Sequence[bpy.types.Object], gap: float | None = None
) -> None:
    """Stand the things around the targets, each looking at them; along the sides of something rectangular."""
    low, high = world_box(targets)
    middle = (low + high) / 2
    outline = world_points(targets)[:, :2] - (middle.x, middle.y)
    width = max(max(size.x, size.y) for size in (b[1] - b[0] for b in (world_box([obj]) for obj in objs)))
    distance = min(max(0.15 * width, 0.02), 1.0) if gap is None else gap
    places = seats(len(objs), high - low, outline)
    for attempt in range(CLEAR_TRIES):
        for obj, (angle, along) in zip(objs, places, strict=True):
            out = Vector((math.cos(angle), math.sin(angle), 0.0))
            reach = float((outline @ (out.x, out.y)).max())
            obj.rotation_euler.z = angle - math.pi / 2
            stand_at([obj], middle.x, middle.y, low.z)
            own = world_points([obj])[:, :2] - (middle.x, middle.y)
            depth = -float((own @ (out.x, out.y)).min())
            spacing = width * (1.15 + 0.1 * attempt)
            place = middle + out * (reach + distance + depth + 0.1 * attempt * width)
            place += Vector((-out.y, out.x, 0.0)) * along * spacing
            stand_at([obj], place.x, place.y, low.z)
        if not any_meet(objs):
            return


def seats(count: int, size: Vector, outline: np.ndarray) -> list[tuple[float, float]]:
    """(direction from the middle, place along that side in widths) of each of `count` seats.

    Round things are surrounded evenly; rectangular ones have seats along both long sides and at the ends.
    """
    corner = Vector((size.x, size.y)) / 2
    diagonal = corner.normalized()
    round_shape = float((outline @ (diagonal.x, diagonal.y)).max()) < 0.9 * corner.length
    if round_shape or count in (1, 3) or count > 24:
        return [(2 * math.pi * i / count - math.pi / 2, 0.0) for i in range(count)]
    ends = 0 if count == 2 else 1 if count % 2 else 2
    front, right = (-math.pi / 2, 0.0) if size.x >= size.y else (0.0, math.pi / 2)
    places = [(right + math.pi * i, 0.0) for i in range(ends)]
    each = (count - ends) // 2
    for side in (front, front + math.pi):
        places += [(side, i - (each - 1) / 2) for i in range(each)]
    return places


def any_meet(objs: Sequence[bpy.types.Object]) -> bool:
    """Whether any two of the things overlap."""
    boxes = [world_box([obj]) for obj in objs]
    return any(boxes_meet(boxes[i], boxes[j]) for i in range(len(boxes)) for j in range(i))


def place_between(objs: Sequence[bpy.types.Object], targets: Sequence[bpy.types.Object]) -> None:
    """Stand the things in the middle between the first and the last target, which move apart where it is too tight."""
    line_up(objs)
    first, last = targets[0], targets[-1]
    box_a, box_b = world_box([first]), world_box([last])
    if (box_a[0].x + box_a[1].x) > (box_b[0].x + box_b[1].x):
        first, last, box_a, box_b = last, first, box_b, box_a
    own = world_box(objs)
    width = own[1].x - own[0].x
    needed = width * 1.3 + 0.02
    free = box_b[0].x - box_a[1].x
    if free < needed:
        push = (needed - free) / 2
        move_by(with_riders([first]), Vector((-push, 0, 0)))
        move_by(with_riders([last]), Vector((push, 0, 0)))
        box_a, box_b = world_box([first]), world_box([last])
    y = (box_a[0].y + box_a[1].y + box_b[0].y + box_b[1].y) / 4
    stand_at(objs, (box_a[1].x + box_b[0].x) / 2, y, min(box_a[0].z, box_b[0].z))


def with_riders(objs: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The things and all that stands on or in them, directly or not."""
    found = list(objs)
    for obj in found:
        for other in other_things(found):
            if other.type == "MESH" and support_of(other) == obj:
                found.append(other)
    return found


def place_under(objs: Sequence[bpy.types.Object], targets: Sequence[bpy.types.Object]) -> None:
    """Stand the things under the target where there is room, else the target on top of the first of them."""
    line_up(objs)
    low, high = world_box(targets)
    own_low, own_high = world_box(objs)
    middle = (low + high) / 2
    offsets = [(0.0, 0.0), (0.0, -0.25), (0.25, 0.0), (-0.25, 0.0), (0.0, 0.25), (0.3, -0.3), (-0.3, -0.3)]
    for x, y in offsets:
        stand_at(objs, middle.x + x * (high.x - low.x), middle.y + y * (high.y - low.y), low.z)
        if own_high.z - own_low.z < high.z - low.z and all(clear_of(obj, targets) for obj in objs):
            return
    if own_high.z - own_low.z > 1.5 * (high.z - low.z):
        print(  # noqa: T201 - the step's output is read by the planner
            f"Note: there is no room under {targets[0].name}; {objs[0].name} stands in front of it."
        )
        place_beside(objs, targets, "front")
        return
    stand_at(objs, middle.x, middle.y, low.z)
    above = with_riders(targets)
    before = targets[0].location.z
    drop_on(targets[0], objs)
    move_by([obj for obj in above if obj is not targets[0]], Vector((0, 0, targets[0].location.z - before)))


def clear_of(obj: bpy.types.Object, targets: Sequence[bpy.types.Object]) -> bool:
    """Whether the thing's mesh neither cuts nor lies outside the shadow of the targets' meshes."""
    own = mesh_tree([obj])
    return not own.overlap(mesh_tree(targets)) and is_covered(obj, targets)


def is_covered(obj: bpy.types.Object, targets: Sequence[bpy.types.Object]) -> bool:
    """Whether something of the targets is above the middle of the thing's top."""
    low, high = world_box([obj])
    middle = (low + high) / 2
    hit = mesh_tree(targets).ray_cast(Vector((middle.x, middle.y, high.z - 1e-4)), Vector((0, 0, 1)))
    return hit[0] is not None


def mesh_tree(objs: Sequence[bpy.types.Object]) -> BVHTree:
    """The things' and their children's meshes, in world space, for overlap tests."""
    points: list[Vector] = []
    faces: list[list[int]] = []
    bpy.context.view_layer.update()
    for part in [part for obj in objs for part in family_of(obj) if part.type == "MESH"]:
        first = len(points)
        points += [part.matrix_world @ vert.co for vert in part.data.vertices]
        faces += [[first + index for index in face.vertices] for face in part.data.polygons]
    return BVHTree.FromPolygons(points, faces)  # type: ignore[return-value]  # None only for bad input


def enclose(
    build: Callable[..., bpy.types.Object],
    name: str,
    size: tuple[float, float, float],
    materials: dict[str, dict],
    targets: Sequence[bpy.types.Object],
    **params: object,
) -> list[bpy.types.Object]:
    """Build pieces of a fence or wall, each about `size`, into a closed rectangle around the targets."""
    low, high = world_box(with_riders(targets))
    margin = min(max(0.3 * max(high.x - low.x, high.y - low.y), 4 * size[1]), 3.0)
    middle = (low + high) / 2
    half = Vector((high.x - low.x, high.y - low.y)) / 2 + Vector((margin, margin))
    pieces = []
    for angle, length, out in (
        (0, 2 * half.x, Vector((0, -half.y))), (180, 2 * half.x, Vector((0, half.y))),
        (90, 2 * (half.y - size[1]), Vector((half.x - size[1] / 2, 0))),
        (-90, 2 * (half.y - size[1]), Vector((-half.x + size[1] / 2, 0))),
    ):  # fmt: skip
        # The long sides stand between y=±half and ±(half - thickness), the short ones fit between them.
        shift = Vector((0, size[1] / 2 * (1 if out.y < 0 else -1 if out.y > 0 else 0)))
        count = max(1, round(length / size[0]))
        along = Vector((math.cos(math.radians(angle)), math.sin(math.radians(angle))))
        for index in range(count):
            number = f" {len(pieces) + 1}" if pieces else ""
            piece = build(f"{name}{number}", (length / count, size[1], size[2]), materials, **params)
            piece.rotation_euler.z = math.radians(angle)
            place = middle.xy + out + shift + along * ((index + 0.5) / count - 0.5) * length
            stand_at([piece], place.x, place.y, low.z)
            pieces.append(piece)
    return pieces
