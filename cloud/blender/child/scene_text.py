"""The scene in words: a tree of collections, parents and children, alike things folded, cut into pages by size."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.blender.child.wording import counted, cut, listed, span, stem, triple

PAGE_LIMIT_BYTES = 3_900
"""Under 1,500 tokens, also where most of a page are numbers or names in another script."""

_LINE_LIMIT_BYTES = 320
_HEADING_LIMIT_BYTES = 900
_MATERIALS_TOLD, _MATERIALS_LIMIT_BYTES = 24, 600
_FOLD_FROM = 3
_FOLD_SIMILAR_FROM = 6
_DEEPEST_INDENT = 8

Facts = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a report, and the heading that a page which begins with it repeats."""

    text: str
    section: str = ""


def paginate(heading: str, lines: Sequence[Line], limit_bytes: int) -> list[str]:
    """Pages of the heading and some of the lines, each within the limit; at least one."""
    heading = cut_lines(heading, _HEADING_LIMIT_BYTES)
    room = limit_bytes - len(heading.encode(errors="replace")) - 40
    pages: list[list[str]] = [[]]
    used = 0
    for line in lines:
        text = cut(line.text, _LINE_LIMIT_BYTES)
        size = len(text.encode(errors="replace")) + 1
        if used + size > room and pages[-1]:
            pages.append([f"{cut(line.section, 80)} (continued)"] if line.section and line.section != text else [])
            used = sum(len(entry.encode(errors="replace")) + 1 for entry in pages[-1])
        pages[-1].append(text)
        used += size
    if len(pages) == 1:
        return ["\n".join([heading, *pages[0]])]
    return ["\n".join([f"{heading}\nPage {n} of {len(pages)}:", *page]) for n, page in enumerate(pages, 1)]


def cut_lines(text: str, limit_bytes: int) -> str:
    """Whole text of several lines within a limit."""
    raw = text.encode(errors="replace")
    return text if len(raw) <= limit_bytes else raw[: limit_bytes - 3].decode(errors="ignore") + "…"


def scene_heading(facts: Sequence[Facts], *, of: int, filtered: str) -> str:
    """How many objects of which types, how large all is, and the materials in use."""
    if not of:
        return "The scene is empty."
    if not facts:
        return f"None of {counted(of, 'object')} fits the filter {cut(filtered, 80)!r}."
    types = Counter(entry["type"].lower() for entry in facts)
    hidden = sum(entry["hidden"] for entry in facts)
    count = f"{len(facts)} of {counted(of, 'object')}" if filtered else counted(of, "object")
    parts = [f"{count} ({', '.join(f'{n} {kind}' for kind, n in types.most_common())}; {hidden} hidden)"]
    parts.append(counted(sum(entry["triangles"] for entry in facts), "triangle"))
    solid = [entry for entry in facts if any(entry["dimensions"])]
    if solid:
        low = [min(entry["min"][axis] for entry in solid) for axis in range(3)]
        high = [max(entry["max"][axis] for entry in solid) for axis in range(3)]
        parts.append(f"all within {triple(low)} to {triple(high)} m")
    materials = list(dict.fromkeys(name for entry in facts for name in entry["materials"]))
    return (
        "; ".join(parts)
        + "."
        + (f"\nMaterials: {cut(listed(materials, _MATERIALS_TOLD), _MATERIALS_LIMIT_BYTES)}" if materials else "")
    )


def scene_lines(facts: Sequence[Facts], *, as_tree: bool) -> list[Line]:
    """A line for each object or fold of alike ones: by collection and parent, or in one row."""
    if not as_tree:
        return [Line(text) for text in _lines_of(facts, {}, 0)]
    names = {entry["name"] for entry in facts}
    children: dict[str, list[Facts]] = {}
    sections: dict[str, list[Facts]] = {}
    for entry in facts:
        if entry["parent"] in names:
            children.setdefault(entry["parent"], []).append(entry)
        else:
            sections.setdefault(", ".join(entry["collections"]), []).append(entry)
    lines = []
    for section, roots in sections.items():
        title = f"Collection {cut(section, 80)}:" if section else ("In no collection:" if len(sections) > 1 else "")
        lines += [Line(title, title)] if title else []
        lines += [Line(text, title) for text in _lines_of(roots, children, 1 if title else 0)]
    return lines


def each_line(facts: Sequence[Facts]) -> list[Line]:
    """A line for each object, in the scene's order, that programs can read: all parts are whole but for long lines."""
    lines = []
    for entry in facts:
        size = _times(entry["dimensions"])
        parts = [f"{entry['name']} [{entry['kind'] or entry['type'].lower()}] {size} m{_place(entry['location'])}"]
        parts += [f"parent {entry['parent']}"] if entry["parent"] else []
        parts += ["materials " + ", ".join(entry["materials"])] if entry["materials"] else []
        parts += [counted(entry["triangles"], "triangle")] if entry["triangles"] else []
        parts += ["hidden"] if entry["hidden"] else []
        lines.append(Line("; ".join(parts)))
    return lines


