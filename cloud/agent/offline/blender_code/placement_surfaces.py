# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Places things on tops and inside vessels: each touches what carries it."""

import math
from collections.abc import Sequence

import bpy
from mathutils import Matrix, Vector

from .placement import boxes_meet, drop_on, moved_box, other_things, stand_at, world_box, world_points

SEARCH_STEPS = 12


def place_on(objs: Sequence[bpy.types.Object], target: bpy.types.Object) -> None:
    """Stand the things on the target, side by side, clear of what stands there already."""
    z, half_x, half_y = top_of(target)
    middle = top_middle(target)
    standing = [world_box([other]) for other in other_things([*objs, target])]
    standing = [box for box in standing if box[1].z > z + 1e-3 and box[0].z < z + 1e-3 + world_height(objs)]
    limits = (half_x, half_y, is_round_top(target, z, half_x, half_y))
    for obj, (x, y) in zip(objs, spots_on(objs, middle, limits, standing, z), strict=True):
        stand_at([obj], x, y, z)
        if "p2m_surface" not in target:
            drop_on(obj, [target], z - (z - world_box([target])[0].z))


def world_height(objs: Sequence[bpy.types.Object]) -> float:
    """The height of the tallest of the things."""
    return max(high.z - low.z for low, high in (world_box([obj]) for obj in objs))


def top_of(target: bpy.types.Object) -> tuple[float, float, float]:
    """World height of the top, and half its size in x and y; turned things are taken by their box."""
    low, high = world_box([target])
    surface = target.get("p2m_surface")
    if surface is None:
        return high.z, 0.35 * (high.x - low.x), 0.35 * (high.y - low.y)
    half_x, half_y = surface[1] * target.scale.x, surface[2] * target.scale.y
    cos, sin = abs(math.cos(target.rotation_euler.z)), abs(math.sin(target.rotation_euler.z))
    z = target.matrix_world.translation.z + surface[0] * target.scale.z
    if abs(sin) > 0.02 and abs(cos) > 0.02:
        half_x = half_y = min(half_x, half_y)
        return z, half_x, half_y
    return z, half_x * cos + half_y * sin, half_x * sin + half_y * cos


def top_middle(target: bpy.types.Object) -> Vector:
    """The middle of the target's top: its origin where it has a surface, else the middle of its box."""
    if "p2m_surface" in target:
        return target.matrix_world.translation.copy()
    low, high = world_box([target])
    return (low + high) / 2


def is_round_top(target: bpy.types.Object, z: float, half_x: float, half_y: float) -> bool:
    """Whether the corners of the top are missing."""
    points = world_points([target])
    middle = top_middle(target)
    top = points[abs(points[:, 2] - z) < 0.02][:, :2] - (middle.x, middle.y)
    if not len(top):
        return False
    corner = Vector((half_x, half_y)).normalized()
    return float((top @ (corner.x, corner.y)).max()) < 0.93 * math.hypot(half_x, half_y)


def spots_on(
    objs: Sequence[bpy.types.Object],
    middle: Vector,
    limits: tuple[float, float, bool],
    standing: Sequence[tuple[Vector, Vector]],
    z: float,
) -> list[tuple[float, float]]:
    """A place for each thing: a centred row where it fits, else the nearest free places to the middle."""
    boxes = [world_box([obj]) for obj in objs]
    sizes = [high - low for low, high in boxes]
    gap = min(0.5 * max(size.x for size in sizes), 0.3)
    for spacing in (gap, gap / 2, gap / 8):
        x = middle.x - (sum(size.x for size in sizes) + spacing * (len(objs) - 1)) / 2
        row = []
        for size in sizes:
            row.append((x + size.x / 2, middle.y))
            x += size.x + spacing
        if all(
            fits_on(spot, size, middle, limits) and not meets_any(box, spot, z, standing)
            for spot, size, box in zip(row, sizes, boxes, strict=True)
        ):
            return row
    return [*free_spots(boxes, middle, limits, standing, z)]


def free_spots(
    boxes: Sequence[tuple[Vector, Vector]],
    middle: Vector,
    limits: tuple[float, float, bool],
    standing: Sequence[tuple[Vector, Vector]],
    z: float,
) -> list[tuple[float, float]]:
    """One place after the other, each as near to the middle as is free; past the edge only where all is full."""
    taken = list(standing)
    spots = []
    for box in boxes:
        size = box[1] - box[0]
        step = max(min(limits[0], limits[1]) / SEARCH_STEPS, 0.2 * min(size.x, size.y), 1e-3)
        tries = spiral(step, 4 * SEARCH_STEPS)
        inside = [spot for spot in tries if fits_on((middle.x + spot[0], middle.y + spot[1]), size, middle, limits)]
        chosen = (0.0, 0.0)
        for chosen in [*inside, *tries]:
            if not meets_any(box, (middle.x + chosen[0], middle.y + chosen[1]), z, taken):
                break
        spot = (middle.x + chosen[0], middle.y + chosen[1])
        if not fits_on(spot, 0.6 * size, middle, limits):
            print("Note: not everything fits on the top; some of it overhangs.")  # noqa: T201 - read by the planner
        spots.append(spot)
        taken.append(moved_box(box, *spot, z))
    return spots


