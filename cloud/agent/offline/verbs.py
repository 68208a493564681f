"""What verbs do to what is there: remove, move, turn, scale, rename, copy, replace."""

from cloud.agent.offline.orders import Existing, Group, Relation, Target
from cloud.agent.offline.reading import OpenRelation, Reading
from cloud.agent.offline.tagging import Item

STEP_M = 1.0
DIRECTIONS = {
    "left_of": (-1.0, 0.0, 0.0), "right_of": (1.0, 0.0, 0.0), "in_front_of": (0.0, -1.0, 0.0),
    "behind": (0.0, 1.0, 0.0), "above": (0.0, 0.0, 1.0), "under": (0.0, 0.0, -1.0),
}  # fmt: skip
DEFAULT_SCALES = {"enlarge": 1.5, "shrink": 1 / 1.5, "double": 2.0, "halve": 0.5}
DEFAULT_TURN_DEG = 90.0


def begin_verb(state: Reading, item: Item) -> bool:
    """A verb begins a clause."""
    finish_clause(state, keep_focus=True)
    verb = item.get("verb")
    if verb == "undo":
        state.remark("I cannot undo a step; the project's history keeps every earlier state of the scene.")
        state.report(item.start, item.end)
        return True
    state.verb = "stack" if item.text == "stack" else verb
    state.heads = []
    return True


def take_direction(state: Reading, item: Item | None, distance_m: float | None) -> bool:
    """`1 m to the left` after a verb of motion. No item: the distance came after the direction."""
    target = state.focus
    if state.verb not in ("move", "put") or not isinstance(target, Existing | Group) or target.key == "?":
        return False
    if item is None:
        if isinstance(target, Existing) and target.shift and distance_m is not None:
            target.shift = _scaled(target.shift, distance_m)
        return True
    direction = DIRECTIONS.get(item.get("side"))
    if direction is None or not isinstance(target, Existing):
        return False
    target.shift = _scaled(direction, STEP_M if distance_m is None else distance_m)
    return True


def _scaled(direction: tuple[float, float, float], length_m: float) -> tuple[float, float, float]:
    x, y, z = ((part > 0) - (part < 0) for part in direction)
    return (x * length_m, y * length_m, z * length_m)


def finish_clause(state: Reading, *, keep_focus: bool = False) -> None:
    """The clause ends: close what is open, do what its verb implies without more words."""
    state.flush()
    if state.carried is not None:
        state.report(state.carried.start, state.carried.end)
        state.carried = None
    relation = state.relation
    if relation is not None:
        _close_dangling(state, relation)
    _apply_bare_verb(state)
    state.relation = state.fronted = state.command = None
    state.owner = state.part_owner = None
    state.heads, state.distance_m, state.pending_part = [], None, ""
    state.verb, state.excepting = "", False
    if not keep_focus:
        state.focus, state.part = None, ""


def _close_dangling(state: Reading, relation: OpenRelation) -> None:
    if relation.anchors and relation.subjects:
        anchors = relation.anchors
        if sum(anchor.count for anchor in anchors) < 2:
            state.add_relation("next_to", relation.subjects, anchors)
            state.report(relation.start, relation.end)
        return
    state.report(relation.start, relation.end)


def _apply_bare_verb(state: Reading) -> None:
    target = state.focus
    if not isinstance(target, Target) or target.key == "?":
        return
    traits = target.traits
    factor = DEFAULT_SCALES.get(state.verb)
    if factor and not traits.resizes():
        traits.scale = factor
    relations = [o for o in state.request.orders if isinstance(o, Relation) and target in o.subjects]
    if state.verb == "stack" and isinstance(target, Existing | Group) and target.count > 1:
        target.arrangement = "stack"
    if state.verb == "rotate" and not traits.rotation_deg and not relations:
        traits.rotation_deg["z"] = DEFAULT_TURN_DEG
