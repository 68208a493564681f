"""What the comment behind a parameter says: unit, range and words, as in `# m, 0.3 to 0.7: height of the seat`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_UNITS = {
    "m": "m", "metre": "m", "metres": "m", "meter": "m", "meters": "m", "cm": "cm", "mm": "mm", "km": "km",
    "deg": "deg", "degree": "deg", "degrees": "deg", "°": "deg", "rad": "rad", "radian": "rad", "radians": "rad",
    "s": "s", "second": "s", "seconds": "s", "kg": "kg", "w": "W", "watt": "W", "watts": "W", "%": "%",
    "percent": "%", "px": "px", "k": "K", "kelvin": "K",
}  # fmt: skip
_LENGTHS = frozenset(
    {
        "WIDTH", "HEIGHT", "DEPTH", "LENGTH", "RADIUS", "DIAMETER", "THICKNESS", "SIZE", "DISTANCE", "GAP", "SPACING",
        "BEVEL", "INSET", "OVERHANG", "CLEARANCE",
    }
)  # fmt: skip
_SUFFIXES = {"M": "m", "CM": "cm", "MM": "mm", "KM": "km", "DEG": "deg", "DEGREES": "deg", "RAD": "rad"}
_PROPORTIONS = frozenset({"SCALE", "FACTOR", "RATIO", "PER"})  # numbers between two units, or without one
_NUMBER = r"[-+−]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_PER = {**_UNITS, "h": "h", "hour": "h", "min": "min", "minute": "min", "frame": "frame"}
_PLAIN, _UNDER = ("|".join(sorted(map(re.escape, each), key=len, reverse=True)) for each in (_UNITS, _PER))
_POWER = r"(?:\^?[23](?!\d)|[²³])?"
_UNIT = rf"(?:{_PLAIN}){_POWER}(?:/(?:{_UNDER}){_POWER})?"  # m, m², W/m2, deg/s, kg/m^3
_COMPOUND = re.compile(rf"({_PLAIN})({_POWER})(?:/({_UNDER})({_POWER}))?", re.IGNORECASE)
_POWERS = str.maketrans({"2": "²", "3": "³", "^": None})
_ASIDE = rf"(?:\s*(?P<{{0}}>{_UNIT})(?![A-Za-z]))?(?:\s*\([^()]*\))?"  # a unit, and words such as "(closed)"
_LOW, _HIGH = (
    rf"(?<![\w.])(?P<{side}>{_NUMBER}){_ASIDE.format(side + '_unit')}" for side in ("low", "high")
)  # fmt: skip
_FOLLOWING = _HIGH.replace(r"(?<![\w.])", "", 1)
_RANGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:between|from)\s*{_LOW}\s*(?:and|to|up to|through)\s*{_HIGH}",
        rf"{_LOW}\s*(?:(?:up\s+)?to|through|\.\.\.?|[-–—−…~])\s*{_FOLLOWING}",
        rf"{_LOW}\s*(?:<=?|≤)\s*(?:\w+\s*)?(?:<=?|≤)\s*{_HIGH}",
        rf"{_LOW}\s*=\s*\w+\s*[,;]\s*{_HIGH}\s*=\s*\w+",
    )
)
_LEAST = re.compile(rf"(?:\bmin(?:imum)?\b\.?|\bat least\b|>=|≥)\s*[:=]?\s*{_LOW}", re.IGNORECASE)
_MOST = re.compile(rf"(?:\bmax(?:imum)?\b\.?|\bat most\b|\bup to\b|<=|≤)\s*[:=]?\s*{_HIGH}", re.IGNORECASE)
_BRACKETED = re.compile(rf"[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*[\])]")
_UNIT_IN_WORDS = re.compile(
    r"[(\[]\s*([a-zA-Z°%][a-zA-Z/23²³^]*)\s*[)\],]|\bin ([a-zA-Z]+(?:/[a-zA-Z]+)?[23²³]?)(?!\w)"
)
_EMPTY = re.compile(r"(?:\b(?:range|limits)\b[:=]?\s*,)|[(\[][\s,]*[)\]]")  # what a range leaves of its brackets
# "5 cm above the seat" tells what a value is in other words, and "degrees per second" is no unit of ours.
_UNIT_SOMEWHERE = re.compile(
    rf"(?<![\w.])(?<!\d\s)({'|'.join(name for name in _UNITS if len(name) >= 5)})\b(?!\s+per\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Hints:
    """What the comment and the name say. `unit` is empty where neither says it."""

    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""


def read_hints(name: str, comment: str) -> Hints:
    """Read a comment (with or without its `#`); any text gives hints, if only a description."""
    said = _said(comment)
    return replace(said, unit=said.unit or unit_of_name(name))


def hints_for_each(names: Sequence[str], comment: str) -> list[Hints]:
    """Read the comment of `WIDTH, DEPTH = 1.2, 0.8`: said of all of them at once, or of each in turn."""
    text = comment.lstrip("#").strip()
    head, colon, words = text.partition(":")
    whole = _said(comment)
    if (pieces := _pieces(text, len(names))) and _are_alike([_said(piece) for piece in pieces]):
        each_said = [_said(piece) for piece in pieces]
        shared = {each.unit for each in each_said if each.unit}
        unit = shared.pop() if len(shared) == 1 else ""
        return [
            replace(each, unit=each.unit or unit or unit_of_name(name))
            for name, each in zip(names, each_said, strict=True)
        ]
    described = _pieces(words, len(names)) if colon else _pieces(re.sub(r"\s+and\s+", ", ", text), len(names))
    if colon and described is None:
        described = _pieces(re.sub(r",?\s+and\s+", ", ", words), len(names))
    descriptions = described if described and (colon or not _says_more(head)) else [whole.description] * len(names)
    return [
        replace(whole, unit=whole.unit or unit_of_name(name), description=description)
        for name, description in zip(names, descriptions, strict=True)
    ]


def _says_more(text: str) -> bool:
    """It has a unit or a range, so a part of it is no name of a value."""
    said = _said(text)
    return bool(said.unit) or said.low is not None or said.high is not None


def _are_alike(hints: Sequence[Hints]) -> bool:
    """Each piece says the same sort of thing, so each is of one value: three units, three ranges, three names."""
    if all(each.low is not None or each.high is not None for each in hints):
        return True
    bare = [not each.description for each in hints]
    return all(each.unit for each in hints) if all(bare) else not any(bare) and not _ends_in_unit_of_all(hints)


def _ends_in_unit_of_all(hints: Sequence[Hints]) -> bool:
    return not any(each.unit for each in hints[:-1]) and hints[-1].description.lower() in {"all", "both", "each"}


def _pieces(text: str, count: int) -> list[str] | None:
    """The text in as many pieces as there are values, or None. A comma in brackets parts nothing."""
    for mark in (";", "/", "|", ","):
        if mark == "/" and _unit(text.partition(":")[0].partition(",")[0].strip()):
            continue  # of "W/m2"
        pieces = [piece.strip() for piece in re.split(rf"{re.escape(mark)}(?![^(\[]*[)\]])", text)]
        if len(pieces) == count and all(pieces):
            return pieces
    return None


def _said(comment: str) -> Hints:
    """What the comment itself says."""
    text = _BRACKETED.sub(r"\1 to \2", " ".join(comment.lstrip("#").split()))
    text, low, high, unit = _without_limits(text)
    head, colon, words = text.partition(":")
    named, rest = _unit_of(head)
    unit = unit or named
    if colon and not unit and low is None and high is None:
        unit, rest, words = _unit_in_words(text), " ".join(text.split()), ""
    unit = unit or _unit_in_words(rest) or _unit_in_words(words)
    description = ", ".join(said for each in (words, rest) if (said := each.strip(" ,;")))
    return Hints(unit, low, high, description[:200])


def _without_limits(text: str) -> tuple[str, float | None, float | None, str]:
    """The text without its range; the range's ends; the unit that stands with them."""
    for pattern in _RANGES:
        found = pattern.search(text)
        if found is None:
            continue
        low, high = _number(found["low"]), _number(found["high"])
        if low < high:
            unit = _unit(found["high_unit"] or found["low_unit"] or "")
            left = f"{text[: found.start()]},{text[found.end() :]}"
            return _EMPTY.sub(",", left), low, high, unit
    least, most = _LEAST.search(text), _MOST.search(text)
    low, high = (_number(least["low"]) if least else None), (_number(most["high"]) if most else None)
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        return text, None, None, ""
    unit = (least and least["low_unit"]) or (most and most["high_unit"]) or ""
    return _EMPTY.sub(",", _MOST.sub(",", _LEAST.sub(",", text))), low, high, _unit(unit)


