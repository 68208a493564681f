# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Changes things that are already in the scene: colour, size, place, turn, name, copies."""

from collections.abc import Callable, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

from .finish import material
from .moving import clear_things, make_room, turn_about
from .placement import family_of, move_by, other_things, stand_at, turn_thing, world_box
from .placement_relations import any_meet, place_beside, support_of, with_riders
from .placement_surfaces import place_in, place_on, top_of


def things_named(*names: str) -> list[bpy.types.Object]:
    """The objects of these names, as far as they are there."""
    found = [bpy.data.objects[name] for name in names if name in bpy.data.objects]
    if not found:
        raise LookupError(f"none of these objects is in the scene: {', '.join(names)}")
    return found


def enough_names(names: Sequence[str], count: int) -> list[str]:
    """As many names as `count` says: the first of `names`, and then further numbers that nothing has yet."""
    enough, number = list(names[:count]), len(names)
    while len(enough) < count:
        number += 1
        name = f"{names[0]} {number}"
        if name not in bpy.data.objects:
            enough.append(name)
    return enough


def build_things(
    build: Callable[..., bpy.types.Object],
    names: Sequence[str],
    size: tuple[float, float, float],
    materials: dict[str, dict],
    **params: Any,
) -> list[bpy.types.Object]:
    """Build one thing for each name. Where the thing grows from a `seed`, each has its own."""
    made = []
    for index, name in enumerate(names):
        own = {**params, "seed": params["seed"] + index} if "seed" in params else params
        obj = build(name, size, materials, **own)
        obj["p2m_slots"] = {slot: spec["name"] for slot, spec in materials.items()}
        made.append(obj)
    return made


def repaint(objs: Sequence[bpy.types.Object], slot_name: str, wanted: dict[str, Any]) -> None:
    """Give the part of each thing that `slot_name` means (empty: its main part) another material.

    Raises: LookupError: a thing has no such part.
    """
    for obj in objs:
        for slot in slots_of_part(obj, slot_name):
            slot.material = material(wanted)
        remember_slot(obj, slot_name, wanted["name"])


def recolour(
    objs: Sequence[bpy.types.Object], slot_name: str, color: tuple[float, float, float], names: dict[str, str]
) -> None:
    """Give a part of each thing another colour and keep its material otherwise.

    names: what the material that a part wears is called in the new colour ("Red Wood": "Blue Wood").
    """
    for obj in objs:
        for slot in slots_of_part(obj, slot_name):
            slot.material = tinted(
                slot.material, color, names.get(slot.material.name.split(".")[0], slot.material.name)
            )
            remember_slot(obj, slot_name, slot.material.name)


def tinted(worn: bpy.types.Material, color: tuple[float, float, float], name: str) -> bpy.types.Material:
    """A copy of the material in another colour."""
    copied = worn.copy()
    copied.name = name
    copied.diffuse_color = (*color, 1.0)
    for node in copied.node_tree.nodes if copied.node_tree else ():
        if node.type == "BSDF_PRINCIPLED":
            node.inputs["Base Color"].default_value = (*color, 1.0)
            node.inputs["Emission Color"].default_value = (*color, 1.0)
    return copied


def slots_of_part(obj: bpy.types.Object, slot_name: str) -> list[bpy.types.MaterialSlot]:
    """The material slots of a part: by what the thing remembers, by a child of this name, or the main ones.

    Raises: LookupError: the thing has no such part, or no material at all.
    """
    slots = [slot for part in family_of(obj) for slot in part.material_slots if slot.material]
    remembered = dict(obj.get("p2m_slots", {}))
    name = remembered.get(slot_name) or (next(iter(remembered.values()), "") if not slot_name else "")
    chosen = [slot for slot in slots if name and slot.material.name.split(".")[0] == name.split(".")[0]]
    if not chosen and slot_name:
        children = [child for child in obj.children_recursive if child.name.lower().endswith(f" {slot_name}")]
        chosen = [slot for child in children for slot in child.material_slots if slot.material]
    if not chosen and not slot_name and slots:
        chosen = [slot for slot in slots if slot.material == slots[0].material]
    if not chosen and not slot_name and obj.type == "MESH":
        obj.data.materials.append(material({"name": "Paint", "color": (0.8, 0.8, 0.8)}))
        chosen = list(obj.material_slots)
    if not chosen:
        raise LookupError(f"{obj.name} has no {slot_name or 'material'}")
    return chosen


