"""A scene's parameters as Blender's own sliders, colours and switches (bpy)."""

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, FloatVectorProperty, IntProperty, PointerProperty, StringProperty

from ..core.types import Parameter, Parameters, ParameterValue
from .parameter_draft import Look, ParameterDraft, hex_of, look_of, range_of, shown_count, srgb_of, typed
from .session import current

_PREFIX = "p2m_parameters_"
_KEPT = 3
"""Older groups that stay registered: somebody may be pulling at a slider of the last one while the next comes."""


class ParameterFields:
    """Properties for the parameters of one scene at a time; made anew when the scene has others.

    Blender's main thread only, and never while a panel is drawn.
    """

    def __init__(self) -> None:
        self._shape: tuple[object, ...] = ()
        self._names: dict[str, str] = {}
        self._groups: list[tuple[str, type[bpy.types.PropertyGroup]]] = []
        self._made = 0

    def fit(self, draft: ParameterDraft | None) -> bool:
        """Have properties for these parameters. Returns: whether they are others than before."""
        if draft is None:
            return False
        shape = _shape(draft)
        if shape == self._shape:
            return False
        self._shape = shape
        self._names = {each.id: f"p{number}" for number, each in enumerate(draft.parameters.items)}
        self._register({self._names[each.id]: _field(each) for each in draft.parameters.items})
        while len(self._groups) > 1 + _KEPT:
            _drop(*self._groups.pop(0))
        return True

    def place(self, context: bpy.types.Context, own_id: str) -> tuple[Any, str] | None:
        """The group and the property's name for `layout.prop`; None where there is none yet."""
        name = self._names.get(own_id)
        if name is None or not self._groups:
            return None
        return getattr(context.window_manager, self._groups[-1][0]), name

    def close(self) -> None:
        """Unregister all."""
        while self._groups:
            _drop(*self._groups.pop())
        self._shape, self._names = (), {}

    def _register(self, fields: dict[str, Any]) -> None:
        self._made += 1
        name = f"P2M_PG_parameters_{self._made}"
        group = type(name, (bpy.types.PropertyGroup,), {"__annotations__": fields, "__module__": __name__})
        bpy.utils.register_class(group)
        attribute = f"{_PREFIX}{self._made}"
        setattr(bpy.types.WindowManager, attribute, PointerProperty(type=group, options={"SKIP_SAVE"}))
        self._groups.append((attribute, group))


def _drop(attribute: str, group: type[bpy.types.PropertyGroup]) -> None:
    delattr(bpy.types.WindowManager, attribute)
    bpy.utils.unregister_class(group)


def _shape(draft: ParameterDraft) -> tuple[object, ...]:
    """What the properties are made of; values may differ."""
    return tuple(
        (each.id, each.label, each.unit, each.description, look_of(each), range_of(each))
        for each in draft.parameters.items
    )


def _field(parameter: Parameter) -> Any:
    """The property for one parameter."""
    look = look_of(parameter)
    unit = f" ({parameter.unit})" if parameter.unit else ""
    usual: dict[str, Any] = {"name": parameter.label + unit, "description": parameter.description}
    usual |= _access(parameter.id, look)
    if look == "switch":
        return BoolProperty(**usual)
    if look in ("count", "number"):
        return _number_field(parameter, usual, whole=look == "count")
    if look == "srgb":
        return FloatVectorProperty(subtype="COLOR_GAMMA", size=3, min=0.0, max=1.0, **usual)
    if look in ("linear", "linear_alpha"):
        return FloatVectorProperty(subtype="COLOR", size=3 if look == "linear" else 4, min=0.0, max=1.0, **usual)
    return StringProperty(maxlen=40, **usual)


def _number_field(parameter: Parameter, usual: dict[str, Any], *, whole: bool) -> Any:
    span = range_of(parameter)
    if whole:
        limits = {} if span is None else {"soft_min": int(span.low), "soft_max": int(span.high)}
        return IntProperty(**limits, **usual)
    if span is None:
        return FloatProperty(precision=3, **usual)
    # Blender counts `step` in hundredths.
    step: Any = min(span.step * 100, 100.0)
    return FloatProperty(soft_min=span.low, soft_max=span.high, step=step, precision=span.decimals, **usual)


Conversion = Callable[[Any], Any]


def _floats(value: Any) -> tuple[float, ...]:
    return tuple(typed(channel) for channel in value)


_CONVERSIONS: dict[str, tuple[Conversion, Conversion, Any]] = {
    "switch": (bool, bool, False),
    "count": (shown_count, int, 0),
    "number": (float, typed, 0.0),
    "srgb": (srgb_of, hex_of, (0.0, 0.0, 0.0)),
    "linear": (tuple, _floats, (0.0, 0.0, 0.0)),
    "linear_alpha": (tuple, _floats, (0.0, 0.0, 0.0, 1.0)),
    "text": (str, str, ""),
}


def _access(own_id: str, look: Look) -> dict[str, Any]:
    """How a field reads and changes the draft; what another scene has by that id, if anything, is not its concern."""
    shown, wanted, nothing = _CONVERSIONS[look]

    def read(_self: Any) -> Any:
        found = _found(own_id, look)
        return nothing if found is None else shown(found[0].value(found[1]))

    def write(_self: Any, value: Any) -> None:
        found = _found(own_id, look)
        if found is not None:
            made: ParameterValue = wanted(value)
            found[0].want(found[1], made)

    return {"get": read, "set": write}


def _found(own_id: str, look: Look) -> tuple[ParameterDraft, Parameter] | None:
    session = current()
    draft = session.parameters if session else None
    parameter = _by_id(draft.parameters).get(own_id) if draft else None
    if draft is None or parameter is None or look_of(parameter) != look:
        return None
    return draft, parameter


_indexed: list[tuple[Parameters, dict[str, Parameter]]] = []


def _by_id(parameters: Parameters) -> dict[str, Parameter]:
    """Kept for the parameters asked for last: each field that is drawn asks."""
    if not _indexed or _indexed[0][0] is not parameters:
        _indexed[:] = [(parameters, {each.id: each for each in parameters.items})]
    return _indexed[0][1]
