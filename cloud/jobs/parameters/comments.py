"""What the comment behind a parameter says: unit, range and words, as in `# m, 0.3 to 0.7: height of the seat`."""

import re
from dataclasses import dataclass

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
_NUMBER = r"[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})\s*(?:to|\.\.\.?|[-–—…])\s*(?P<high>{_NUMBER})")
_BRACKETED = re.compile(rf"[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*[\])]")
_UNIT_IN_WORDS = re.compile(r"\(\s*([a-zA-Z°%]+)\s*\)|\bin ([a-zA-Z]+)\b")


@dataclass(frozen=True)
class Hints:
    """What the comment and the name say. `unit` is empty where neither says it."""

    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""


def read_hints(name: str, comment: str) -> Hints:
    """Read a comment (with or without its `#`); any text gives hints, if only a description."""
    text = _BRACKETED.sub(r"\1 to \2", " ".join(comment.lstrip("#").split()))
    head, colon, words = text.partition(":")
    found = _RANGE.search(head)
    low, high = _bounds(found)
    unit, rest = _unit_of(head[: found.start()] + "," + head[found.end() :] if found and low is not None else head)
    if colon and not unit and low is None:
        unit, rest, words = _unit_in_words(text), text, ""
    elif not colon:
        unit = unit or _unit_in_words(rest)
    description = words.strip() if colon and words else rest
    return Hints(unit or unit_of_name(name), low, high, description[:200])


def unit_of_name(name: str) -> str:
    """The unit that a name tells: `GAP_M`, `TURN_DEG`, and metres for words such as `WIDTH`."""
    last = name.split("_")[-1]
    if "_" in name and last in _SUFFIXES:
        return _SUFFIXES[last]
    return "m" if last in _LENGTHS else ""


def label_of_name(name: str) -> str:
    """`SEAT_HEIGHT_M` as words: "Seat height"."""
    words = [word for word in name.split("_") if word]
    if len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return " ".join(words).lower().capitalize()


def _bounds(found: re.Match[str] | None) -> tuple[float | None, float | None]:
    if found is None:
        return None, None
    low, high = (float(found[side].replace("_", "").rstrip(".")) for side in ("low", "high"))
    return (low, high) if low < high else (None, None)


def _unit_of(head: str) -> tuple[str, str]:
    """The unit that stands alone between commas, and what is left as words."""
    pieces = [piece.strip() for piece in re.split(r"[,;]", head) if piece.strip()]
    for index, piece in enumerate(pieces):
        if piece.lower() in _UNITS:
            return _UNITS[piece.lower()], ", ".join(pieces[:index] + pieces[index + 1 :])
    return "", ", ".join(pieces)


def _unit_in_words(text: str) -> str:
    found = _UNIT_IN_WORDS.search(text)
    return _UNITS.get((found[1] or found[2]).lower(), "") if found else ""
