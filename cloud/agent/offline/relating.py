"""Words that relate things to each other: with, on, next to, surrounded by, on the left."""

from cloud.agent.offline.lexicon import RELATIONS
from cloud.agent.offline.orders import Group, Target
from cloud.agent.offline.reading import OpenRelation, Reading
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.tagging import Item
from cloud.agent.offline.verbs import take_direction


class RelationWords:
    """Handlers of relating words. Each takes one item; False: it is better read as something else."""

    def __init__(self, prompt: str, scene: SceneFacts, items: list[Item]) -> None:
        self.state = Reading(prompt, scene)
        self.items = items
        self.index = 0

    def _ahead(self, offset: int = 1) -> Item:
        position = self.index + offset
        return self.items[position] if position < len(self.items) else Item("", 0, 0, {"stop": ""})

    def _with(self, item: Item) -> bool:
        state = self.state
        state.owner_each = state.phrase.det == "each" and not state.phrase.modifiers
        state.flush()
        if state.verb in ("replace", "swap") and state.command is not None:
            state.focus, state.heads = None, []
            return True
        before = self.items[self.index - 1] if self.index else item
        if "comma" in before and state.main is not None:
            state.focus, state.part = state.main, ""
        main, following = state.main, self._ahead()
        if isinstance(main, Group) and state.anchor_was_known and ("det" in following or "number" in following):
            state.focus, state.anchor_was_known = main, False  # "a box next to the bed with a lamp on it"
        if state.focus is not None:
            state.owner, state.part, state.heads, state.relation = state.focus, "", [], None
        return item is not None

    def _without(self, item: Item) -> bool:
        self._with(item)
        self.state.phrase.touch(item.start, item.end)
        self.state.phrase.det = "without"
        return True

    # --- relations -----------------------------------------------------------------------------------------------
    def _relation(self, item: Item) -> bool:
        after = self._ahead()
        kind = item.get("rel")
        if "side" in item and ("stop" in after or "comma" in after or "and" in after):
            return False
        if item.text in ("in", "by", "into", "before", "over", "opposite") and "digits" in after:
            return self.state.verb in ("scale", "move", "rotate", "enlarge", "shrink")
        if kind == "around" and self.state.verb in ("rotate", "turn") and "stop" in after:
            return True
        if item.text == "by" and self.state.verb in ("replace", "swap"):
            return self._with(item)
        self.state.flush()
        self._open(OpenRelation(kind, self._subjects(), item.start, item.end, self._taken_distance(), words=item.text))
        return True

    def _subjects(self) -> list[Target]:
        state = self.state
        if state.part and state.focus is not None:
            return [state.focus]
        if state.heads:
            return list(state.heads)
        return [state.focus] if state.focus is not None and self.index and not self._clause_is_new() else []

    def _clause_is_new(self) -> bool:
        before = self.items[self.index - 1]
        return any(kind in before for kind in ("stop", "comma", "and")) or self.state.focus is None

    def _open(self, relation: OpenRelation) -> None:
        state = self.state
        if state.relation is not None and state.relation.start >= 0 and not state.relation.anchors:
            state.relation = None
        state.relation = relation

    def _taken_distance(self) -> float | None:
        distance, self.state.distance_m = self.state.distance_m, None
        return distance

    def _reversed(self, item: Item) -> bool:
        state = self.state
        state.flush()
        if state.focus is None:
            return True
        state.relation = OpenRelation(
            item.get("reversed"),
            [state.focus],
            item.start,
            item.end,
            self._taken_distance(),
            reversed=True,
            words=item.text,
        )
        return True

    def _side(self, item: Item) -> bool:
        state, after = self.state, self._ahead()
        if "noun" in after and item.text in ("left", "right", "inside", "beside", "underneath"):
            return False
        if after.text == "of":
            return False
        state.flush()
        if take_direction(state, item, self._taken_distance()):
            return True
        if not state.heads and state.focus is None:
            kind = RELATIONS.get(item.text) or item.get("side")
            if "comma" in after or "det" in after or "number" in after:
                anchor = state.spoken_of()
                if anchor is not None:
                    state.fronted = OpenRelation(kind, [], item.start, item.end, None, [anchor])
            return True
        subjects = state.heads or [target for target in (state.focus,) if target]
        anchor = state.owner or state.spoken_of(excluding=tuple(subjects))
        if anchor is not None and anchor not in subjects:
            state.add_relation(item.get("side"), subjects, [anchor])
            state.heads = []
        elif item.get("side") not in ("near", "next_to"):
            state.report(item.start, item.end)
        return True

    def _each_of_them(self, _: Item) -> bool:
        state = self.state
        state.flush()
        anchor = state.spoken_of(many=True, excluding=tuple(state.relation.subjects if state.relation else ()))
        if state.relation is not None and anchor is not None:
            state.close_relation(anchor, each=True)
        return True
