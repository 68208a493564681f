"""The named parameters on top of a step that builds a thing, and what its calls make of them.

Each is a plain literal with a comment (`UNIT, LOW to HIGH: words`), so that who reads the code can change it there.
"""

from typing import Any

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.code import Expression, Knob
from cloud.agent.offline.orders import Group
from cloud.agent.offline.sizing import IN_THE_SIZE, builder_params, materials_of, size_of

_MEASURES = (("WIDTH", "from left to right"), ("DEPTH", "from front to back"), ("HEIGHT", "from bottom to top"))
_RANGES: dict[str, tuple[int, int]] = {
    "seed": (0, 999), "segments": (3, 128), "vertices": (3, 128), "rings": (3, 64), "sides": (3, 64),
    "subdivisions": (1, 6), "x_subdivisions": (1, 100), "y_subdivisions": (1, 100), "major_segments": (3, 128),
    "minor_segments": (3, 64),
}  # fmt: skip
"""Of counts for which 1 to four times the value will not do."""

Knobs = dict[str, Any]
"""Parameters as `step_code` takes them."""


def size_knobs(prefix: str, group: Group) -> Knobs:
    """The overall measures and `<prefix>_SIZE_M`, which they make."""
    size = size_of(group)
    params = builder_params(group)
    if any(params.get(name) for name in IN_THE_SIZE):  # these count, and have parameters of their own
        return {f"{prefix}_SIZE_M": size}
    if params.get("shape") == "round":
        diameter, height = f"{prefix}_DIAMETER", f"{prefix}_HEIGHT"
        return {
            diameter: Knob(float(max(size[0], size[1])), "m: across the top"),
            height: Knob(float(size[2]), f"m: {_MEASURES[2][1]}"),
            f"{prefix}_SIZE_M": Expression(f"({diameter}, {diameter}, {height})"),
        }
    knobs: Knobs = {}
    parts: list[str] = []
    for (word, meaning), length in zip(_MEASURES, size, strict=True):
        if length == 0:  # a flat thing stays flat
            parts.append("0.0")
            continue
        knobs[f"{prefix}_{word}"] = Knob(float(length), f"m: {meaning}")
        parts.append(f"{prefix}_{word}")
    return {**knobs, f"{prefix}_SIZE_M": Expression(f"({', '.join(parts)})")}


def material_knobs(prefix: str, group: Group) -> Knobs:
    """The colour of each of the materials, and `<prefix>_MATERIALS`, which wear them."""
    knobs: Knobs = {}
    lines: list[str] = []
    unseen = _unseen_slots(group)
    for slot, spec in materials_of(group).items():
        name = f"{prefix}_COLOR" if slot == "body" else f"{prefix}_{slot.upper()}_COLOR"
        color = tuple(round(float(channel), 4) for channel in spec["color"])
        if slot not in unseen:
            knobs[name] = Knob(color, f"red, green, blue of the {slot}")
        shown = {key: repr(value) for key, value in spec.items()} | {"color": repr(color) if slot in unseen else name}
        items = ", ".join(f"{key!r}: {text}" for key, text in shown.items())
        lines.append(f"    {slot!r}: {{{items}}},\n")
    return {**knobs, f"{prefix}_MATERIALS": Expression("{\n" + "".join(lines) + "}")}


def builder_knobs(prefix: str, group: Group) -> tuple[Knobs, str]:
    """What the builder takes besides: counts, switches, other measures; and the keywords that pass them on."""
    knobs: Knobs = {}
    keywords: list[str] = []
    for name, value in builder_params(group).items():
        if name == "centred" or _is_fixed(group, name):
            keywords.append(f", {name}={value!r}")
            continue
        own = f"{prefix}_{name.upper()}"
        knobs[own] = Knob(value, _meaning(name, value)) if not isinstance(value, str) else value
        keywords.append(f", {name}={own}")
    return knobs, "".join(keywords)


def name_knobs(prefix: str, group: Group, names: list[str]) -> tuple[Knobs, str]:
    """The objects' names, and how many of them there are where the prompt says several; and their expression."""
    knobs: Knobs = {f"{prefix}_NAMES": names}
    if len(names) < 2:
        return knobs, f"{prefix}_NAMES"
    noun = THINGS[group.key].nouns[0]
    count = Knob(len(names), f"1 to {max(10, 2 * len(names))}: how many times there is a {noun}")
    return {f"{prefix}_COUNT": count, **knobs}, f"enough_names({prefix}_NAMES, {prefix}_COUNT)"


def _unseen_slots(group: Group) -> frozenset[str]:
    """The slots that this form of the thing does not wear."""
    bare = group.key == "shelf" and not builder_params(group).get("books")
    return frozenset({"books", "books2", "books3"}) if bare else frozenset()


def _is_fixed(group: Group, name: str) -> bool:
    """Whether the builder's parameter changes nothing in this form of the thing: a table has a leg a corner."""
    return (group.key, name) == ("table", "legs") and builder_params(group).get("shape") != "round"


def _meaning(name: str, value: float | int | bool) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return f"with or without: {words}"
    if isinstance(value, float):
        return f"m: {words}"
    low, high = _RANGES.get(name, (1, max(10, 4 * value)))
    meaning = "another number, another shape" if name == "seed" else f"how many {words}"
    return f"{min(low, value)} to {max(high, value)}: {meaning}"
