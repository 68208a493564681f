"""The parameters of a whole scene: those of its steps that still show in it, each under an id of its own."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.errors import InvalidInput
from cloud.jobs.kept_steps import KEPT_MARK
from cloud.jobs.parameters.comments import label_of_name
from cloud.jobs.parameters.reading import Parameter, Value, read_parameters
from cloud.jobs.parameters.superseded import unused_names
from cloud.jobs.parameters.writing import with_values

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
# How far beyond an inferred range a value may lie, in widths of the range.
_ROOM = 10
_NAMED_AT_MOST = 12
_TITLE_WORDS = 3
_TITLE_CHARS = 60
_EMPTY_WORDS = frozenset(
    {
        "A",
        "AN",
        "THE",
        "AND",
        "OF",
        "TO",
        "IN",
        "ON",
        "FOR",
        "WITH",
        "ADD",
        "BUILD",
        "MAKE",
        "CREATE",
        "SET",
        "UP",
        "STEP",
    }
)


@dataclass(frozen=True)
class SceneParameter:
    """A parameter of the scene. `step`, the first that has it, counts the scene's steps from 1.

    `also`: the later steps that say the same name and value. A new value is set in all of them.
    `told`: what tells it from others of its name, in words; empty where its name is its own.
    """

    id: str
    step: int
    parameter: Parameter
    also: tuple[int, ...] = ()
    told: str = ""

    @property
    def label(self) -> str:
        """The name in words, and what tells it from others of its name."""
        name = label_of_name(self.parameter.name)
        return f"{name} ({self.told})" if self.told else name

    @property
    def steps(self) -> tuple[int, ...]:
        """Each step that sets it."""
        return (self.step, *self.also)


def scene_parameters(codes: Sequence[str], titles: Sequence[str] = ()) -> list[SceneParameter]:
    """The parameters of the steps with these codes (and titles), in order.

    One name with one value is one parameter, however many steps say it: each step has to say anew what it needs. Of
    one name with several values the first has the name as its id, the others have their step's title behind it. A
    step that failed half way has none, and nor has a name that does nothing in the scene as it is now.
    """
    read = [[] if code.startswith(KEPT_MARK) else read_parameters(code) for code in codes]
    unused = unused_names(codes)
    groups: dict[tuple[str, str, Value], list[tuple[int, Parameter]]] = {}
    for step, parameters in enumerate(read, 1):
        for each in parameters:
            groups.setdefault((each.name, each.kind, each.value), []).append((step, each))
    living = [group for (name, _, _), group in groups.items() if any(name not in unused[step - 1] for step, _ in group)]
    taken = {group[0][1].name for group in living}
    rivals = Counter(group[0][1].name for group in living)
    seen: set[str] = set()
    found: list[SceneParameter] = []
    for group in living:
        step, parameter = group[0][0], _best_told([each for _, each in group])
        title = titles[step - 1] if step <= len(titles) else ""
        own_id = parameter.name if parameter.name not in seen else _telling_id(parameter.name, title, seen | taken)
        seen.add(own_id)
        told = (" ".join(title.split())[:_TITLE_CHARS] or f"step {step}") if rivals[parameter.name] > 1 else ""
        found.append(SceneParameter(own_id, step, parameter, tuple(number for number, _ in group[1:]), told))
    return found


def _best_told(parameters: Sequence[Parameter]) -> Parameter:
    """The first with words behind it: later steps often leave them out. Its span is that of one step alone."""
    return next((each for each in parameters if each.description), parameters[0])


def _telling_id(name: str, title: str, taken: Collection[str]) -> str:
    """The name with its step's title behind it, or a number."""
    words = [word for word in re.findall(r"[A-Z0-9]+", title.upper()) if word not in _EMPTY_WORDS]
    own_id = "_".join([name, *words[:_TITLE_WORDS]])
    number = 1
    while own_id in taken:
        number += 1
        own_id = "_".join([name, *words[:_TITLE_WORDS], str(number)])
    return own_id


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
            for step in each.steps:
                by_step.setdefault(step, {})[each.parameter.name] = values[each.id]
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
    low, high = _bounds(parameter)
    if not low <= value <= high:
        unit = f" {parameter.unit}" if parameter.unit else ""
        raise InvalidInput(f"{own_id} must lie between {low:g} and {high:g}{unit}.")
    return int(value) if kind == "count" else float(value)


def _bounds(parameter: Parameter) -> tuple[float, float]:
    """What a number must lie between. An inferred bound is a guess that moves with the value, so it is no limit: only
    what is far beyond it is most likely a slip."""
    assert parameter.min is not None
    assert parameter.max is not None
    room = _ROOM * (parameter.max - parameter.min)
    low, high = parameter.said
    return parameter.min - room if low is None else low, parameter.max + room if high is None else high


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
