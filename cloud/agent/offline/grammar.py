"""A small English grammar: a prompt, and what stands in the scene, to a `Request`.

Words are read from left to right. A noun closes a phrase and becomes a new group of things, an object of the
scene or a part of what was spoken of; descriptions after it belong to it. Nothing that is not understood is
dropped in silence: it ends in `Request.not_built`, in the user's own words.
"""

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.lexicon import ORDINALS
from cloud.agent.offline.modifiers import read_modifier
from cloud.agent.offline.nouns import close_noun, close_pronoun, close_slot
from cloud.agent.offline.orders import Existing, Group, Request
from cloud.agent.offline.reading import COUNT_LIMIT, OpenRelation
from cloud.agent.offline.relating import RelationWords
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.settling import settle
from cloud.agent.offline.tagging import Item, tag, with_names
from cloud.agent.offline.traits import part_of
from cloud.agent.offline.verbs import begin_verb, finish_clause, take_direction

GROUND = frozenset({"on the ground", "on the floor", "to the ground", "to the floor"})
EXCEPTING = frozenset({"except", "except for", "excluding"})
MODIFIER_KINDS = frozenset({"colour", "material", "shape", "size", "naming", "at", "point", "turned", "measure_word",
                            "times", "degree", "number"})  # fmt: skip


def parse(prompt: str, scene: SceneFacts | None = None) -> Request:
    """What the prompt asks for. Never raises for any text."""
    items, remarks = tag(prompt)
    items = with_names(prompt, items, [obj.name for obj in scene.things]) if scene else items
    reader = _Reader(prompt, scene or SceneFacts(), items)
    reader.read()
    request = settle(reader.state)
    request.remarks[:0] = remarks
    return request


