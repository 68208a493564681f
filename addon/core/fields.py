"""Reading JSON that nobody has checked: each field has a type and a bound, or there is one clear error.

Texts longer than their bound are cut, and lists are too: a panel has no room for them. What has the wrong type, a
number that is none, or an id that is no UUID raises BadAnswer. Fields that nobody asks for are ignored, so that an
older add-on works with a newer server.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .problems import BadAnswer

Item = TypeVar("Item")
Json = Mapping[str, Any]

NAME_CHARS = 200
LINE_CHARS = 500
TEXT_CHARS = 8_000

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
# Control characters, and those that turn the direction of a line or cannot be encoded: no panel can draw them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST = 2**53


def mapping(value: Any, what: str) -> Json:
    """`value`, which is a JSON object. Raises: BadAnswer."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} is no object")
    return value


def text(data: Json, name: str, limit_chars: int = LINE_CHARS, default: str | None = None) -> str:
    """A text without characters that cannot be drawn; `default` where the field is absent or null."""
    value = data.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is no text")
    return clean(value, limit_chars)


def line(data: Json, name: str, limit_chars: int = LINE_CHARS, default: str | None = None) -> str:
    """A text on one line."""
    return " ".join(text(data, name, limit_chars, default).split())


def clean(value: str, limit_chars: int) -> str:
    """`value` without what cannot be drawn, and cut (`…`) where it is longer."""
    if len(value) > limit_chars:
        value = value[: limit_chars - 1] + "…"
    return _UNSEEN.sub(" ", value)


def choice(data: Json, name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of the words that we know; `default` for one that a newer server has."""
    value = data.get(name, default)
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is no text")
    return value if value in allowed else default


def identifier(data: Json, name: str) -> str:
    """A UUID, which may stand in an address and in a file's name."""
    value = optional_id(data, name)
    if value is None:
        raise BadAnswer(f"{name} is missing")
    return value


def optional_id(data: Json, name: str) -> str | None:
    """The same, or None where it is absent or null."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise BadAnswer(f"{name} is no id")
    return value


def digest(data: Json, name: str) -> str:
    """A SHA-256 in hexadecimal digits; "" where it is absent."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise BadAnswer(f"{name} is no SHA-256")
    return value


def number(data: Json, name: str, default: float | None = None) -> float:
    """A finite number; `default` where it is absent or null."""
    value = optional_number(data, name)
    if value is None:
        if default is None:
            raise BadAnswer(f"{name} is missing")
        return default
    return value


def optional_number(data: Json, name: str) -> float | None:
    """The same, or None."""
    value = data.get(name)
    return None if value is None else finite(value, name)


def finite(value: Any, what: str) -> float:
    """`value`, which is a finite number. Raises: BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadAnswer(f"{what} is no number")
    if abs(value) > 1e300 or math.isnan(value):  # an int of JSON may be larger than any float
        raise BadAnswer(f"{what} is no finite number")
    return float(value)


def whole(data: Json, name: str, default: int | None = None) -> int:
    """A whole number between -2**53 and 2**53; `default` where it is absent or null."""
    value = data.get(name, default)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadAnswer(f"{name} is no whole number")
    if abs(value) > _MOST:
        raise BadAnswer(f"{name} is too large")
    return value


def optional_whole(data: Json, name: str) -> int | None:
    """The same, or None."""
    return None if data.get(name) is None else whole(data, name)


def switch(data: Json, name: str, default: bool | None = None) -> bool:
    """True or false; `default` where it is absent or null."""
    value = data.get(name)
    value = default if value is None else value
    if not isinstance(value, bool):
        raise BadAnswer(f"{name} is neither true nor false")
    return value


def items(data: Json, name: str, limit: int, make: Callable[[Any], Item]) -> tuple[Item, ...]:
    """The first `limit` of a list, each made by `make`; an absent list is empty."""
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadAnswer(f"{name} is no list")
    return tuple(make(each) for each in value[:limit])


def lines(data: Json, name: str, limit: int, limit_chars: int = LINE_CHARS) -> tuple[str, ...]:
    """A list of texts on one line each."""
    return items(data, name, limit, lambda each: line({name: each}, name, limit_chars))


def lengths(data: Json, name: str) -> tuple[float, float, float] | None:
    """Three numbers; None where they are absent or null."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 3:
        raise BadAnswer(f"{name} is no list of three numbers")
    x, y, z = (finite(each, name) for each in value)
    return x, y, z
