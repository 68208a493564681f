"""From traits to the numbers that a builder takes: overall size, material of each slot, parameters."""

from typing import Any

from cloud.agent.offline.bundle import library
from cloud.agent.offline.catalogue import MATERIALS, THINGS, colour, slot_material
from cloud.agent.offline.orders import Axis, Group, Traits
from cloud.agent.offline.traits import main_slot

Size = tuple[float, float, float]
MIN_M, MAX_M = 1e-4, 5_000.0
IN_THE_SIZE = frozenset({"size", "edge", "radius", "depth"})
"""Parameters that the overall size holds already."""


def size_of(group: Group) -> Size:
    """Overall x, y, z in metres. One length alone scales the whole thing; two or more are kept exactly."""
    thing, traits = THINGS[group.key], group.traits
    x, y, z = _natural_size(group)
    x, y, z = (length * traits.scale for length in (x, y, z))
    for axis, factor in traits.stretch.items():
        x, y, z = _stretched((x, y, z), axis, factor)
    lengths = {"x": x, "y": y, "z": z}
    if len(traits.sizes) == 1:
        axis, length = next(iter(traits.sizes.items()))
        factor = length / max(_along((x, y, z), axis), 1e-9)
        lengths = {name: value * factor for name, value in lengths.items()}
    else:
        for axis, length in traits.sizes.items():
            for name in _names(axis, (x, y, z)):
                lengths[name] = length
    flat = thing.size_m[2] == 0.0
    size = tuple(min(max(lengths[name], MIN_M), MAX_M) for name in "xyz")
    return (round(size[0], 5), round(size[1], 5), 0.0 if flat else round(size[2], 5))


def _natural_size(group: Group) -> Size:
    """The catalogue's size, or what radius, depth and size say for a primitive; a round table is as deep as wide."""
    thing, params = THINGS[group.key], group.traits.params
    x, y, z = thing.size_m
    number = {name: float(value) for name, value in params.items() if not isinstance(value, str)}
    if params.get("shape") == "round":
        return (x + y) / 2, (x + y) / 2, z
    if "major_radius" in thing.params and ("major_radius" in number or "minor_radius" in number):
        tube = number.get("minor_radius", z / 2)
        outer = 2 * (number.get("major_radius", (x - z) / 2) + tube)
        return outer, outer, 2 * tube
    if "radius" in number:
        round_z = "depth" not in thing.params and abs(z - x) < 1e-6
        x = y = 2 * number["radius"]
        z = x if round_z else z
    if "depth" in number:
        z = number["depth"]
    for name in ("size", "edge"):
        if name in number:
            x, y, z = (length * number[name] / max(x, y, z) for length in (x, y, z))
    return x, y, z


def _names(axis: Axis, size: Size) -> tuple[str, ...]:
    """The axes that a word such as "across" or "long" means for a thing of this size."""
    if axis == "d":
        return ("x", "y")
    if axis == "l":
        return ("x",) if size[0] >= size[1] else ("y",)
    if axis in ("t", "max"):
        pick = min if axis == "t" else max
        return ("xyz"[size.index(pick(size))],)
    return (axis,)


def _along(size: Size, axis: Axis) -> float:
    return size["xyz".index(_names(axis, size)[0])] if axis != "d" else max(size[0], size[1])


def _stretched(size: Size, axis: Axis, factor: float) -> Size:
    names = _names(axis, size)
    return tuple(length * factor if name in names else length for name, length in zip("xyz", size, strict=True))  # type: ignore[return-value]


def factors_of(traits: Traits, size: Size) -> Size:
    """Scale factors for an object of the scene, without its wanted lengths."""
    factors: Size = (traits.scale, traits.scale, traits.scale)
    for axis, factor in traits.stretch.items():
        names = _names(axis, size)
        factors = tuple(f * factor if name in names else f for name, f in zip("xyz", factors, strict=True))  # type: ignore[assignment]
    return factors


def materials_of(group: Group) -> dict[str, dict[str, Any]]:
    """The material of every slot, with the colours and materials that were asked for."""
    thing = THINGS[group.key]
    slots = {slot: slot_material(text) for slot, text in thing.materials.items()}
    main = main_slot(group.key)
    if main and (group.traits.colour or group.traits.material):
        slots[main] = described_material(group.traits, thing.materials[main])
    for part, traits in group.parts.items():
        if part in slots and (traits.colour or traits.material):
            slots[part] = described_material(traits, thing.materials[part])
    return slots


def described_material(traits: Traits, default: str) -> dict[str, Any]:
    """The material that the words ask for; a colour alone keeps the default's substance."""
    key = traits.material or default.partition(":")[0]
    if key in ("light", "screen", "flame") and traits.colour and not traits.material:
        return MATERIALS[key].slot(traits.colour)
    spec = MATERIALS[key].slot(traits.colour)
    if traits.colour and not traits.material and key in ("glass", "crystal") and colour(traits.colour) is None:
        return MATERIALS[key].slot()
    return spec


def builder_params(group: Group) -> dict[str, Any]:
    """What the builder takes besides the size: counts and switches, and other measures that were asked for."""
    thing, asked = THINGS[group.key], group.traits.params
    takes = library().parameters(thing.builder)
    params: dict[str, Any] = {}
    for name, default in {**thing.params, **asked}.items():
        if name not in takes or (name in IN_THE_SIZE and (name not in asked or group.traits.resizes())):
            continue
        if name in asked or not isinstance(default, float):
            params[name] = asked.get(name, default)
    if "centred" in takes:
        params["centred"] = group.at is not None and group.at[2] is not None
    return params
