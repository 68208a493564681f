# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Moves things that are already in the scene, with what stands on them."""

import math
from collections.abc import Sequence

import bpy
from mathutils import Matrix, Vector

from .placement import boxes_meet, move_by, other_things, turn_thing, world_box
from .placement_relations import place_beside, support_of, with_riders

ROOM_M = 0.05


def swap_places(first: Sequence[bpy.types.Object], second: Sequence[bpy.types.Object]) -> None:
    """Let two things change places; what stands on them goes along."""
    boxes = [world_box(objs[:1]) for objs in (first, second)]
    feet = [Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z)) for low, high in boxes]
    stacks = [with_riders(objs[:1]) for objs in (first, second)]
    move_by(stacks[0], feet[1] - feet[0])
    move_by(stacks[1], feet[0] - feet[1])


def set_down(objs: Sequence[bpy.types.Object]) -> None:
    """Stand the things on the ground, beside what carries them now."""
    for obj in objs:
        carriers = []
        while (carrier := support_of(obj if not carriers else carriers[-1])) is not None and carrier not in carriers:
            carriers.append(carrier)
        stack = with_riders([obj])
        before = obj.location.copy()
        if carriers:
            place_beside([obj], carriers[-1:], "any")
        else:
            move_by([obj], Vector((0, 0, -world_box([obj])[0].z)))
        move_by(stack[1:], obj.location - before)


def clear_things(objs: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The other things whose boxes keep clear of all of `objs`."""
    boxes = [world_box([obj]) for obj in objs]
    return [other for other in other_things(objs) if not any(boxes_meet(world_box([other]), box) for box in boxes)]


def make_room(objs: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object]) -> None:
    """Push each of the others that overlaps a thing out of it, along x or y, and what is then in its way."""
    waiting, left = list(objs), list(others)
    while waiting:
        obj = waiting.pop(0)
        low, high = world_box([obj])
        for other in [other for other in left if boxes_meet((low, high), world_box([other]))]:
            own_low, own_high = world_box([other])
            out, back = high - own_low, low - own_high
            ways = [
                Vector((out.x + ROOM_M, 0, 0)),
                Vector((back.x - ROOM_M, 0, 0)),
                Vector((0, out.y + ROOM_M, 0)),
                Vector((0, back.y - ROOM_M, 0)),
            ]
            move_by(with_riders([other]), min(ways, key=lambda way: way.length))
            left.remove(other)
            waiting.append(other)


def turn_about(objs: Sequence[bpy.types.Object], pivot: Vector, angle_deg: float) -> None:
    """Turn the things about a vertical line through the pivot."""
    turn = Matrix.Rotation(math.radians(angle_deg), 3, "Z")
    for obj in objs:
        away = obj.location - pivot
        move_by([obj], turn @ away - away)
        turn_thing(obj, angle_deg)


def shift_things(objs: Sequence[bpy.types.Object], x: float, y: float, z: float) -> None:
    """Move the things, with what stands on them."""
    move_by(with_riders(objs), Vector((x, y, z)))


def carried_by(objs: Sequence[bpy.types.Object]) -> list[tuple[bpy.types.Object, bpy.types.Object, Vector]]:
    """What stands on each of the things: the rider, the thing, and how far the rider's origin is from the thing's."""
    chosen = set(objs)
    riders = [(rider, obj) for obj in objs for rider in with_riders([obj]) if rider not in chosen]
    return [(rider, obj, rider.location - obj.location) for rider, obj in riders]


def bring_along(carried: Sequence[tuple[bpy.types.Object, bpy.types.Object, Vector]]) -> None:
    """Put what stood on things that were moved on them again."""
    for rider, obj, offset in carried:
        move_by([rider], obj.location + offset - rider.location)
