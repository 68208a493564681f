"""Names in sentences: cut where long, folded where many, counted in bytes because a model pays for them so."""

import re
from collections.abc import Iterable, Sequence

NAME_LIMIT_BYTES = 48
_FOLD_FROM = 4
_END_BYTES = 9
_NUMBERED = re.compile(r"(.*?)(?:[ ._-]?|[ ._-][A-Za-z])\d+", re.DOTALL)


def cut(text: str, limit_bytes: int = NAME_LIMIT_BYTES) -> str:
    """The text on one line, in at most so many bytes of UTF-8; an ellipsis stands for what is left out.

    A name keeps its end, where the number is that tells it from its like.
    """
    line = text if text.isprintable() else " ".join(text.split())
    raw = line.encode(errors="replace")
    if len(raw) <= limit_bytes:
        return line
    end = raw[-_END_BYTES:].decode(errors="ignore") if limit_bytes <= NAME_LIMIT_BYTES else ""
    return raw[: max(0, limit_bytes - 3 - len(end.encode()))].decode(errors="ignore") + "…" + end


def stem(name: str) -> str:
    """The name without its number: `Brick.012` and `Brick 3` are both a `Brick`, and `Pawn a7` is a `Pawn`."""
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1] if numbered and numbered[1] else name


def folded(names: Iterable[str]) -> list[str]:
    """The names, where four or more that differ by their number alone are one entry that counts them."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(stem(name), []).append(name)
    entries: list[str] = []
    for group in groups.values():
        entries += [span(group)] if len(group) >= _FOLD_FROM else [cut(name) for name in group]
    return entries


def span(names: Sequence[str]) -> str:
    """Several names of one stem as `first … last (count)`, by their numbers."""
    names = sorted(names, key=by_length)
    return f"{cut(names[0])} … {cut(names[-1])} ({len(names)})"


def by_length(name: str) -> tuple[int, str]:
    """Sorts names of one stem by their numbers: `Leg 2` before `Leg 10`."""
    return len(name), name


def listed(names: Iterable[str], at_most: int = 12) -> str:
    """The names in a row, folded; at most so many entries, and how many more there are."""
    entries = folded(names)
    more = len(entries) - at_most
    return ", ".join(entries[:at_most]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, word: str, plural: str = "") -> str:
    """`1 object`, `1,204 objects`; `plural` where it is not the word with an s."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def counted_shapes(count: int) -> str:
    """How many objects with geometry: `inspect` counts empties, lights and cameras, too."""
    return counted(count, "object with a shape", "objects with a shape")


def triple(values: Iterable[float]) -> str:
    """Three numbers, or how many there are, as `(x, y, z)`."""
    return "(" + ", ".join(f"{value + 0.0:.4g}" for value in values) + ")"