def _lines_of(siblings: Sequence[Facts], children: dict[str, list[Facts]], depth: int) -> Iterator[str]:
    indent = "  " * min(depth, _DEEPEST_INDENT)
    for same in _folds(siblings, children):
        yield indent + (_folded_line(same) if len(same) > 1 else _line(same[0]))
        yield from _lines_of(children.get(same[0]["name"], ()), children, depth + 1)


def _folds(siblings: Sequence[Facts], children: dict[str, list[Facts]]) -> list[list[Facts]]:
    """The siblings in their order, those together that one line tells: three that are alike, six that are similar."""
    groups: dict[Any, list[Facts]] = {}
    for entry in siblings:
        groups.setdefault(_likeness(entry, children, 0), []).append(entry)
    similar: dict[Any, list[Facts]] = {}
    for group in groups.values():
        if len(group) < _FOLD_FROM and group[0]["name"] not in children:
            similar.setdefault(_similarity(group[0]), []).extend(group)
    folds: list[list[Facts]] = []
    for group in groups.values():
        alone = group[0]["name"] in children
        kin = [] if alone else similar.get(_similarity(group[0]), [])
        if len(group) >= _FOLD_FROM:
            folds.append(group)
        elif len(kin) >= _FOLD_SIMILAR_FROM:
            folds += [kin] if kin[0] is group[0] else []
        else:
            folds += [[entry] for entry in group]
    return folds


def _similarity(entry: Facts) -> Any:
    """What is equal for objects that differ by their sizes, too."""
    own = (stem(entry["name"]), entry["type"], entry["kind"], entry["hidden"], entry["note"])
    return (*own, tuple(entry["materials"]), tuple(entry["modifiers"]))


def _likeness(entry: Facts, children: dict[str, list[Facts]], depth: int) -> Any:
    """What is equal for objects that differ by number and place alone, with all that hangs on them."""
    own = (stem(entry["name"]), entry["type"], entry["kind"], entry["triangles"], entry["hidden"], entry["note"])
    size = tuple(float(f"{value:.3g}") for value in entry["size"])
    below = children.get(entry["name"], ()) if depth < _DEEPEST_INDENT else ()
    kin = tuple(sorted(repr(_likeness(child, children, depth + 1)) for child in below))
    return (*own, size, tuple(entry["materials"]), tuple(entry["modifiers"]), kin)


def _line(entry: Facts) -> str:
    return f"{cut(entry['name'])} {_traits(entry, _place(entry['location']) + _heights(entry))}"


def _folded_line(group: Sequence[Facts]) -> str:
    first = group[0]
    low = [min(entry["location"][axis] for entry in group) for axis in range(3)]
    high = [max(entry["location"][axis] for entry in group) for axis in range(3)]
    same = "same mesh" if first["data"] and len({entry["data"] for entry in group}) == 1 else "alike"
    names = span([entry["name"] for entry in group])[:-1]
    sizes = sorted({_times(entry["size"]): max(entry["size"]) for entry in group}.items(), key=lambda pair: pair[1])
    alike = len({_likeness(entry, {}, 0) for entry in group}) == 1
    size = _times(first["size"]) if alike else f"{sizes[0][0]} to {sizes[-1][0]}"
    traits = _traits(first, size=f" {size} m" if any(first["size"]) else "")
    lowest, highest = min(entry["min"][2] for entry in group), max(entry["max"][2] for entry in group)
    heights = f"z {lowest + 0.0:.4g} to {highest + 0.0:.4g}"
    return f"{names} objects, {same}) {traits} each, at {triple(low)} to {triple(high)}, {heights}"


def _times(size: Sequence[float]) -> str:
    return " × ".join(f"{value:.4g}" for value in size)


def _traits(entry: Facts, place: str = "", size: str = "") -> str:
    """Kind, size (its own, if none is given) and place, then what else there is to say."""
    size = size or (f" {_times(entry['dimensions'])} m" if any(entry["dimensions"]) else "")
    parts = [f"[{cut(entry['kind'] or entry['type'].lower())}]{size}{place}"]
    if entry["triangles"]:
        parts.append(f"{entry['triangles']} tris")
    if entry["note"]:
        parts.append(entry["note"])
    if entry["materials"]:
        parts.append("materials " + listed(entry["materials"], 3))
    if entry["modifiers"]:
        parts.append("modifiers " + ", ".join(entry["modifiers"][:4]))
    if entry["hidden"]:
        parts.append("hidden")
    return "; ".join(parts)


def _heights(entry: Facts) -> str:
    """From where to where it stands; what has no size has none."""
    return f", z {entry['min'][2] + 0.0:.4g} to {entry['max'][2] + 0.0:.4g}" if any(entry["dimensions"]) else ""


def _place(location: Sequence[float]) -> str:
    return f" at {triple(location)}"