def remember_slot(obj: bpy.types.Object, slot_name: str, material_name: str) -> None:
    """Keep in mind what a part wears now."""
    remembered = dict(obj.get("p2m_slots", {}))
    key = slot_name or next(iter(remembered), "")
    if key:
        obj["p2m_slots"] = {**remembered, key: material_name}


def resize(
    objs: Sequence[bpy.types.Object], factors: tuple[float, float, float], sizes: dict[str, float] | None = None
) -> None:
    """Scale the things' meshes about their foot; what stands on them still does. `sizes`: wanted metres by axis."""
    apart = not any_meet(objs)
    middles = [obj.location.copy() for obj in objs]
    largest = 1.0
    neighbours = [other for other in clear_things(objs) if other not in with_riders(objs)]
    for obj in objs:
        riders = [rider for rider in with_riders([obj]) if rider is not obj]
        low, high = world_box([obj])
        scale = wanted_scale(high - low, factors, sizes or {})
        foot = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
        top = top_of(obj)[0]
        bake_scale(obj, scale)
        stand_at([obj], foot.x, foot.y, foot.z)
        rise = top_of(obj)[0] - top
        for rider in riders:
            away = rider.location - foot
            move_by([rider], Vector((away.x * (scale.x - 1), away.y * (scale.y - 1), rise)))
        if riders and "p2m_inside" in obj:
            place_in(riders, obj)
        largest = max(largest, scale.x, scale.y)
    if apart and any_meet(objs):
        centre = sum(middles, Vector()) / len(middles)
        for obj, middle in zip(objs, middles, strict=True):
            away = (middle - centre) * (largest - 1)
            move_by(with_riders([obj]), Vector((away.x, away.y, 0.0)))
    make_room(objs, neighbours)


def wanted_scale(size: Vector, factors: tuple[float, float, float], sizes: dict[str, float]) -> Vector:
    """Factors for x, y, z that give the wanted sizes; one size alone scales all three alike."""
    scale = Vector(factors)
    measured = {"x": size.x, "y": size.y, "z": size.z, "d": max(size.x, size.y), "l": max(size.x, size.y),
                "t": min(size), "max": max(size)}  # fmt: skip
    if len(sizes) == 1:
        axis, length = next(iter(sizes.items()))
        return scale * (length / max(measured[axis], 1e-9))
    for axis, length in sizes.items():
        for index, name in enumerate("xyz"):
            if axis == name or (axis == "d" and name in "xy"):
                scale[index] = length / max(size[index], 1e-9)
    return scale


def bake_scale(obj: bpy.types.Object, scale: Vector) -> None:
    """Scale the meshes themselves along the world's axes, so that every object keeps scale 1."""
    bpy.context.view_layer.update()
    pivot = obj.matrix_world.translation.copy()
    grow = Matrix.Translation(pivot) @ Matrix.Diagonal((*scale, 1.0)) @ Matrix.Translation(-pivot)
    for part in family_of(obj):
        if part.data is None:
            continue
        if part.data.users > 1:
            part.data = part.data.copy()
        world = part.matrix_world.copy()
        turn = world.to_quaternion().to_matrix().to_4x4()
        moved = Matrix.Translation(grow @ world.translation)
        base = moved @ turn
        part.data.transform(base.inverted() @ grow @ world)
        part.data.update()
        parent = part.parent
        part.matrix_basis = base if parent is None else parent_matrix(part).inverted() @ base
        bpy.context.view_layer.update()
    for key in ("p2m_surface", "p2m_inside"):
        if key in obj:
            z, half_x, half_y = obj[key]
            obj[key] = [z * scale.z, half_x * scale.x, half_y * scale.y]