def unit_of_name(name: str) -> str:
    """The unit that a name tells: `GAP_M`, `TURN_DEG`, and metres for words such as `WIDTH`; none for `SCALE_MM`."""
    last = name.split("_")[-1]
    if _PROPORTIONS.intersection(name.split("_")):
        return ""
    if "_" in name and last in _SUFFIXES:
        return _SUFFIXES[last]
    return "m" if last in _LENGTHS else ""


def label_of_name(name: str) -> str:
    """`SEAT_HEIGHT_M` as words: "Seat height"."""
    words = [word for word in name.split("_") if word]
    if len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return " ".join(words).lower().capitalize()


def _unit(written: str) -> str:
    """The unit as we write it: `W/m2` as "W/m²"; "" for what is none."""
    found = _COMPOUND.fullmatch(written)
    if found is None:
        return ""
    over, power, under, lower_power = (found[index] or "" for index in (1, 2, 3, 4))
    per = f"/{_PER[under.lower()]}{lower_power.translate(_POWERS)}" if under else ""
    return f"{_UNITS[over.lower()]}{power.translate(_POWERS)}{per}"


def _number(written: str) -> float:
    return float(written.replace("_", "").replace("−", "-").rstrip("."))


def _unit_of(head: str) -> tuple[str, str]:
    """The unit that stands alone between commas, and what is left as words."""
    pieces = [piece.strip() for piece in re.split(r"[,;]", head) if piece.strip()]
    for index, piece in enumerate(pieces):
        if unit := _unit(piece):
            return unit, ", ".join(pieces[:index] + pieces[index + 1 :])
    return "", ", ".join(pieces)


def _unit_in_words(text: str) -> str:
    for found in _UNIT_IN_WORDS.finditer(text):
        if unit := _unit(found[1] or found[2]):
            return unit
    found = _UNIT_SOMEWHERE.search(text)
    return _UNITS[found[1].lower()] if found else ""
