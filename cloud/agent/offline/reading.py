"""What is done when a noun phrase ends: it describes something, opens or closes a relation, or is reported."""

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.lexicon import ARRANGEMENT_COUNTS, INHERENT, TOPS
from cloud.agent.offline.orders import Command, Existing, Group, Relation, RelationKind, Target
from cloud.agent.offline.scope import (
    COUNT_LIMIT,
    DEFINITE,
    VERBS_ON_EXISTING,
    NounPhrase,
    OpenRelation,
    Scope,
)
from cloud.agent.offline.traits import apply_modifier, is_own_part, part_of

RESTRICTIVE_VERBS = VERBS_ON_EXISTING - {"move", "arrange", "turn", "rotate"} | {"make"}

__all__ = ["COUNT_LIMIT", "DEFINITE", "VERBS_ON_EXISTING", "NounPhrase", "OpenRelation", "Reading"]


class Reading(Scope):
    """Everything known after the words read so far, and what the next words make of it. One per prompt."""

    # --- the end of a noun phrase --------------------------------------------------------------------------------
    def take_phrase(self) -> NounPhrase:
        """The phrase read so far; the next one begins."""
        phrase, self.phrase = self.phrase, NounPhrase()
        return phrase

    def apply(self, target: Target, part: str, phrase: NounPhrase) -> None:
        """Give the phrase's modifiers to the target; what cannot be honoured is reported."""
        for modifier in phrase.modifiers:
            if not apply_modifier(target, part, modifier, self.prompt) and target.key != "?":
                self.report(modifier.start, modifier.end)
        for item in phrase.unknown:
            if target.key not in INHERENT.get(item.text, ()):
                self.report(item.start, item.end)

    def flush(self) -> None:
        """A phrase ended without a noun: describe what was spoken of, or report it."""
        phrase = self.take_phrase()
        if phrase.unknown and (phrase.det or phrase.count or phrase.modifiers or self.relation):
            start = self.relation.start if self.relation and not self.relation.anchors else phrase.start
            self.report(start, phrase.end)
            self.relation = None
            self.focus = Target("?", 1)  # what follows describes something that is not built
            return
        if phrase.start < 0:
            return
        if self._place_of_material(phrase):
            return
        if phrase.det == "each" and self.relation:
            self._anchor_each()
            return
        if self._flush_count(phrase):
            return
        if self.focus is None and phrase.modifiers and self.scene.things:
            self.focus = self.spoken_of()
        if self.focus is not None and not (phrase.arrangement or phrase.count):
            self.apply(self.focus, self.part, phrase)
        elif self.focus is not None:
            self._arrange(phrase)
        elif phrase.modifiers or phrase.unknown or phrase.count:
            self.report(phrase.start, phrase.end)

    def _place_of_material(self, phrase: NounPhrase) -> bool:
        """`a boat on the water`: nothing to stand on; in "a chair in red" the relation was none."""
        relation = self.relation
        if relation is None or relation.kind not in ("in", "on") or relation.anchors or not phrase.modifiers:
            return False
        self.relation = None
        if relation.kind == "in" and phrase.det != "the":
            return False
        self.report(relation.start, phrase.end)
        return True

    def _anchor_each(self) -> None:
        relation = self.relation
        if relation is None:
            return
        anchor = self.spoken_of(many=True, excluding=tuple(relation.subjects))
        if anchor is not None:
            self.close_relation(anchor, each=True)

    def _flush_count(self, phrase: NounPhrase) -> bool:
        """`two more`, `one red and one blue`: a count without a noun."""
        wants_more = phrase.det in ("more", "another", "one more")
        if not (phrase.count or wants_more):
            return False
        count = phrase.count or 1
        if wants_more:
            like = self.spoken_of()
            if like is None:
                return False
            self.add_more(like, count, phrase)
            return True
        group = self.focus
        if isinstance(group, Group) and group.count > count and phrase.modifiers:
            group.count -= count
            sibling = Group(group.key, count, counted=True, owner=group.owner)
            self.request.orders.insert(self.request.orders.index(group), sibling)
            self.apply(sibling, "", phrase)
            return True
        if isinstance(group, Group) and group.count == count:
            self.apply(group, "", phrase)
            return True
        return False

    def _arrange(self, phrase: NounPhrase) -> None:
        target = self.focus
        if len(self.heads) > 1 and phrase.arrangement == "row":
            return  # things that stand free are lined up anyway
        last = self.request.orders[-1] if self.request.orders else None
        if isinstance(last, Command) and last.verb == "duplicate" and last.target is target and phrase.arrangement:
            last.arrangement = phrase.arrangement  # type: ignore[assignment]  # the lexicon's values
            return
        if isinstance(target, Group) and target.count == 1:
            self.report(phrase.start, phrase.end)
            return
        if isinstance(target, Group | Existing) and phrase.arrangement:
            target.arrangement = phrase.arrangement  # type: ignore[assignment]  # the lexicon's values
            if isinstance(target, Group):
                target.grid = phrase.grid
                if not target.counted:
                    target.count = max(target.count, ARRANGEMENT_COUNTS.get(phrase.arrangement, 3))
            return
        self.report(phrase.start, phrase.end)

    def add_more(self, like: Target, count: int, phrase: NounPhrase) -> None:
        """More of what was spoken of: copies of an object of the scene, or a group of the same kind."""
        if isinstance(like, Existing) and not phrase.modifiers:
            copied = self.existing(like.key, [like.names[-1]])
            self.request.orders.append(Command("duplicate", copied, count))
            self.focus = copied
            return
        group = Group(like.key, count, counted=True)
        if isinstance(like, Group):
            group.traits.material = like.traits.material
        self.request.orders.append(group)
        self.apply(group, "", phrase)
        self.adopt(group)

    # --- what a noun becomes -------------------------------------------------------------------------------------
    def adopt(self, target: Target) -> None:
        """`target` has been named: it answers an open relation, or begins a new run of subjects."""
        self.focus, self.part = target, ""
        if self.relation is not None:
            self.close_relation(target)
            return
        self.mention(target)
        if self.fronted is not None:
            fronted = self.fronted
            self.add_relation(fronted.kind, [target], fronted.anchors, fronted.distance_m)
            self.mention(fronted.anchors[-1])
        self.heads.append(target)

    def close_relation(self, anchor: Target, *, each: bool = False) -> None:
        """The open relation has found its anchor ("between" waits for a second one)."""
        relation = self.relation
        if relation is None:
            return
        relation.anchors.append(anchor)
        if relation.kind == "between" and sum(a.count for a in relation.anchors) < 2:
            return
        self.relation = None
        self.anchor_was_known = isinstance(anchor, Existing) or anchor in self.mentions
        self.mention(anchor)
        if relation.reversed:
            self.add_relation(relation.kind, [anchor], relation.subjects, relation.distance_m, words=relation.words)
            # What comes next speaks of the vessel: "a bowl of apples on a table".
            self.heads = list(relation.subjects) if relation.kind == "in" else []
        elif relation.subjects:
            subjects = [subject for subject in relation.subjects if subject not in relation.anchors]
            if anchor in relation.subjects:
                subjects = relation.subjects[-1:]
            if self._carried_by_owner(relation.kind, subjects, anchor):
                subjects = [self.owner] if self.owner else []
            if relation.kind == "on" and anchor.key in TOPS:
                # "a chair and a mug on a table": what stands on floors stays there beside what belongs on tables.
                small = [each for each in subjects if each.key in THINGS and THINGS[each.key].where == "table"]
                subjects = small or subjects
            self.main = subjects[0] if subjects else None
            if self.verb in RESTRICTIVE_VERBS and any(isinstance(subject, Existing) for subject in subjects):
                self.focus, self.heads = subjects[0], []  # "make the mug on the table red" moves nothing
                return
            self.add_relation(relation.kind, subjects, relation.anchors, relation.distance_m, each, relation.words)
            self.heads = []
        else:
            self.fronted = relation
        self.focus, self.part = anchor, ""

    def _carried_by_owner(self, kind: RelationKind, subjects: list[Target], anchor: Target) -> bool:
        """`a vase with a flower on the table`: the vase stands on it, the flower belongs to the vase."""
        owner = self.owner
        if owner is None or kind not in ("on", "in") or anchor is owner or self.request.relations_of(owner):
            return False
        small = owner.key in THINGS and THINGS[owner.key].where == "table"
        return small and all(isinstance(subject, Group) and subject.owner is owner for subject in subjects)

    def add_relation(
        self, kind: RelationKind, subjects: list[Target], anchors: list[Target],
        distance_m: float | None = None, each: bool = False, words: str = "",
    ) -> None:  # fmt: skip
        """Keep a relation between things that are really there."""
        subjects = [subject for subject in subjects if subject.key != "?" and subject not in anchors]
        anchors = [anchor for anchor in anchors if anchor.key != "?"]
        if not subjects or not anchors:
            return
        copied = [order for order in self.request.orders if isinstance(order, Command) and order.verb == "duplicate"]
        if copied and subjects == [copied[-1].target]:
            copies = Group(copied[-1].target.key, copied[-1].count, counted=True)
            copied[-1].placed = Relation(kind, [copies], anchors, distance_m, each, words)  # "three more on the table"
            return
        if each:
            for subject in subjects:
                subject.count *= max(1, sum(anchor.count for anchor in anchors))
        if kind == "around":
            for subject in subjects:
                if isinstance(subject, Group) and subject.count == 1 and words.endswith(" of"):
                    subject.count, subject.counted = 2, True  # "a chair on each side of the table"
                if isinstance(subject, Group) and not subject.counted and subject.count > 1:
                    subject.count = 6
        self.request.orders.append(Relation(kind, subjects, anchors, distance_m, each, words))

    def part_from(self, owner: Target, word: str, phrase: NounPhrase) -> bool:
        """Whether `word` is a part of `owner`; then the phrase describes that part."""
        slot, param = part_of(owner.key, word)
        if not (slot or param or is_own_part(owner.key, word)):
            return False
        if phrase.count or param:
            self._count_part(owner, slot, param, phrase)
        self.focus, self.part = owner, slot
        self.apply(owner, slot, phrase)
        return True

    def _count_part(self, owner: Target, slot: str, param: str, phrase: NounPhrase) -> None:
        wanted = phrase.count
        if not param or isinstance(owner, Existing):
            if wanted > 1 or (isinstance(owner, Existing) and not slot):
                self.report(phrase.start, phrase.end)
            return
        default = THINGS[owner.key].params[param]
        if phrase.det == "without":
            wanted = 0
        elif not wanted:
            if not default:
                owner.traits.params[param] = True if isinstance(default, bool) else 3
            return
        owner.traits.params[param] = wanted > 0 if isinstance(default, bool) else min(wanted, COUNT_LIMIT)
