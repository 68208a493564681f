"""All objects of a scene on one short list: alike names as one line, with sizes and materials, without places."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloud.agent.part_names import by_number, last_differs_alone, likeness
from cloud.agent.scene_data import visible

LIMIT_BYTES = 3_400
"""About 1,300 tokens: such a list is mostly numbers and names, of which a token holds fewer than three bytes."""

_NAMED_SINGLY = 6
_NAMES_LIMIT_BYTES = 160
_LINE_LIMIT_BYTES = 400
_MATERIALS_TOLD = 3
HOW_TO_READ = "“Leg 1/2” is Leg 1 and Leg 2; “Leg 1…9 (9)” is all nine."

Facts = Mapping[str, Any]


def parts_list(objects: Sequence[Facts]) -> str:
    """Every object that `inspect` tells of, the largest first, in at most LIMIT_BYTES; else how many are left out."""
    if not objects:
        return "The scene is empty."
    ordered = fold(objects)
    counted = "1 object" if len(objects) == 1 else f"{len(objects)} objects"
    heading = f"{counted}{_extent(objects)}. {HOW_TO_READ}"
    for with_materials in (True, False):
        lines = [fold_line(group, with_materials=with_materials) for group in ordered]
        if _bytes_of([heading, *lines]) <= LIMIT_BYTES:
            break
    else:
        lines = first_that_fit(lines, ordered, LIMIT_BYTES - _bytes_of([heading]))
    return "\n".join([heading, *lines])


def fold(objects: Sequence[Facts]) -> list[list[Facts]]:
    """Alike objects together, the largest first."""
    groups: dict[Any, list[Facts]] = {}
    for entry in objects:
        groups.setdefault(_likeness(entry), []).append(entry)
    return sorted(groups.values(), key=lambda group: -max(map(_longest_m, group)))


def fold_names(names: Sequence[str]) -> list[str]:
    """The names in their order, alike ones as one: `Leg 1…9 (9)`."""
    return [
        _names(_sorted_names(entry["name"] for entry in group)) for group in fold([{"name": name} for name in names])
    ]


def _extent(objects: Iterable[Facts]) -> str:
    """How large all that can be seen is together."""
    solid = [entry for entry in objects if _longest_m(entry) and not entry.get("hidden") and "min" in entry]
    if not solid:
        return ""
    spans = [max(e["max"][axis] for e in solid) - min(e["min"][axis] for e in solid) for axis in range(3)]
    return f", all together {' × '.join(f'{length:.3g}' for length in spans)} m"


def first_that_fit(
    lines: Sequence[str], groups: Sequence[Sequence[Facts]], room_bytes: int, more: str = "more"
) -> list[str]:
    """As many lines as there is room for, and how many objects they do not tell of."""
    told: list[str] = []
    left = sum(map(len, groups))
    room_bytes -= _bytes_of([f"and {left} {more}"])
    for line, group in zip(lines, groups, strict=True):
        room_bytes -= _bytes_of([line])
        if room_bytes < 0:
            break
        told.append(line)
        left -= len(group)
    return [*told, f"and {left} {more}"] if left else told


def _likeness(entry: Facts) -> Any:
    """What is equal for objects of one line."""
    return (likeness(entry["name"]), entry.get("type"), bool(entry.get("hidden")), entry.get("note", ""))


def fold_line(group: Sequence[Facts], *, with_materials: bool, with_place: bool = False) -> str:
    """`Ridge Cross 1A…4B (8): 0.1 × 0.2 × 0.3 m, Oak`; the place is that of an object alone on its line."""
    first = group[0]
    told = [_sizes(group)] if any(map(_longest_m, group)) else []
    if first.get("type") not in ("MESH", None):
        told.append(first.get("note") or first["type"].lower())
    if with_materials and first.get("triangles"):
        told.append(_materials(group))
    if first.get("hidden"):
        told.append("hidden")
    if with_place:
        told += _places(group)
    names = _sorted_names([entry["name"] for entry in group])
    return _cut(_names(names) + (": " if told else "") + ", ".join(told))


def _sorted_names(names: Iterable[str]) -> list[str]:
    return sorted(map(_on_one_line, names), key=by_number)


def _places(group: Sequence[Facts]) -> list[str]:
    """Where the object is, and whose child the objects are."""
    parents = {entry.get("parent", "") for entry in group}
    where = ", ".join(f"{length:.3g}" for length in group[0].get("location", ()))
    at = [f"at ({where})"] if len(group) == 1 and where else []
    return at + [f"of {_on_one_line(parent)}" for parent in parents if parent and len(parents) == 1]


def _names(names: Sequence[str]) -> str:
    """Alike names, their common beginning told once where no more than their ends differ; of many the first and the
    last, and how many."""
    if len(names) == 1:
        return names[0]
    common = _common_start(names) if last_differs_alone(names) else ""
    ends = [name[len(common) :] for name in names]
    if not all(ends):
        common, ends = "", list(names)
    each = f"{common}{'/'.join(ends)}"
    if len(names) <= _NAMED_SINGLY and _bytes_of([each]) <= _NAMES_LIMIT_BYTES:
        return each
    return f"{common}{ends[0]}…{ends[-1]} ({len(names)})"


def _common_start(names: Sequence[str]) -> str:
    """What all names begin with, back to the last place between two words or before a number."""
    first = names[0]
    length = min(map(len, names))
    while not all(name.startswith(first[:length]) for name in names):
        length -= 1
    while length and first[length - 1] not in " ._-":
        if first[length : length + 1].isdigit() and not first[length - 1].isdigit():
            break
        length -= 1
    return first[:length]


def _sizes(group: Iterable[Facts]) -> str:
    sizes = sorted((entry.get("dimensions", (0.0, 0.0, 0.0)) for entry in group), key=max)
    texts = list(dict.fromkeys(" × ".join(f"{length:.3g}" for length in size) for size in sizes))
    return f"{texts[0]} m" if len(texts) == 1 else f"{texts[0]} to {texts[-1]} m"


def _materials(group: Iterable[Facts]) -> str:
    found = list(dict.fromkeys(_on_one_line(name) for entry in group for name in entry.get("materials", [])))
    more = f" and {len(found) - _MATERIALS_TOLD} more" if len(found) > _MATERIALS_TOLD else ""
    return ", ".join(found[:_MATERIALS_TOLD]) + more if found else "no material"


def _longest_m(entry: Facts) -> float:
    return max(entry.get("dimensions", (0.0,)))


def _on_one_line(name: str) -> str:
    return visible(name).replace("\n", "\\n").replace("\t", "\\t")


def _cut(line: str) -> str:
    raw = line.encode(errors="replace")
    return line if len(raw) <= _LINE_LIMIT_BYTES else raw[: _LINE_LIMIT_BYTES - 3].decode(errors="ignore") + "…"


def _bytes_of(lines: Iterable[str]) -> int:
    return sum(len(line.encode(errors="replace")) + 1 for line in lines)
