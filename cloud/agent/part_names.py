"""Names of objects as a folded list tells them (`Leg 1…9 (9)`, `Eye Left/Right`), read back into single names."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cloud.agent.scene_data import visible

_COUNT_AT_END = re.compile(r"\s*\(\d+\)$")
_RANGE = re.compile(r"\s*(?:…|\.\.\.)\s*")
_NUMBERS = re.compile(r"(\d+)")
_LAST_PIECE = re.compile(r"(?:\d+[A-Za-z]?|[^ ._\-]*)$")
_PIECES = re.compile(r"[^ ._\-]+")
# What tells a part from its like: a number, a letter, both, a side.
_VARIES = re.compile(r"(?:\d+[A-Za-z]?|[A-Za-z]\d*|left|right)", re.IGNORECASE)
_NUMBER_AT_END = re.compile(r"(.*?\D)\d+[A-Za-z]?", re.DOTALL)


def by_number(name: str) -> list[Any]:
    """Sorts `Leg 2` before `Leg 10`."""
    return [int(piece) if at % 2 else piece for at, piece in enumerate(_NUMBERS.split(name))]


def likeness(name: str) -> tuple[str, ...]:
    """What is equal for the names of like parts: their words, with a mark where a number, a letter or a side stands.

    `Lamp` is like `Lamp.001`, but `Bucket Handle` is not like `Bucket 2 Handle`: from a fold of both nobody could
    read back the first.
    """
    kept = []
    for piece in _PIECES.findall(name):
        numbered = _NUMBER_AT_END.fullmatch(piece)
        kept.append("" if _VARIES.fullmatch(piece) else numbered[1] if numbered else piece)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return tuple(kept) if any(kept) else (name,)


def last_differs_alone(names: Sequence[str]) -> bool:
    """Whether the names are the same up to their last word or number."""
    return len({_LAST_PIECE.sub("", name) for name in names}) == 1


def single_names(said: Sequence[str], names: Collection[str]) -> list[str]:
    """Those of `names` that are meant, in the order in which they were said; what is none of them is left out.

    Upper and lower case are one, and a name may be said as `visible` shows it.
    """
    known = {key.casefold(): name for name in names for key in (visible(name), name)}
    return list(dict.fromkeys(name for text in said for name in _meant(text, known)))


def _meant(text: str, known: dict[str, str]) -> Iterator[str]:
    for form in (text, text.strip(), _COUNT_AT_END.sub("", text.strip())):
        if form.casefold() in known:
            yield known[form.casefold()]
            return
    folded = _COUNT_AT_END.sub("", text.strip()).casefold()
    ends = _RANGE.split(folded)
    if len(ends) == 2 and (last := _completed(ends[0], ends[1], known)) and ends[0] in known:
        yield from _between(ends[0], last, known)
    elif "/" in folded:
        first, *others = folded.split("/")
        said = [first, *(_completed(first, other, known) for other in others)]
        yield from (known[name] for name in said if name in known)


def _completed(first: str, end: str, known: dict[str, str]) -> str:
    """The name that `end` is the end of, with the beginning of the first one; "" if there is none."""
    start = _LAST_PIECE.sub("", first)
    tried = [end, start + end, *(first[:length] + end for length in range(len(start) - 1, 0, -1))]
    return next((name for name in tried if name in known), "")


def _between(first: str, last: str, known: dict[str, str]) -> Iterator[str]:
    """The names from the first to the last that begin as both do, counted by their numbers."""
    start = _common_start(first, last)
    low, high = by_number(first[len(start) :]), by_number(last[len(start) :])
    like = {likeness(first), likeness(last)}
    alike = ((by_number(key[len(start) :]), key) for key in known if key.startswith(start) and likeness(key) in like)
    lengths = (len(low), len(high))  # `Leg 1/2` is none of `Leg 1…9`
    yield from (known[key] for order, key in sorted(alike) if low <= order <= high and len(order) in lengths)


def _common_start(first: str, last: str) -> str:
    """What both begin with; a number is never cut in two."""
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    while length and first[length - 1].isdigit():
        length -= 1
    return first[:length]
