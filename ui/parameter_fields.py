"""One field of the parameters box: a slider with a field to type in, a colour, a switch, or a seed."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from ui.api_types import Parameter
from ui.parameter_state import ParameterState
from ui.parameter_values import Scale, Value, is_seed, scale_of, told, value_of
from ui.wording import plain, unmarked

_SEEDS = 9999
_TYPED_PX = 124
_DECIMALS = 6

Wanted = Callable[[str, Value], None]
"""Called with a parameter's id and the value that somebody wants of it."""


def draw_field(state: ParameterState, item: Parameter, wanted: Wanted, *, disabled: bool) -> None:
    """Draw it, with the way back to what the value was."""
    own_id, value = item["id"], state.value(item)
    key = f"parameter-{state.project_id}-{own_id}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"parameter-row-{key}"):
        if isinstance(value, bool):
            _keep(key, value)
            st.toggle(**_usual(item, key, wanted, disabled), width="stretch")
        elif isinstance(value, str):
            _keep(key, value)
            st.color_picker(**_usual(item, key, wanted, disabled), width="stretch")
        else:
            _draw_number(state, item, value, wanted, disabled=disabled)
        st.button(
            f"Back to {plain(told(item, state.first[own_id]))}",
            icon=":material/undo:",
            type="tertiary",
            key=f"parameter-back-{key}",
            help=f"Back to {plain(told(item, state.first[own_id]))}",
            disabled=disabled or not state.is_changed(item),
            on_click=wanted,
            args=(own_id, state.first[own_id]),
        )


def _usual(item: Parameter, key: str, wanted: Wanted, disabled: bool) -> dict[str, Any]:
    """What all fields have: the name with its unit, what the code says of it, and what a change does."""
    unit = f" ({item['unit']})" if item["unit"] else ""
    return {
        "label": unmarked(item["label"] + unit),
        "help": plain(item["description"]) or None,
        "key": key,
        "disabled": disabled,
        "on_change": partial(_tell, key, item["id"], wanted),
    }


def _draw_number(state: ParameterState, item: Parameter, value: float, wanted: Wanted, *, disabled: bool) -> None:
    """A slider where there is a range, and beside it the value to type: also one that lies beyond the slider."""
    first = state.first[item["id"]]
    scale = scale_of(item, [value, float(first), float(value_of(item))])
    usual = _usual(item, f"parameter-{state.project_id}-{item['id']}", wanted, disabled)
    typed: dict[str, Any] = usual | {"key": f"{usual['key']}-typed"}
    typed["on_change"] = partial(_tell, str(typed["key"]), item["id"], wanted)
    if scale is not None:
        _draw_slider(usual, scale, value, whole=item["type"] == "count")
        typed |= {"label": f"{usual['label']}, typed", "label_visibility": "collapsed", "help": None}
    whole = item["type"] == "count"
    _keep(str(typed["key"]), int(value) if whole else float(value))
    st.number_input(
        **typed,
        step=1 if whole else (scale.step if scale else None),
        format="%d" if whole else f"%.{_decimals(value, scale)}f",
        width=_TYPED_PX if scale is not None else "stretch",
    )
    if is_seed(item):
        st.button(
            "Another one",
            icon=":material/casino:",
            key=f"{typed['key']}-another",
            help="A seed by chance",
            disabled=disabled,
            on_click=partial(_draw_seed, item["id"], wanted),
        )


def _draw_slider(usual: dict[str, Any], scale: Scale, value: float, *, whole: bool) -> None:
    number = int if whole else float
    _keep(str(usual["key"]), number(value))
    st.slider(
        **usual,
        min_value=number(scale.low),
        max_value=number(scale.high),
        step=number(scale.step),
        format="%d" if whole else f"%.{scale.decimals}f",
        width="stretch",
    )


def _keep(key: str, value: Value) -> None:
    """The field shows this value. It is set only where it differs: to set it would end a pull at a slider."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _tell(key: str, own_id: str, wanted: Wanted) -> None:
    value = st.session_state[key]
    if value is not None:
        wanted(own_id, round(value, 9) if isinstance(value, float) else value)


def _draw_seed(own_id: str, wanted: Wanted) -> None:
    wanted(own_id, random.randint(0, _SEEDS))


def _decimals(value: float, scale: Scale | None) -> int:
    """How many the value needs, and its slider."""
    needed = len(f"{value:.{_DECIMALS}f}".rstrip("0").partition(".")[2])
    return max(needed, scale.decimals if scale else 2)
