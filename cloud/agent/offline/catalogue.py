"""What the offline modeller can build: nouns, builders, default sizes and materials. Pure Python, no Blender.

A builder is a function of `blender_code`, read there as text:
`build_x(name, size, materials, **params) -> root object`; `materials` maps each slot to a dict
as `slot_material` gives it.
"""

from cloud.agent.offline.palette import (
    COLOURS,
    MATERIALS,
    SHADES,
    MaterialSpec,
    colour,
    linear_from_hex,
    slot_material,
)
from cloud.agent.offline.thing import Param, Thing
from cloud.agent.offline.things_made import MADE
from cloud.agent.offline.things_nature import NATURE
from cloud.agent.offline.things_primitive import PRIMITIVES

__all__ = [
    "COLOURS",
    "MATERIALS",
    "NOUNS",
    "SHADES",
    "THINGS",
    "MaterialSpec",
    "Param",
    "Thing",
    "colour",
    "linear_from_hex",
    "slot_material",
]

THINGS: dict[str, Thing] = {thing.key: thing for thing in (*MADE, *NATURE, *PRIMITIVES)}
NOUNS: dict[str, str] = {noun: thing.key for thing in THINGS.values() for noun in thing.nouns}
"""Every noun, singular and in lower case, some of several words, to the thing's key."""
