"""The values that the user wants of a scene's parameters, before they are applied. No Blender here."""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from ..core.types import Parameter, Parameters, ParameterValue

Look = Literal["switch", "count", "number", "srgb", "linear", "linear_alpha", "text"]
"""How a parameter is shown; `text`: its value is no colour that we know."""

_STEPS = 200
_MOST_DECIMALS = 6
_INT = 2**31 - 1
_FLOAT = 1e30
"""Fields of Blender hold no larger number."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Range:
    """What a slider spans. `step` is what one press of an arrow changes; `decimals` how many are shown."""

    low: float
    high: float
    step: float
    decimals: int


@dataclass
class ParameterDraft:
    """Those of one scene. `values` hold what differs from `parameters`, as the API takes it."""

    project_id: str
    parameters: Parameters
    values: dict[str, ParameterValue] = field(default_factory=dict)

    def value(self, parameter: Parameter) -> ParameterValue:
        """As it would be after Apply."""
        return self.values.get(parameter.id, parameter.value)

    def want(self, parameter: Parameter, value: ParameterValue) -> None:
        """The user wants this value; the one that it has is no change."""
        if same(value, parameter.value):
            self.values.pop(parameter.id, None)
        else:
            self.values[parameter.id] = value

    def revert(self) -> None:
        """Back to what the scene has."""
        self.values.clear()

    def renewed(self, project_id: str, parameters: Parameters) -> "ParameterDraft":
        """The draft for parameters that were read anew: wishes stay where the scene is the same one."""
        is_same = project_id == self.project_id and parameters.head_snapshot_id == self.parameters.head_snapshot_id
        ids = {parameter.id for parameter in parameters.items}
        kept = {own_id: value for own_id, value in self.values.items() if own_id in ids} if is_same else {}
        return ParameterDraft(project_id, parameters, kept)


def look_of(parameter: Parameter) -> Look:
    """How it is shown."""
    if parameter.type != "colour":
        return parameter.type
    if isinstance(parameter.value, str):
        return "srgb" if _HEX.fullmatch(parameter.value) else "text"
    if isinstance(parameter.value, tuple):
        return "linear_alpha" if len(parameter.value) == 4 else "linear"
    return "text"


def range_of(parameter: Parameter) -> Range | None:
    """The slider's range, wide enough for the value; None where the API tells none that is of use."""
    value = parameter.value
    if parameter.min is None or parameter.max is None or isinstance(value, str | tuple):
        return None
    low, high = min(parameter.min, float(value)), max(parameter.max, float(value))
    low, high = max(low, -_FLOAT), min(high, _FLOAT)
    if not low < high:
        return None
    if parameter.type == "count":
        return Range(max(math.floor(low), -_INT), min(math.ceil(high), _INT), 1, 0)
    step = _round_step((high - low) / _STEPS)
    return Range(low, high, step, min(max(2, -math.floor(math.log10(step))), _MOST_DECIMALS))


def shown_count(value: ParameterValue) -> int:
    """A whole number that Blender's fields can hold."""
    return min(max(int(value), -_INT), _INT) if isinstance(value, int | float) else 0


def srgb_of(value: ParameterValue) -> tuple[float, float, float]:
    """The channels of `#rrggbb`, 0 to 1, as a screen has them."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        return (0.0, 0.0, 0.0)
    red, green, blue = (int(value[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return (red, green, blue)


def hex_of(channels: Any) -> str:
    """`#rrggbb` of channels as a screen has them."""
    return "#" + "".join(f"{round(255 * min(max(channel, 0.0), 1.0)):02x}" for channel in tuple(channels)[:3])


def typed(value: float) -> float:
    """What somebody typed, of what Blender made of it: its fields keep seven digits, 0.1 becomes 0.10000000149."""
    return float(f"{value:.7g}")


def same(one: ParameterValue, other: ParameterValue) -> bool:
    """Whether two values are the same as far as the panel can tell."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) if isinstance(one, float) else one == other
    return one == other


def _round_step(size: float) -> float:
    """The largest of …, 0.1, 0.2, 0.5, 1, 2, 5, … that is no larger than `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (5, 2, 1, 0.5) if factor * power <= size * (1 + 1e-9))
