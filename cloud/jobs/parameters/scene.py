"""The parameters of a whole scene: those of its steps, each under an id that is its own in the scene."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.errors import InvalidInput
from cloud.jobs.kept_steps import KEPT_MARK
from cloud.jobs.parameters.comments import label_of_name
from cloud.jobs.parameters.reading import Parameter, Value, read_parameters
from cloud.jobs.parameters.writing import with_values

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_NAMED_AT_MOST = 12


@dataclass(frozen=True)
class SceneParameter:
    """A step's parameter within the scene. `step` counts the scene's steps from 1."""

    id: str
    step: int
    parameter: Parameter

    @property
    def label(self) -> str:
        """The id in words."""
        return label_of_name(self.id)


def scene_parameters(codes: Sequence[str]) -> list[SceneParameter]:
    """The parameters of the steps with these codes, in order.

    The first of a name has the name as its id, later ones NAME_2, NAME_3, … A step that failed half way has none.
    """
    read = [[] if code.startswith(KEPT_MARK) else read_parameters(code) for code in codes]
    taken = {parameter.name for parameters in read for parameter in parameters}
    seen: set[str] = set()
    found: list[SceneParameter] = []
    for step, parameters in enumerate(read, 1):
        for parameter in parameters:
            own_id = parameter.name
            number = 1
            while own_id in seen or (number > 1 and own_id in taken):
                number += 1
                own_id = f"{parameter.name}_{number}"
            seen.add(own_id)
            found.append(SceneParameter(own_id, step, parameter))
    return found


def checked_values(parameters: Sequence[SceneParameter], values: Mapping[str, Any]) -> dict[str, Value]:
    """The values, each as its parameter takes it. Raises: InvalidInput: an unknown id, or a value that does not fit."""
    if not parameters:
        raise InvalidInput("This scene has no parameters: none of its steps begins with named numbers or colours.")
    if not values:
        raise InvalidInput(f"Name at least one parameter and its new value, such as {parameters[0].id}.")
    known = {each.id: each.parameter for each in parameters}
    checked: dict[str, Value] = {}
    for own_id, value in values.items():
        if own_id not in known:
            raise InvalidInput(f"This scene has no parameter {own_id[:80]!r}; it has {_listed(list(known))}.")
        checked[own_id] = _checked(own_id, known[own_id], value)
    return checked


def changed_codes(
    codes: Sequence[str], parameters: Sequence[SceneParameter], values: Mapping[str, Value]
) -> dict[int, str]:
    """The steps, counted from 1, whose code the values change, each with its new code."""
    by_step: dict[int, dict[str, Value]] = {}
    for each in parameters:
        if each.id in values:
            by_step.setdefault(each.step, {})[each.parameter.name] = values[each.id]
    new = {step: with_values(codes[step - 1], wanted) for step, wanted in by_step.items()}
    return {step: code for step, code in sorted(new.items()) if code != codes[step - 1]}


def shown(value: Value) -> str:
    """The value as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "(" + ", ".join(f"{channel:g}" for channel in value) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _checked(own_id: str, parameter: Parameter, value: Any) -> Value:
    kind = parameter.kind
    if kind == "colour":
        return _checked_colour(own_id, parameter, value)
    if kind == "switch":
        if not isinstance(value, bool):
            raise InvalidInput(f"{own_id} is a switch: give true or false.")
        return value
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind == "count" and not is_whole):
        raise InvalidInput(f"{own_id} is a {kind}: give a {'whole number' if kind == 'count' else 'number'}.")
    assert parameter.min is not None
    assert parameter.max is not None
    if not parameter.min <= value <= parameter.max:
        unit = f" {parameter.unit}" if parameter.unit else ""
        raise InvalidInput(f"{own_id} must lie between {parameter.min:g} and {parameter.max:g}{unit}.")
    return int(value) if kind == "count" else float(value)


def _checked_colour(own_id: str, parameter: Parameter, value: Any) -> Value:
    """A `#rrggbb` text is turned into what the code holds; the channels of a list are taken as they are."""
    found = _HEX.fullmatch(value) if isinstance(value, str) else None
    if isinstance(parameter.value, str):
        if found is None:
            raise InvalidInput(f"{own_id} is a colour: give a text such as #c81e1e.")
        return f"#{found[1].lower()}"
    assert isinstance(parameter.value, tuple)
    if found is not None:
        channels = tuple(_linear(int(found[1][start : start + 2], 16) / 255) for start in (0, 2, 4))
        return channels + parameter.value[3:]
    given = list(value) if isinstance(value, list | tuple) else []
    if any(isinstance(each, bool) or not isinstance(each, int | float) or not 0 <= each <= 1 for each in given):
        given = []
    if len(given) not in (3, len(parameter.value)):
        many = len(parameter.value)
        raise InvalidInput(f"{own_id} is a colour: give {many} numbers from 0 to 1, or a text such as #c81e1e.")
    return tuple(float(each) for each in given) + parameter.value[len(given) :]


def _linear(channel: float) -> float:
    """An sRGB channel as Blender's shaders take it."""
    return round(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4, 4)


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED_AT_MOST
    return ", ".join(ids[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
