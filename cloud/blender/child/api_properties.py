# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know little of RNA's own properties.
"""RNA's properties and functions as data and as signatures."""

import math
from typing import Any

import bpy

_SUBTYPES = {"ANGLE": " rad", "EULER": " rad", "COLOR": " color", "COLOR_GAMMA": " color", "FILE_PATH": " path"}
DESCRIPTION_LIMIT = 300
_UNBOUNDED = 1e6


def described_property(prop: bpy.types.Property) -> dict[str, Any]:
    """A property or a parameter as data; what says nothing is left out."""
    entry: dict[str, Any] = {"n": prop.identifier, "t": _type_of(prop)}
    default = _default_of(prop)
    if default is not None:
        entry["v"] = default
    if prop.type in ("INT", "FLOAT"):
        low, high = (_bound(value) for value in (prop.hard_min, prop.hard_max))
        if (low, high) != (None, None):
            entry["r"] = [low, high]
    if prop.type == "ENUM":
        entry["e"] = [item.identifier for item in prop.enum_items if item.identifier]
    if prop.type == "COLLECTION" and prop.srna:
        entry["c"] = prop.srna.identifier
    if prop.is_readonly:
        entry["ro"] = 1
    if prop.description:
        entry["d"] = prop.description[:DESCRIPTION_LIMIT]
    return entry


def _type_of(prop: bpy.types.Property) -> str:
    if prop.type in ("POINTER", "COLLECTION"):
        target = prop.fixed_type.identifier if prop.fixed_type else "struct"
        return f"[{target}]" if prop.type == "COLLECTION" else target
    if prop.type == "ENUM":
        return "set of enum" if prop.is_enum_flag else "enum"
    kind = {"BOOLEAN": "bool", "STRING": "str"}.get(prop.type, prop.type.lower())
    if getattr(prop, "is_array", False) and prop.array_length:
        kind += f"[{prop.array_length}]"
    return kind + _SUBTYPES.get(prop.subtype, "")


def _default_of(prop: bpy.types.Property) -> Any:
    if prop.type in ("POINTER", "COLLECTION"):
        return None
    if prop.type == "ENUM":
        return sorted(prop.default_flag) if prop.is_enum_flag else prop.default or None
    if getattr(prop, "is_array", False):
        return [short_number(value) for value in prop.default_array] if 0 < prop.array_length <= 4 else None
    return short_number(prop.default)


def short_number(value: Any) -> Any:
    """A number as a person would write it; JSON has no infinity."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _bound(value: float) -> float | None:
    return None if abs(value) >= _UNBOUNDED else short_number(value)


def signature_of(func: bpy.types.Function) -> str:
    """A function of a type as it is called: parameters with types and defaults, and what it gives."""
    taken, given = [], []
    for parameter in func.parameters:
        if parameter.is_output:
            given.append(_type_of(parameter))
            continue
        kind = _type_of(parameter)
        if parameter.type == "ENUM" and 0 < len(parameter.enum_items) <= 12:
            kind = "|".join(parameter.enum_items.keys())
        default = None if parameter.is_required else _default_of(parameter)
        taken.append(f"{parameter.identifier}: {kind}" + ("" if parameter.is_required else f" = {default!r}"))
    return f"{func.identifier}({', '.join(taken)})" + (f" -> {', '.join(given)}" if given else "")
