# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Puts things where they belong, by their measured world boxes: contact is exact and nothing overlaps.

A thing is a root object with its children. Metres, Z up; the front of a thing looks to -Y.
"""

import itertools
import math
from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix, Vector

TOUCH_M = 1e-4
FLAT_M = 0.08
GROUND_M = 0.5
SIDES = {"right": (1, 0), "left": (-1, 0), "front": (0, -1), "back": (0, 1)}


def family_of(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """The object and all its children."""
    return [obj, *obj.children_recursive]


def world_points(objs: Sequence[bpy.types.Object]) -> np.ndarray:
    """Every evaluated vertex of the objects and their children in world space: (V, 3)."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    clouds = []
    for part in [part for obj in objs for part in family_of(obj)]:
        seen = part.evaluated_get(graph)
        if part.type != "MESH" or not seen.data.vertices:
            continue
        points = np.empty(len(seen.data.vertices) * 3, dtype=np.float32)
        seen.data.vertices.foreach_get("co", points)
        turn = np.array(part.matrix_world, dtype=np.float64)
        clouds.append(points.reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3])
    if clouds:
        return np.concatenate(clouds)
    return np.array([obj.matrix_world.translation[:] for obj in objs], dtype=np.float64)


def world_box(objs: Sequence[bpy.types.Object]) -> tuple[Vector, Vector]:
    """The lowest and the highest corner of the box around the objects and their children."""
    points = world_points(objs)
    return Vector(points.min(axis=0)), Vector(points.max(axis=0))


def move_by(objs: Sequence[bpy.types.Object], offset: Vector) -> None:
    """Move the things together."""
    for obj in objs:
        obj.location = obj.location + offset
    bpy.context.view_layer.update()


def stand_at(objs: Sequence[bpy.types.Object], x: float, y: float, z: float) -> None:
    """Move the things together so that the middle of their box's foot is at x, y, z."""
    low, high = world_box(objs)
    move_by(objs, Vector((x - (low.x + high.x) / 2, y - (low.y + high.y) / 2, z - low.z)))


def turn_thing(obj: bpy.types.Object, angle_deg: float, axis: str = "Z") -> None:
    """Turn the thing about a world axis through its origin."""
    obj.rotation_mode = "XYZ"
    turn = Matrix.Rotation(math.radians(angle_deg), 3, axis.upper()) @ obj.rotation_euler.to_matrix()
    obj.rotation_euler = turn.to_euler("XYZ")
    bpy.context.view_layer.update()


def face_point(obj: bpy.types.Object, x: float, y: float) -> None:
    """Turn the thing about Z so that its front looks at a point."""
    low, high = world_box([obj])
    away_x, away_y = x - (low.x + high.x) / 2, y - (low.y + high.y) / 2
    if math.hypot(away_x, away_y) > 1e-6:
        obj.rotation_mode = "XYZ"
        obj.rotation_euler.z = math.atan2(away_y, away_x) + math.pi / 2
        bpy.context.view_layer.update()


def face_things(objs: Sequence[bpy.types.Object], targets: Sequence[bpy.types.Object]) -> None:
    """Turn each thing to look at the middle of the targets."""
    low, high = world_box(targets)
    for obj in objs:
        face_point(obj, (low.x + high.x) / 2, (low.y + high.y) / 2)