def parent_matrix(part: bpy.types.Object) -> Matrix:
    """The frame in which the part's own transform is given."""
    return part.parent.matrix_world @ part.matrix_parent_inverse


def turn_things(objs: Sequence[bpy.types.Object], degrees: dict[str, float]) -> None:
    """Turn the things about the axes through their origins; their lowest point stays at its height.

    What stands on a thing that is turned about Z turns with it.
    """
    for obj in objs:
        low, _ = world_box([obj])
        riders = [rider for rider in with_riders([obj]) if rider is not obj]
        for axis, angle in degrees.items():
            if axis == "z":
                turn_about(riders, obj.matrix_world.translation.copy(), angle)
            turn_thing(obj, angle, axis)
        new_low, _ = world_box([obj])
        if "p2m_kind" in obj:
            move_by([obj], Vector((0, 0, low.z - new_low.z)))


def rename_thing(obj: bpy.types.Object, name: str) -> None:
    """Rename the thing; its parts keep their place after the new name."""
    before = obj.name
    for child in obj.children_recursive:
        if child.name.startswith(before + " "):
            child.name = name + child.name[len(before) :]
    obj.name = name
    if obj.data is not None:
        obj.data.name = name


def remove_things(objs: Sequence[bpy.types.Object]) -> None:
    """Take the things and their parts out of the file; what stood on them sinks to where they stood."""
    for obj in objs:
        low, _ = world_box([obj])
        riders = [rider for rider in with_riders([obj]) if rider not in objs]
        direct = [rider for rider in riders if support_of(rider) == obj]
        fall = {rider: world_box([rider])[0].z - low.z for rider in direct}
        stacks = {rider: with_riders([rider]) for rider in direct}
        for part in family_of(obj):
            data = part.data
            bpy.data.objects.remove(part, do_unlink=True)
            if isinstance(data, bpy.types.Mesh) and data.users == 0:
                bpy.data.meshes.remove(data)
        for rider, height in fall.items():
            move_by(stacks[rider], Vector((0, 0, -height)))
    for unused in [worn for worn in bpy.data.materials if worn.users == 0]:
        bpy.data.materials.remove(unused)


def copy_thing(obj: bpy.types.Object, name: str) -> bpy.types.Object:
    """A copy of the thing with its parts, beside it, or on or in what carries it."""
    twin = obj.copy()
    twin.data = obj.data.copy() if obj.data is not None else None
    twin.name = name
    bpy.context.scene.collection.objects.link(twin)
    twins = {obj: twin}
    for child in obj.children_recursive:
        copied = child.copy()
        copied.data = child.data.copy() if child.data is not None else None
        copied.name = name + child.name[len(obj.name) :] if child.name.startswith(obj.name) else child.name
        bpy.context.scene.collection.objects.link(copied)
        copied.parent = twins[child.parent]
        copied.matrix_parent_inverse = child.matrix_parent_inverse
        twins[child] = copied
    bpy.context.view_layer.update()
    carrier = support_of(obj, [twin])
    if carrier is None:
        place_beside([twin], [obj], "any")
    elif "p2m_inside" in carrier:
        place_in([twin], carrier)
    else:
        place_on([twin], carrier)
    return twin


def take_place(objs: Sequence[bpy.types.Object], old: Sequence[bpy.types.Object]) -> None:
    """Stand each new thing where an old one stands, looking the same way, with what it carried; remove the old ones."""
    carried: list[tuple[bpy.types.Object, bpy.types.Object]] = []
    for new, gone in zip(objs, old, strict=False):
        riders = [rider for rider in other_things([gone, new]) if support_of(rider, [new]) == gone]
        carried += [(rider, new) for rider in riders]
        low, high = world_box([gone])
        new.rotation_euler.z = gone.rotation_euler.z
        stand_at([new], (low.x + high.x) / 2, (low.y + high.y) / 2, low.z)
    remove_things(old)
    for rider, carrier in carried:
        stack = with_riders([rider])
        before = rider.location.copy()
        (place_in if "p2m_inside" in carrier else place_on)([rider], carrier)
        move_by(stack[1:], rider.location - before)
