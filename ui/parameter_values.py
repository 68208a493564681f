"""What a parameter's value is on the screen: ranges, steps and colours. No Streamlit and no I/O here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.api_types import Parameter

Value = bool | int | float | str
"""As it is shown and sent: a colour is a text `#rrggbb`."""

_STEPS = 200
_SLIDER_COUNTS = 2000
"""A count with more values than this is typed."""


@dataclass(frozen=True)
class Scale:
    """A slider's range; `step` is what one press of a key changes, `decimals` how many it needs to be told."""

    low: float
    high: float
    step: float
    decimals: int


def value_of(parameter: Parameter) -> Value:
    """The value as the screen has it: channels of a colour, linear as in Blender, become `#rrggbb`."""
    value = parameter["value"]
    if isinstance(value, list):
        return "#" + "".join(f"{_srgb(channel):02x}" for channel in value[:3])
    if parameter["type"] == "number" and not isinstance(value, str):
        return float(value)
    return value.lower() if isinstance(value, str) else value


def _srgb(channel: float) -> int:
    """A linear channel, 0 to 1, as a screen has it, 0 to 255."""
    seen = 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
    return round(255 * min(max(seen, 0.0), 1.0))


def scale_of(parameter: Parameter, values: Sequence[float]) -> Scale | None:
    """A slider for the range that the API gives, wide enough for `values`; None where none is of use."""
    low, high = parameter["min"], parameter["max"]
    if parameter["type"] not in {"number", "count"} or low is None or high is None or is_seed(parameter):
        return None
    low, high = min(low, *values), max(high, *values)
    if not low < high:
        return None
    if parameter["type"] == "count":
        return Scale(math.floor(low), math.ceil(high), 1, 0) if high - low <= _SLIDER_COUNTS else None
    step = _round_step((high - low) / _STEPS)
    decimals = max(0, -math.floor(math.log10(step)))
    return Scale(low, high, step, decimals) if decimals <= _MOST_DECIMALS else None


_MOST_DECIMALS = 9


def _round_step(size: float) -> float:
    """The largest of …, 0.1, 0.2, 0.5, 1, 2, 5, … that is no larger than `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (5, 2, 1, 0.5) if factor * power <= size * (1 + 1e-9))


def is_seed(parameter: Parameter) -> bool:
    """Any value is as good as another, so it is drawn anew rather than moved."""
    return parameter["type"] == "count" and "SEED" in parameter["name"].split("_") and "COUNT" not in parameter["name"]


def told(parameter: Parameter, value: Value) -> str:
    """The value in words, with its unit."""
    if isinstance(value, bool):
        return "on" if value else "off"
    unit = f" {parameter['unit']}" if parameter["unit"] else ""
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same as far as the screen can tell."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other