class _Reader(RelationWords):
    """Walks over the items; what they change is in `state`."""

    def read(self) -> None:
        while self.index < len(self.items):
            before = self.index
            self._step(self.items[self.index])
            self.index = max(self.index, before + 1)
        finish_clause(self.state)

    def _step(self, item: Item) -> None:
        """Take one item, with as much of what follows as belongs to it."""
        if self._verb_takes(item):
            return
        handlers = (
            ("stop", self._stop), ("comma", self._comma), ("and", self._and), ("verb", self._verb),
            ("copula", self._copula), ("without", self._without), ("with", self._with), ("reversed", self._reversed),
            ("each_of_them", self._each_of_them), ("arrange", self._arrange), ("rel", self._relation),
            ("side", self._side), ("modifier", self._modifier), ("noun", self._noun), ("slot", self._slot),
            ("number", self._count), ("det", self._det), ("pronoun", self._pronoun), ("of", self._of),
        )  # fmt: skip
        for kind, handle in handlers:
            if (kind == "modifier" or kind in item) and handle(item):
                return
        if "filler" in item or "mark" in item or "at" in item or "naming" in item or "degree" in item:
            return
        self.state.phrase.touch(item.start, item.end)
        self.state.phrase.unknown.append(item)

    def _verb_takes(self, item: Item) -> bool:
        """What has a meaning only after some verbs: a new name, a bare factor, "from the table"."""
        state = self.state
        known = isinstance(state.focus, Existing)
        if state.verb == "rename" and known and item.text in ("to", "as", "into"):
            state.focus.name = self._rest_of_sentence(item.end)  # type: ignore[union-attr]  # it is known
            return True
        if state.verb in ("scale", "enlarge", "shrink", "double") and known and "digits" in item:
            following = self._ahead()
            if "stop" in following or "and" in following:
                factor = item.get("number") if state.verb != "shrink" else 1 / max(item.get("number"), 0.01)
                state.focus.traits.scale *= max(factor, 0.001)  # type: ignore[union-attr]  # it is known
                return True
        if (
            state.verb == "duplicate"
            and state.command is not None
            and "number" in item
            and self._ahead().text == "times"
        ):
            state.command.count = min(max(int(item.get("number")), 1), COUNT_LIMIT)
            self.index += 2
            return True
        if state.verb == "remove" and state.command is not None and item.text in EXCEPTING:
            state.excepting = True
            return True
        if state.verb in ("put", "move") and known and item.text in GROUND and not state.part:
            state.focus.on_ground = True  # type: ignore[union-attr]  # it is known
            return True
        if state.verb == "remove" and item.text == "from" and known:
            state.relation = OpenRelation("on", [state.focus], item.start, item.end, words="from")  # type: ignore[list-item]
            return True
        return False

    def _rest_of_sentence(self, start: int) -> str:
        """The user's own words up to the end of the sentence."""
        end = len(self.state.prompt)
        while self.index + 1 < len(self.items) and "stop" not in self._ahead():
            self.index += 1
            end = self.items[self.index].end
        self.index += 1
        return self.state.prompt[start:end].strip().strip("'\"“”‘’")

    # --- clauses -------------------------------------------------------------------------------------------------
    def _stop(self, item: Item) -> bool:
        if item.get("stop") == "\n" and self.state.phrase.start >= 0 and "noun" in self._ahead():
            return True
        finish_clause(self.state)
        return True

    def _comma(self, _: Item) -> bool:
        state, after = self.state, self._ahead()
        described = bool(state.phrase.modifiers) and not state.phrase.unknown
        if described and (state.phrase.det or state.focus is None) and not state.phrase.count:
            return True  # "a big, red chair"
        if described and not state.phrase.det and any(k in after for k in ("colour", "material", "size", "shape")):
            return True
        state.flush()
        return True

    def _and(self, _: Item) -> bool:
        state, after = self.state, self._ahead()
        adjectives = ("colour", "material", "size", "shape")
        if state.phrase.modifiers and not state.phrase.unknown and any(kind in after for kind in adjectives):
            return True  # "a red and blue cube", "round and wooden"
        state.flush()
        state.distance_m = None
        return True

    def _verb(self, item: Item) -> bool:
        if self.index and not _begins_clause(self.items[self.index - 1]):
            return False
        if "noun" in item and not any(kind in self._ahead() for kind in ("det", "pronoun", "noun", "number")):
            return False
        return begin_verb(self.state, item)

    def _copula(self, _: Item) -> bool:
        self.state.flush()
        return True

    # --- phrases -------------------------------------------------------------------------------------------------
    def _modifier(self, item: Item) -> bool:
        state = self.state
        if self._is_really_noun(item):
            return False
        reading = read_modifier(self.items, self.index, state.knows_param)
        if reading is None:
            return False
        modifier, end = reading
        follows = self.items[end] if end < len(self.items) else Item("", 0, 0, {})
        if follows.text == "apart" and isinstance(state.focus, Group) and modifier.kind == "measure":
            state.focus.spacing_m, self.index = modifier.value[1], end + 1
            state.flush()
            return True
        bare = modifier.kind == "measure" and modifier.value[0] == "max"
        if bare and ("rel" in follows or "side" in follows) and "noun" not in follows and follows.text != "in":
            state.distance_m, self.index = modifier.value[1], end
            return True
        if bare and state.verb == "move":
            take_direction(state, None, modifier.value[1])
            self.index = end
            return True
        if modifier.kind in ("name", "point", "turn", "param") and state.focus is not None and not state.phrase.det:
            state.phrase.touch(modifier.start, modifier.end)
            state.phrase.modifiers.append(modifier)
            state.flush()
        else:
            state.phrase.touch(modifier.start, modifier.end)
            state.phrase.modifiers.append(modifier)
        self.index = end
        return True

    def _is_really_noun(self, item: Item) -> bool:
        """`an orange` against `an orange chair`; `a glass` against `glass table`."""
        if "noun" not in item or not any(
            kind in item for kind in ("colour", "material", "measure_word", "size", "shape")
        ):
            return False
        if "measure_word" in item and "digits" in self._ahead():
            return False
        before = self.items[self.index - 1] if self.index else Item("", 0, 0, {})
        if "of" in before and before.text != "of":
            return False
        after = self._ahead()
        owner = self.state.part_owner or self.state.owner
        if owner is not None and any(part_of(owner.key, after.text)):
            return False
        if any(kind in after for kind in ("noun", "colour", "material", "size", "shape")) or not after.meanings:
            return False
        return bool(self.state.phrase.det or self.state.phrase.count or self.state.focus is None or "plural" in item)

    def _noun(self, item: Item) -> bool:
        return close_noun(self.state, item, self._ahead())

    def _slot(self, item: Item) -> bool:
        return close_slot(self.state, item, self._ahead())

    def _pronoun(self, item: Item) -> bool:
        return close_pronoun(self.state, item)

    def _count(self, item: Item) -> bool:
        state, value = self.state, item.get("number")
        ordinal = any(word.text in ORDINALS or word.text == "middle" for word in state.phrase.unknown)
        meant = state.focus or (state.last_in_scene(many=True) if ordinal else None)
        described = state.phrase.modifiers or ordinal or state.phrase.det in ("another", "the")
        if item.text == "one" and described and meant is not None and meant.key != "?":
            return close_noun(state, Item("one", item.start, item.end, {"noun": meant.key}), self._ahead())
        after = self._ahead(2)
        if self._ahead().text in ("x", "×", "by") and "number" in after and "digits" in item:
            rows, columns = int(abs(value)) or 1, int(abs(after.get("number"))) or 1
            state.phrase.touch(item.start, after.end)
            state.phrase.grid, state.phrase.arrangement = (rows, columns), "grid"
            state.phrase.count = min(rows * columns, COUNT_LIMIT)
            self.index += 3
            return True
        if value != int(value) or value < 0:
            return False
        if value > COUNT_LIMIT:
            state.remark(f"I build at most {COUNT_LIMIT} of a thing at once.")
        count = min(int(value), COUNT_LIMIT)
        if state.phrase.arrangement == "grid" and state.phrase.count and not state.phrase.grid[0]:
            state.phrase.grid = (state.phrase.count, count)
            count = min(state.phrase.count * count, COUNT_LIMIT)
        state.phrase.touch(item.start, item.end)
        state.phrase.count = count
        return True

    def _det(self, item: Item) -> bool:
        state, det = self.state, item.get("det")
        if "pronoun" in item and not any(k in self._ahead() for k in ("noun", "colour", "material", "size", "slot")):
            return False
        if state.phrase.start >= 0 and not state.phrase.det and not state.phrase.count and det not in ("more",):
            state.flush()
        if det in ("its", "their"):
            state.part_owner = state.spoken_of(many=det == "their")
        state.phrase.touch(item.start, item.end)
        state.phrase.det = det
        return True

    def _arrange(self, item: Item) -> bool:
        state = self.state
        if state.phrase.grid[0] == 0 or item.get("arrange") != "grid":
            state.phrase.arrangement = item.get("arrange")
        state.phrase.touch(item.start, item.end)
        if item.text.endswith(" of") or item.text == "rows of":
            if not state.phrase.count:
                state.phrase.det = state.phrase.det or "a"
            return True
        state.phrase.count = 0 if state.focus is not None else state.phrase.count
        state.flush()
        return True

    def _drop_collective(self, group: Group, item: Item) -> None:
        """`a pyramid of ten cubes`: an arrangement that is not known; the cubes are."""
        state = self.state
        for orders in (state.request.orders, state.mentions, state.heads):
            if group in orders:
                orders.remove(group)  # type: ignore[arg-type]  # lists of the group's own kinds
        state.focus = None
        start = self.items[self.index - 1].start
        state.report(start, item.end)

    def _of(self, item: Item) -> bool:
        state = self.state
        if item.text == "of" and state.focus is None and state.phrase.modifiers and not state.phrase.unknown:
            state.carried = state.take_phrase()  # "double the size of the table"
            return True
        state.flush()
        if item.text != "of" or state.focus is None:
            return True
        if state.pending_part:
            return True
        if self._several_follow():
            thing = THINGS.get(state.focus.key)
            if isinstance(state.focus, Group) and thing is not None and not (thing.inside or thing.surface):
                self._drop_collective(state.focus, item)
                return True
            state.relation = OpenRelation("in", [state.focus], item.start, item.end, reversed=True)
        return True

    def _several_follow(self) -> bool:
        """Whether things in the plural come next, described or counted: "of red apples", "of five apples"."""
        offset, counted = 1, False
        while "noun" not in self._ahead(offset):
            item = self._ahead(offset)
            if not any(kind in item for kind in ("colour", "material", "size", "number")):
                return False
            counted = counted or "number" in item
            offset += 1
        return counted or "plural" in self._ahead(offset)


def _begins_clause(before: Item) -> bool:
    return any(kind in before for kind in ("stop", "comma", "and", "filler", "pronoun", "verb", "mark"))
