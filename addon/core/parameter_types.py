"""The parameters of a scene, as the server tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from . import fields

PARAMETERS_LIMIT = 500
_PARAMETER_TYPES = ("number", "count", "colour", "switch")

ParameterValue = bool | int | float | str | tuple[float, ...]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A named number, count, colour or switch of the scene's code.

    `value` of a colour is `#rrggbb` or linear red, green, blue and perhaps alpha (0 to 1 each): send back what came.
    """

    id: str
    label: str
    type: Literal["number", "count", "colour", "switch"]
    value: ParameterValue
    min: float | None
    max: float | None
    unit: str
    description: str
    step: int
    step_title: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a parameter")
        kind: Any = fields.choice(data, "type", _PARAMETER_TYPES, "")
        if not kind:
            raise fields.BadAnswer("a parameter's type is unknown")
        return cls(
            id=fields.line(data, "id", fields.NAME_CHARS),
            label=fields.line(data, "label", fields.NAME_CHARS, "") or fields.line(data, "id", fields.NAME_CHARS),
            type=kind,
            value=_parameter_value(kind, data),
            min=fields.optional_number(data, "min"),
            max=fields.optional_number(data, "max"),
            unit=fields.line(data, "unit", 20, ""),
            description=fields.line(data, "description", fields.LINE_CHARS, ""),
            step=fields.whole(data, "step", 1),
            step_title=fields.line(data, "step_title", fields.LINE_CHARS, ""),
        )


def _parameter_value(kind: str, data: Values) -> ParameterValue:
    value = data.get("value")
    if kind == "switch":
        return fields.switch(data, "value")
    if kind == "count":
        return fields.whole(data, "value")
    if kind == "number":
        return fields.number(data, "value")
    if isinstance(value, str):
        return fields.line(data, "value", 40)
    channels = fields.items(data, "value", 4, lambda each: fields.finite(each, "a colour's channel"))
    if len(channels) < 3:
        raise fields.BadAnswer("a colour has fewer than three channels")
    return channels


@dataclass(frozen=True)
class Parameters:
    """Those of the scene that `head_snapshot_id` is, in the order of its steps."""

    head_snapshot_id: str | None
    items: tuple[Parameter, ...]

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the parameters")
        return cls(
            fields.optional_id(data, "head_snapshot_id"), fields.items(data, "items", PARAMETERS_LIMIT, Parameter.of)
        )