def other_things(objs: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The roots of the scene that have a mesh, without `objs`."""
    chosen = set(objs)
    return [
        obj
        for obj in bpy.context.scene.objects
        if obj.parent is None and obj.type == "MESH" and obj not in chosen and obj.get("p2m_kind") != "stage"
    ]


def boxes_meet(first: tuple[Vector, Vector], second: tuple[Vector, Vector], gap: float = 0.0) -> bool:
    """Whether two boxes overlap by more than a touch, or come nearer than `gap`."""
    return all(
        first[0][i] < second[1][i] + gap - TOUCH_M and second[0][i] < first[1][i] + gap - TOUCH_M for i in range(3)
    )


def obstacles_for(objs: Sequence[bpy.types.Object]) -> list[tuple[Vector, Vector]]:
    """The boxes that `objs` must keep clear of: every other thing but flat ground such as a rug."""
    boxes = [world_box([obj]) for obj in other_things(objs)]
    return [box for box in boxes if not is_ground(box)]


def is_ground(box: tuple[Vector, Vector]) -> bool:
    """Whether things may stand over the box, as on a rug; a spoon is flat too, but small."""
    size = box[1] - box[0]
    return max(size.z, box[0].z) <= FLAT_M and min(size.x, size.y) >= GROUND_M


def moved_box(box: tuple[Vector, Vector], x: float, y: float, z: float) -> tuple[Vector, Vector]:
    """The box with the middle of its foot at x, y, z."""
    half = (box[1] - box[0]) / 2
    return Vector((x - half.x, y - half.y, z)), Vector((x + half.x, y + half.y, z + 2 * half.z))


def place_free(objs: Sequence[bpy.types.Object], height: float = 0.0) -> None:
    """Line the things up on the ground, to the right of all that stands there, or at the origin if nothing does."""
    line_up(objs)
    others = obstacles_for(objs)
    low, high = world_box(objs)
    width = high.x - low.x
    if not others:
        stand_at(objs, 0.0, 0.0, height)
        return
    right = max(box[1].x for box in others)
    last = max(others, key=lambda box: box[1].x)
    gap = min(max(0.25 * min(width, last[1].x - last[0].x), 0.03), 2.0)
    stand_at(objs, right + gap + width / 2, 0.0, height)


def line_up(objs: Sequence[bpy.types.Object], spacing: float | None = None) -> None:
    """A row along x around the first thing's place. `spacing`: the gap in metres."""
    if len(objs) < 2:
        return
    boxes = [world_box([obj]) for obj in objs]
    widths = [high.x - low.x for low, high in boxes]
    gap = max(0.25 * max(widths), 0.01) if spacing is None else spacing
    x = -(sum(widths) + gap * (len(objs) - 1)) / 2
    for obj, width in zip(objs, widths, strict=True):
        stand_at([obj], x + width / 2, 0.0, 0.0)
        x += width + gap


def arrange_grid(objs: Sequence[bpy.types.Object], rows: int = 0, spacing: float | None = None) -> None:
    """Rows and columns, the rows one behind the other."""
    rows = rows or max(1, round(math.sqrt(len(objs))))
    columns = math.ceil(len(objs) / rows)
    low, high = cell_of(objs)
    gap_x = max(0.25 * (high.x - low.x), 0.01) if spacing is None else spacing
    gap_y = max(0.25 * (high.y - low.y), 0.01) if spacing is None else spacing
    for index, obj in enumerate(objs):
        row, column = divmod(index, columns)
        x = (column - (columns - 1) / 2) * (high.x - low.x + gap_x)
        y = (row - (rows - 1) / 2) * (high.y - low.y + gap_y)
        stand_at([obj], x, y, 0.0)


def cell_of(objs: Sequence[bpy.types.Object]) -> tuple[Vector, Vector]:
    """A box as large as the largest of the things, standing on the origin."""
    sizes = [high - low for low, high in (world_box([obj]) for obj in objs)]
    size = Vector([max(size[axis] for size in sizes) for axis in range(3)])
    return Vector((-size.x / 2, -size.y / 2, 0.0)), Vector((size.x / 2, size.y / 2, size.z))


def arrange_circle(objs: Sequence[bpy.types.Object], radius: float = 0.0) -> None:
    """A circle around the origin, each thing looking to its middle; as wide as the things need."""
    low, high = cell_of(objs)
    step = 1.6 * max(high.x - low.x, high.y - low.y)
    needed = step / (2 * math.sin(math.pi / len(objs))) if len(objs) > 1 else 0.0
    for index, obj in enumerate(objs):
        angle = 2 * math.pi * index / len(objs) - math.pi / 2
        reach = max(radius, needed)
        stand_at([obj], reach * math.cos(angle), reach * math.sin(angle), 0.0)
        face_point(obj, 0.0, 0.0)
        stand_at([obj], reach * math.cos(angle), reach * math.sin(angle), 0.0)


def arrange_stack(objs: Sequence[bpy.types.Object]) -> None:
    """One on top of the other, the largest first."""
    sizes = {obj.name: world_box([obj]) for obj in objs}
    order = sorted(objs, key=lambda obj: -(sizes[obj.name][1].x - sizes[obj.name][0].x))
    stand_at([order[0]], 0.0, 0.0, 0.0)
    for below, obj in itertools.pairwise(order):
        drop_on(obj, [below])


def arrange_scatter(objs: Sequence[bpy.types.Object]) -> None:
    """Spread like trees in a wood: a loose spiral, each thing clear of the others and turned its own way."""
    low, high = cell_of(objs)
    step = 0.75 * math.hypot(high.x - low.x, high.y - low.y)
    for index, obj in enumerate(objs):
        angle, reach = index * 2.39996, step * math.sqrt(index)
        turn_thing(obj, (index * 77) % 360)
        stand_at([obj], reach * math.cos(angle), reach * math.sin(angle), 0.0)


def settle_free(objs: Sequence[bpy.types.Object]) -> None:
    """Move things that were arranged together to the right of all that stands there."""
    others = obstacles_for(objs)
    if others:
        low, high = world_box(objs)
        right = max(box[1].x for box in others)
        gap = min(max(0.15 * (high.x - low.x), 0.03), 2.0)
        stand_at(objs, right + gap + (high.x - low.x) / 2, 0.0, 0.0)


def place_at(objs: Sequence[bpy.types.Object], x: float, y: float, z: float | None = None) -> None:
    """Put the first thing's origin at exactly x, y, z (no z: standing on the ground), the others in a row beside it."""
    line_up(objs)
    if z is None:
        low, high = world_box(objs[:1])
        move_by(objs, Vector((x - (low.x + high.x) / 2, y - (low.y + high.y) / 2, -low.z)))
    else:
        move_by(objs, Vector((x, y, z)) - objs[0].location)


def drop_on(obj: bpy.types.Object, supports: Sequence[bpy.types.Object], floor: float | None = None) -> None:
    """Lower the thing from above until it touches one of `supports`; at most to `floor`, or to their foot."""
    low, high = world_box(supports)
    own_low, _ = world_box([obj])
    move_by([obj], Vector((0, 0, high.z + 1.0 - own_low.z)))
    limit = high.z + 1.0 - (low.z if floor is None else floor)
    move_by([obj], Vector((0, 0, -min(clearance_above(obj, supports), limit))))


def clearance_above(obj: bpy.types.Object, supports: Sequence[bpy.types.Object]) -> float:
    """How far the thing can sink straight down before a vertex of it or of `supports` touches the other."""
    least = math.inf
    for part in [part for thing in supports for part in family_of(thing) if part.type == "MESH"]:
        least = min(least, least_ray(world_points([obj]), part, Vector((0, 0, -1))))
    beneath = world_points(supports)
    low, high = world_box([obj])
    inside = (beneath[:, :2] >= (low.x, low.y)).all(axis=1) & (beneath[:, :2] <= (high.x, high.y)).all(axis=1)
    for part in [part for part in family_of(obj) if part.type == "MESH"]:
        least = min(least, least_ray(beneath[inside], part, Vector((0, 0, 1))))
    return least


def least_ray(points: np.ndarray, target: bpy.types.Object, direction: Vector) -> float:
    """The shortest way from any of the points along `direction` to the target's own mesh; infinite for a miss."""
    into = target.matrix_world.inverted_safe()
    turned = into.to_3x3() @ direction
    least = math.inf
    for point in points:
        start = Vector(point)
        hit, place, _, _ = target.ray_cast(into @ start, turned)
        if hit:
            least = min(least, (target.matrix_world @ place - start).length)
    return least
