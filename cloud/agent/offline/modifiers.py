"""Reads what describes a thing: colours, materials, sizes with units, parameters, places, turns and names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cloud.agent.offline.lexicon import MEASURE_AXES, SIZES, UNITS_M
from cloud.agent.offline.orders import Axis, Point
from cloud.agent.offline.tagging import Item

ModifierKind = Literal[
    "colour", "material", "size", "measure", "measures", "radius", "param", "shape", "turn", "point", "name", "factor"
]
LINKS = {"of", "=", ":", "to", "is", "at", "by", "are"}
TIMES_MARKS = {"x", "×", "by", "*"}


@dataclass(frozen=True)
class Modifier:
    """One description and where it stands in the prompt."""

    kind: ModifierKind
    value: Any
    start: int
    end: int


KnowsParam = Callable[[str], bool]
Reading = tuple[Modifier, int] | None
"""A modifier and the index of the item after it; None: there is none here."""


def read_modifier(items: Sequence[Item], index: int, knows_param: KnowsParam) -> Reading:
    """The modifier that begins at `index`. `knows_param`: whether what is spoken of has a parameter of this name."""
    item = items[index]
    for kind, read in _READERS:
        if kind in item and (found := read(items, index, knows_param)):
            return found
    for kind in ("material", "colour", "shape", "size"):
        if kind in item:
            return Modifier(kind, item.get(kind), item.start, item.end), index + 1  # type: ignore[arg-type]
    if item.text == "(":
        return _read_point(items, index - 1, knows_param)
    return None


def _at(items: Sequence[Item], index: int) -> Item:
    return items[index] if 0 <= index < len(items) else Item("", 0, 0, {})


def _read_name(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    first = _at(items, index + 1)
    position = index + 2
    if "string" in first:
        return Modifier("name", first.get("string"), items[index].start, first.end), position
    if not first.text or "stop" in first or "comma" in first:
        return None
    return Modifier("name", (first.start, first.end), items[index].start, first.end), position


def _read_fixed_point(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    item = items[index]
    return Modifier("point", item.get("point"), item.start, item.end), index + 1


def _read_point(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    """`at (1, 2, 3)`, `at 1, 2, 3`, `at x=1, y=2, z=3`, `to (1, 2)`; two numbers mean a place on the ground."""
    position, values, named = index + 1, [], {}
    bracketed = _at(items, position).text in ("(", "[")
    position += bracketed
    while position < len(items) and len(values) < 3:
        axis = items[position].text if items[position].text in ("x", "y", "z") else ""
        skip = 1 if axis else 0
        while axis and _at(items, position + skip).text in ("=", ":", "of", "is"):
            skip += 1
        if "digits" not in _at(items, position + skip):
            break
        values.append(items[position + skip].get("number"))
        if axis:
            named[axis] = values[-1]
        position += skip + 1
        if _at(items, position).text in ("m", "metres", "meters"):
            position += 1
        if _at(items, position).text in (",", "and") and len(values) < 3:
            position += 1
    if len(values) < 2 and not named:
        return None
    if bracketed and _at(items, position).text in (")", "]"):
        position += 1
    point: Point = (values[0], values[1] if len(values) > 1 else 0.0, values[2] if len(values) > 2 else None)
    if named:
        point = (named.get("x", 0.0), named.get("y", 0.0), named.get("z"))
    return Modifier("point", point, items[max(index, 0)].start, items[position - 1].end), position


def _read_turned(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    item = items[index]
    return Modifier("turn", item.get("turned"), item.start, item.end), index + 1


def _read_measure_word(items: Sequence[Item], index: int, knows_param: KnowsParam) -> Reading:
    """`radius 0.5`, `height of 2 m`, `segments: 32`, `dimensions 2 x 3 x 1 m`."""
    item, position = items[index], index + 1
    while _at(items, position).text in LINKS and "number" not in _at(items, position):
        position += 1
    if "number" not in _at(items, position) or ("digits" not in items[position] and position == index + 1):
        return None
    name = item.get("measure_word")
    measures, end = read_measures(items, position)
    last = items[end - 1].end
    if len(measures) > 1 or name == "dimensions":
        return Modifier("measures", measures, item.start, last), end
    if knows_param(name) or name not in {*MEASURE_AXES, "radius"}:
        return Modifier("param", (name, measures[0]), item.start, last), end
    if name == "radius":
        return Modifier("measure", ("d", 2 * measures[0]), item.start, last), end
    return Modifier("measure", (MEASURE_AXES[name], measures[0]), item.start, last), end


def read_measures(items: Sequence[Item], index: int) -> tuple[list[float], int]:
    """`2 m`, `6 ft 2 in`, `2 x 3 x 1 m`: metres, and the index after them. A unit after the last holds for all."""
    values, units, position = [], [], index
    while True:
        values.append(float(items[position].get("number")))
        position += 1
        unit = UNITS_M.get(_at(items, position).text) if _unit_here(items, position) else None
        position += unit is not None
        units.append(unit)
        after = _at(items, position + 1)
        if _at(items, position).text in TIMES_MARKS and "digits" in after and len(values) < 3:
            position += 1
            continue
        break
    if len(values) == 1 and units[0] and "digits" in _at(items, position) and _unit_here(items, position + 1):
        small = UNITS_M[items[position + 1].text]
        if small < units[0]:
            return [values[0] * units[0] + float(items[position].get("number")) * small], position + 2
    common = next((unit for unit in reversed(units) if unit), 1.0)
    return [value * (unit or common) for value, unit in zip(values, units, strict=True)], position


def _unit_here(items: Sequence[Item], index: int) -> bool:
    item = _at(items, index)
    if item.text not in UNITS_M:
        return False
    before = _at(items, index - 1)
    if item.text in ("'", '"', "’", "”", "′", "″"):
        return before.end == item.start and "digits" in before
    if item.text == "in":  # "2 in wide", but "2 in the bowl"
        after = _at(items, index + 1)
        return "digits" in before and ("axis" in after or not after.text or "comma" in after or "stop" in after)
    return True


def _read_number(items: Sequence[Item], index: int, knows_param: KnowsParam) -> Reading:
    item, after = items[index], _at(items, index + 1)
    value = item.get("number")
    if after.text in ("degrees", "degree", "°", "deg"):
        axis, end = "z", index + 2
        if "rotation_axis" in _at(items, end):
            axis, end = items[end].get("rotation_axis"), end + 1
        return Modifier("turn", (axis, value), item.start, items[end - 1].end), end
    if (after.text in ("times", "x", "×") and "digits" not in _at(items, index + 2)) or after.text == "times":
        return _read_factor(items, index, index + 2, value)
    if after.text in ("%", "percent"):
        return _read_percent(items, index, value)
    has_unit = _unit_here(items, index + 1)
    if has_unit or _is_dimensions(items, index):
        return _read_sizes(items, index)
    if "digits" in item and "axis" in after and "noun" not in after and "measure_word" not in after:
        return Modifier("measure", (after.get("axis"), value), item.start, after.end), index + 2
    word = after.get("measure_word")
    if word and (knows_param(word) or word in ("segments", "vertices", "rings", "subdivisions")):
        return Modifier("param", (word, value), item.start, after.end), index + 2
    return None


def _is_dimensions(items: Sequence[Item], index: int) -> bool:
    """`2 x 3`, unless a grid or a noun of many follows."""
    if _at(items, index + 1).text not in TIMES_MARKS or "digits" not in _at(items, index + 2):
        return False
    measures, end = read_measures(items, index)
    return "arrange" not in _at(items, end) and (len(measures) == 3 or _unit_here(items, end - 1))


def _read_sizes(items: Sequence[Item], index: int) -> Reading:
    item = items[index]
    measures, end = read_measures(items, index)
    if len(measures) > 1:
        return Modifier("measures", measures, item.start, items[end - 1].end), end
    end += _at(items, end).text == "-"
    after = _at(items, end)
    if after.text in ("in", "of") and "axis" in _at(items, end + 1):
        end, after = end + 1, items[end + 1]
    if "axis" in after:
        return Modifier("measure", (after.get("axis"), measures[0]), item.start, after.end), end + 1
    if after.text == "radius":
        return Modifier("measure", ("d", 2 * measures[0]), item.start, after.end), end + 1
    return Modifier("measure", ("max", measures[0]), item.start, items[end - 1].end), end


def _read_times(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    return _read_factor(items, index, index + 1, items[index].get("times"))


def _read_factor(items: Sequence[Item], index: int, position: int, factor: float) -> Reading:
    """`twice as tall`, `three times bigger`, `2x`, `half as wide as before`."""
    axis: Axis | None = None
    if _at(items, position).text == "as":
        position += 1
    if "size" in _at(items, position):
        axis, share = items[position].get("size")
        if share < 1 and factor > 1 and items[position].text.endswith("er"):
            factor = 1 / factor  # "three times smaller"
        position += 1
    elif _at(items, position).text in ("the", "its", "their", "that") and "measure_word" in _at(items, position + 1):
        axis = MEASURE_AXES.get(items[position + 1].get("measure_word"))
        axis = None if axis == "max" else axis
        position += 2
    elif position == index + 1:
        return None
    if _at(items, position).text in ("as", "than") and _at(items, position + 1).text in ("before", "now", "it"):
        position += 2
    return Modifier("factor", (axis, factor), items[index].start, items[position - 1].end), position


def _read_percent(items: Sequence[Item], index: int, value: float) -> Reading:
    position = index + 2
    if "size" in _at(items, position):
        axis, share = items[position].get("size")
        factor = 1 + value / 100 if share > 1 else 1 - value / 100
        return Modifier("factor", (axis, max(factor, 0.01)), items[index].start, items[position].end), position + 1
    return Modifier("factor", (None, max(value / 100, 0.01)), items[index].start, items[index + 1].end), position


def _read_degree(items: Sequence[Item], index: int, _: KnowsParam) -> Reading:
    after = _at(items, index + 1)
    if "size" not in after:
        return None
    axis, factor = SIZES[after.text]
    value = (axis, round(factor ** items[index].get("degree"), 3))
    return Modifier("size", value, items[index].start, after.end), index + 2


_READERS: tuple[tuple[str, Callable[[Sequence[Item], int, KnowsParam], Reading]], ...] = (
    ("naming", _read_name),
    ("at", _read_point),
    ("point", _read_fixed_point),
    ("turned", _read_turned),
    ("measure_word", _read_measure_word),
    ("times", _read_times),
    ("degree", _read_degree),
    ("number", _read_number),
)
