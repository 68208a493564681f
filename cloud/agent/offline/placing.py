"""The calls that put a group where the words say."""

from collections.abc import Callable
from typing import Any

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.lexicon import CLOSED, REVERSED_RELATIONS
from cloud.agent.offline.orders import Existing, Group, Relation, Target
from cloud.agent.offline.sizing import size_of
from cloud.agent.offline.wording import label

SIDES = {
    "left_of": "left",
    "right_of": "right",
    "in_front_of": "front",
    "behind": "back",
    "next_to": "any",
    "near": "any",
}
SKY_HEIGHT_M = 6.0
ARRANGERS = {
    "row": "line_up(made)", "circle": "arrange_circle(made)", "stack": "arrange_stack(made)",
    "scatter": "arrange_scatter(made)",
}  # fmt: skip

Placing = tuple[list[str], dict[str, Any], list[str]]
"""Lines of code over `made`, their parameters, and phrases that could not be honoured."""


def placing_calls(target: Target, relation: Relation | None, names_of: Callable[[Target], list[str]]) -> Placing:
    """Where `made` goes. Without a relation or a point it stands free beside what is there."""
    calls: list[str] = []
    parameters: dict[str, Any] = {}
    remarks: list[str] = []
    turn = target.traits.rotation_deg if isinstance(target, Group) else {}
    if turn:
        parameters["TURN_DEG"] = dict(turn)
        if target.at is None:
            calls.append("turn_things(made, TURN_DEG)")
    arranged = getattr(target, "arrangement", "")
    if (arranged and target.at is None) or (arranged and target.count > 1):
        calls += _arranging(target, arranged, parameters)
    if target.at is not None:
        x, y, z = target.at
        parameters["PLACE_M"] = (x, y) if z is None else (x, y, z)
        calls.append("place_at(made, *PLACE_M)")
        if turn:
            calls.append(
                "for obj in made:\n    for axis, angle in TURN_DEG.items():\n        turn_thing(obj, angle, axis)"
            )
        return calls, parameters, remarks
    if relation is None:
        calls.append(_free_call(target, arranged))
    else:
        anchors = [name for anchor in relation.anchors for name in names_of(anchor)]
        if getattr(relation.anchors[-1], "arrangement", "") == "stack" and not relation.each:
            anchors = anchors[-1:] if relation.kind in ("on", "with") else anchors
        lines, more, remarks = _related(target, relation, anchors, bool(arranged))
        calls += lines
        parameters |= more
    return calls, parameters, remarks


def _arranging(target: Target, arranged: str, parameters: dict[str, Any]) -> list[str]:
    if arranged == "grid":
        parameters["ROWS"] = getattr(target, "grid", (0, 0))[0]
        if getattr(target, "spacing_m", None) is not None:
            parameters["SPACING_M"] = getattr(target, "spacing_m", None)
            return ["arrange_grid(made, ROWS, SPACING_M)"]
        return ["arrange_grid(made, ROWS)"]
    spacing = getattr(target, "spacing_m", None)
    if arranged == "row" and spacing is not None:
        parameters["SPACING_M"] = spacing
        return ["line_up(made, SPACING_M)"]
    return [ARRANGERS[arranged]]


def _free_call(target: Target, arranged: str) -> str:
    thing = THINGS.get(target.key)
    if arranged:
        return "settle_free(made)"
    if thing is not None and thing.where == "sky" and isinstance(target, Group):
        return f"place_free(made, height={max(SKY_HEIGHT_M, size_of(target)[2])})"
    return "place_free(made)"


def _related(target: Target, relation: Relation, anchors: list[str], arranged: bool) -> Placing:
    kind = relation.kind
    parameters: dict[str, Any] = {"ANCHORS": anchors}
    anchor = relation.anchors[0]
    thing = THINGS.get(anchor.key)
    gap = ""
    if relation.distance_m is not None:
        parameters["GAP_M"] = relation.distance_m
        gap = ", gap=GAP_M"
    if kind == "with":
        small = THINGS[target.key].where == "table" if target.key in THINGS else False
        inside = thing is not None and thing.inside
        kind = "in" if inside else "on" if small and thing is not None and thing.surface else "next_to"
    if kind == "in" and not (thing is not None and thing.inside):
        if thing is not None and not thing.surface and thing.key not in ("island", "hill"):
            other = target if relation.words in REVERSED_RELATIONS else anchor
            noun = label(other).lower() if isinstance(other, Group) else anchors[0]
            words = f"{relation.words or 'in'} the {noun}"
            return ["place_beside(made, things_named(*ANCHORS))"], parameters, [words]
        kind = "on"
    if kind == "on" and arranged and len(anchors) == 1:
        return ["place_together(made, things_named(*ANCHORS)[0])"], parameters, []
    if kind in ("on", "in"):
        closed = [f"in the {anchor.key}"] if relation.kind == "in" and anchor.key in CLOSED and kind == "on" else []
        return _carried("place_on" if kind == "on" else "place_in", len(anchors)), parameters, closed
    if kind in SIDES:
        near = ", near=3.0" if kind == "near" else ""
        side = "" if SIDES[kind] == "any" else f", {SIDES[kind]!r}"
        prepare = [] if arranged else ["line_up(made)"]
        return [*prepare, f"place_beside(made, things_named(*ANCHORS){side}{gap}{near})"], parameters, []
    if kind == "facing":
        return ["place_free(made)"], {}, []
    if kind in ("above", "around"):
        return [f"place_{kind}(made, things_named(*ANCHORS){gap})"], parameters, []
    return [f"place_{kind}(made, things_named(*ANCHORS))"], parameters, []


def _carried(function: str, anchors: int) -> list[str]:
    if anchors == 1:
        return [f"{function}(made, things_named(*ANCHORS)[0])"]
    return [
        "carriers = things_named(*ANCHORS)",
        "for index, carrier in enumerate(carriers):\n"
        f"    if made[index :: len(carriers)]:\n        {function}(made[index :: len(carriers)], carrier)",
    ]


__all__ = ["Existing", "Placing", "placing_calls"]
