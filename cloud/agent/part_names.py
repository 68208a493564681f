"""Names of objects as a folded list tells them (`Leg 1…9 (9)`, `Eye Left/Right`), read back into single names."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cloud.agent.scene_data import visible

_COUNT_AT_END = re.compile(r"\s*\(\d+\)$")
_RANGE = re.compile(r"\s*(?:…|\.\.\.)\s*")
_NUMBERS = re.compile(r"(\d+)")
_LAST_PIECE = re.compile(r"(?:\d+[A-Za-z]?|[^ ._\-]*)$")


def by_number(name: str) -> list[Any]:
    """Sorts `Leg 2` before `Leg 10`."""
    return [int(piece) if at % 2 else piece for at, piece in enumerate(_NUMBERS.split(name))]


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
    alike = ((by_number(key[len(start) :]), key) for key in known if key.startswith(start))
    lengths = (len(low), len(high))  # `Leg 1/2` is none of `Leg 1…9`
    yield from (known[key] for order, key in sorted(alike) if low <= order <= high and len(order) in lengths)


def _common_start(first: str, last: str) -> str:
    """What both begin with; a number is never cut in two."""
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    while length and first[length - 1].isdigit():
        length -= 1
    return first[:length]