def spiral(step: float, rings: int) -> list[tuple[float, float]]:
    """Places around 0, 0 on square rings, nearest first."""
    places = [(i * step, j * step) for i in range(-rings, rings + 1) for j in range(-rings, rings + 1)]
    return sorted(places, key=lambda place: (round(math.hypot(*place), 6), place))


def fits_on(spot: tuple[float, float], size: Vector, middle: Vector, limits: tuple[float, float, bool]) -> bool:
    """Whether a foot of this size at the spot lies within the top."""
    half_x, half_y, is_round = limits
    reach_x, reach_y = abs(spot[0] - middle.x) + size.x / 2, abs(spot[1] - middle.y) + size.y / 2
    if is_round:
        return (reach_x / half_x) ** 2 + (reach_y / half_y) ** 2 <= 1.0
    return reach_x <= half_x + 1e-4 and reach_y <= half_y + 1e-4


def meets_any(
    box: tuple[Vector, Vector], spot: tuple[float, float], z: float, others: Sequence[tuple[Vector, Vector]]
) -> bool:
    """Whether the box, moved to the spot, overlaps one of the others."""
    moved = moved_box(box, spot[0], spot[1], z + 1e-3)
    return any(boxes_meet(moved, other) for other in others)


def place_together(objs: Sequence[bpy.types.Object], target: bpy.types.Object) -> None:
    """Stand things that are arranged, such as a stack, on the target as if they were one."""
    z, half_x, half_y = top_of(target)
    limits = (half_x, half_y, is_round_top(target, z, half_x, half_y))
    box = world_box(objs)
    standing = [world_box([other]) for other in other_things([*objs, target])]
    standing = [other for other in standing if other[1].z > z + 1e-3]
    x, y = free_spots([box], top_middle(target), limits, standing, z)[0]
    stand_at(objs, x, y, z)


def place_in(objs: Sequence[bpy.types.Object], target: bpy.types.Object) -> None:
    """Let the things sink into the vessel one after the other until each touches it or another."""
    low, high = world_box([target])
    middle = target.matrix_world.translation
    carriers = [target, *(o for o in other_things([*objs, target]) if boxes_meet(world_box([o]), (low, high)))]
    if len(objs) > 1 and all(is_slender(obj, 0.75 * (high.z - low.z)) for obj in objs):
        lean_in(objs, target)
        return
    for obj in objs:
        best = None
        for x, y in places_in(obj, target, alone=len(objs) == 1 and len(carriers) == 1):
            stand_at([obj], middle.x + x, middle.y + y, high.z)
            drop_on(obj, carriers, low.z)
            resting = world_box([obj])[0].z
            # What reaches the vessel's foot has fallen beside it.
            if resting > low.z + 1e-4 and (best is None or resting < best[0] - 1e-4):
                best = (resting, x, y)
        if best is not None:
            stand_at([obj], middle.x + best[1], middle.y + best[2], best[0])
        carriers.append(obj)


def is_slender(obj: bpy.types.Object, least_height: float) -> bool:
    """Whether the thing is at least this high, and twice as high as wide, as a flower is."""
    low, high = world_box([obj])
    return high.z - low.z > max(least_height, 2 * (high.x - low.x), 2 * (high.y - low.y))


def lean_in(objs: Sequence[bpy.types.Object], target: bpy.types.Object) -> None:
    """Let tall things, such as flowers, stand in the vessel as a bunch that leans outwards."""
    low, _ = world_box([target])
    middle = target.matrix_world.translation
    for index, obj in enumerate(objs):
        own_low, own_high = world_box([obj])
        width = max(own_high.x - own_low.x, own_high.y - own_low.y)
        ring = width * len(objs) / (2 * math.pi) + 0.15 * width
        tilt = min(math.asin(min(ring / (own_high.z - own_low.z), 1.0)), math.radians(35))
        angle = 2 * math.pi * index / len(objs)
        outwards = Matrix.Rotation(tilt, 3, Vector((-math.sin(angle), math.cos(angle), 0.0)))
        obj.rotation_euler = (outwards @ obj.rotation_euler.to_matrix()).to_euler("XYZ")
        obj.location.x, obj.location.y = middle.x, middle.y
        drop_on(obj, [target], low.z)


def places_in(obj: bpy.types.Object, target: bpy.types.Object, alone: bool) -> list[tuple[float, float]]:
    """Offsets from the vessel's middle at which the thing may sink in; a lone thing goes to the middle."""
    low, high = world_box([target])
    own_low, own_high = world_box([obj])
    inside = target.get("p2m_inside") or [0.0, 0.3 * (high.x - low.x), 0.3 * (high.y - low.y)]
    if alone:
        return [(0.0, 0.0)]
    half = min(high.x - low.x, high.y - low.y) / 2
    width = max(own_high.x - own_low.x, own_high.y - own_low.y) / 2
    reach = max(min(0.95 * half, 1.8 * inside[1]) - width, 0.0)
    places = [(0.0, 0.0)]
    for share, count in ((0.4, 5), (0.7, 7), (1.0, 9)):
        angles = [2 * math.pi * i / count + share for i in range(count)]
        places += [(share * reach * math.cos(angle), share * reach * math.sin(angle)) for angle in angles]
    return places
