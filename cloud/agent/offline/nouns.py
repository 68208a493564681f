"""What a noun means where it stands: a part, something already there, or something new."""

from collections.abc import Sequence

from cloud.agent.offline.catalogue import NOUNS, THINGS
from cloud.agent.offline.lexicon import ARRANGEMENT_COUNTS, ORDINALS, TOPS
from cloud.agent.offline.orders import Command, Existing, Group, Target
from cloud.agent.offline.reading import COUNT_LIMIT, DEFINITE, VERBS_ON_EXISTING, NounPhrase, Reading
from cloud.agent.offline.scene_facts import SceneObject
from cloud.agent.offline.tagging import Item
from cloud.agent.offline.traits import part_of

PLURAL_COUNT = 3


def close_noun(state: Reading, item: Item, after: Item) -> bool:
    """A noun ends the phrase. False: it is better read as something else."""
    phrase, key = state.phrase, item.get("noun")
    if _describes_next_noun(item, after, key) or _describes_part(state, item, after):
        phrase.touch(item.start, item.end)
        phrase.unknown.append(Item(item.text, item.start, item.end, {}))
        return True
    owner = _part_owner(state, phrase)
    if (owner is not None and phrase.det not in ("the", "another", "more")) or state.part_owner is not None:
        assert owner is not None
        if "possessive" not in item and state.part_from(owner, item.text, phrase):
            state.phrase, state.part_owner = NounPhrase(), None
            return True
    state.part_owner = None
    if "slot" in item and phrase.det == "the" and _close_known_part(state, item, after):
        return True
    state.take_phrase()
    phrase.touch(item.start, item.end)
    if phrase.det == "without":
        state.report(phrase.start, phrase.end)
        return True
    target = _resolve(state, item, phrase, key)
    if target is None:
        return True
    if "possessive" in item:
        state.part_owner = target
        state.focus, state.part = target, ""
        state.mention(target)
        return True
    if state.pending_part:
        part, state.pending_part = state.pending_part, ""
        if not state.part_from(target, part, NounPhrase(phrase.start, phrase.end)):
            state.report(phrase.start, phrase.end)
        return True
    _place_in_clause(state, target, phrase)
    return True


def _describes_next_noun(item: Item, after: Item, key: str) -> bool:
    """`apple` in "apple pie tower": a noun before another is no thing of its own, but two primitives are a list."""
    if "noun" not in after or "plural" in item or "possessive" in item:
        return False
    return after.get("noun") != key and after.text != "one"


def _describes_part(state: Reading, item: Item, after: Item) -> bool:
    """`carrot` in "a snowman with a carrot nose"."""
    owner = _part_owner(state, state.phrase)
    return owner is not None and "slot" in after and "plural" not in item and any(part_of(owner.key, after.text))


def _part_owner(state: Reading, phrase: NounPhrase) -> Target | None:
    if state.part_owner is not None:
        return state.part_owner
    if state.owner is not None and state.relation is None:
        return state.owner
    return None


def _place_in_clause(state: Reading, target: Target, phrase: NounPhrase) -> None:
    """Give the target its role: object of a verb, anchor of a relation, or subject of the next one."""
    if state.carried is not None:
        state.apply(target, "", state.carried)
        state.carried = None
    each = phrase.det == "each"
    if state.relation is not None:
        state.close_relation(target, each=each)
        return
    if state.verb == "swap" and state.command is not None and isinstance(target, Existing):
        state.command.verb, state.command.other = "swap", target
        state.focus, state.part = target, ""
        return
    if state.verb in ("replace", "swap") and state.command is not None and isinstance(target, Group):
        state.command.new = target
        state.request.orders.remove(target)
        state.focus, state.part = target, ""
        return
    if isinstance(target, Existing) and state.excepting and state.command is not None:
        kept = [name for name in state.command.target.names if name not in target.names]
        state.command.target = state.existing("", kept)
        return
    if isinstance(target, Existing) and state.verb in ("remove", "duplicate", "replace", "swap"):
        count = {"remove": phrase.count, "duplicate": 1}.get(state.verb, 0)
        names = target.names[-count:] if count else target.names
        chosen = state.existing(target.key, list(names))
        verb = "replace" if state.verb == "swap" else state.verb
        state.command = Command(verb, chosen, 1)  # type: ignore[arg-type]  # one of these three
        state.request.orders.append(state.command)
        state.focus, state.part = chosen, ""
        return
    if state.owner is not None and isinstance(target, Group):
        target.owner = state.owner
        if state.owner_each:  # "two tables, each with a mug"
            target.count = min(target.count * state.owner.count, COUNT_LIMIT)
    state.adopt(target)
    if state.verb == "give" and state.owner is None:
        state.owner, state.heads = target, []


def _resolve(state: Reading, item: Item, phrase: NounPhrase, key: str) -> Target | None:
    definite = phrase.det in DEFINITE or "possessive" in item or "object" in item or state.verb in VERBS_ON_EXISTING
    making_new = state.command is not None and (
        state.verb == "replace"
        or (state.verb == "swap" and (phrase.det == "a" or _find(state, item, phrase, key) is None))
    )
    if phrase.det in ("more", "another", "one more") and not making_new and _more_of_kind(state, item, phrase, key):
        return None
    plain_anchor = state.relation is not None and not phrase.det and not phrase.count and not phrase.modifiers
    if (definite or plain_anchor) and not making_new and phrase.det != "a":
        found = _find(state, item, phrase, key)
        if found is not None:
            return found
        if definite and (state.scene.things or state.verb in VERBS_ON_EXISTING):
            return _missing(state, item, phrase)
    if state.verb in ("remove", "duplicate") and (state.scene.things or state.verb == "remove"):
        return _find(state, item, phrase, key) or _missing(state, item, phrase)
    return _new_group(state, item, phrase, key)


def _find(state: Reading, item: Item, phrase: NounPhrase, key: str) -> Target | None:
    """A group of this prompt or objects of the scene of this kind, with the looks that the phrase names."""
    if "object" in item:
        named = next(obj for obj in state.scene.things if obj.name == item.get("object"))
        target = state.existing(named.kind, [named.name])
        state.apply(target, "", phrase)
        return target
    described = [m for m in phrase.modifiers if m.kind in ("colour", "material")]
    looks = [str(m.value) for m in described]
    for target in [*state.mentions]:
        if not isinstance(target, Group) or target.key != key:
            continue
        traits = target.traits
        if all(str(look) in (traits.colour, traits.material) for look in looks):
            return target
    words = item.text.removesuffix("'s")
    found = state.scene.find(key, words, [m.value for m in described if m.kind == "colour"])
    materials = [m.value for m in described if m.kind == "material"]
    found = [obj for obj in found if all(any(word in m.casefold() for m in obj.materials) for word in materials)]
    found = _by_ordinal(found, phrase)
    if not found:
        return None
    if "plural" not in item and phrase.det not in ("all", "all the", "each") and not phrase.count:
        found = found[-1:]
    elif phrase.count and state.verb != "remove":
        found = found[-phrase.count :]
    phrase.modifiers = [m for m in phrase.modifiers if m not in described]
    target = state.existing(key, [obj.name for obj in found])
    state.apply(target, "", phrase)
    return target


def _by_ordinal(found: list[SceneObject], phrase: NounPhrase) -> list[SceneObject]:
    """`the second cube`, `the middle column`: the one of these that is meant."""
    for word in phrase.unknown:
        index = len(found) // 2 if word.text == "middle" and len(found) % 2 else ORDINALS.get(word.text)
        if index is not None and index < len(found):
            phrase.unknown.remove(word)
            return [found[index]]
    return found


def _missing(state: Reading, item: Item, phrase: NounPhrase) -> None:
    """What is spoken of as known is not there: say so, and let what is said of it go."""
    relation = state.relation
    start = relation.start if relation is not None and not relation.anchors else phrase.start
    state.report(start, item.end)
    state.remark(f"There is no {item.text.removesuffix(chr(39) + 's')} in the scene.")
    state.relation = None
    state.focus, state.part = Target("?", 1), ""
    state.heads = []


def _more_of_kind(state: Reading, item: Item, phrase: NounPhrase, key: str) -> bool:
    found = state.scene.find(key, item.text)
    groups = [target for target in state.mentions if target.key == key]
    if not found or groups or phrase.modifiers or phrase.unknown:
        return False
    count = phrase.count or (2 if "plural" in item else 1)
    state.add_more(state.existing(key, [found[-1].name]), count, phrase)
    state.heads = []
    return True


def _new_group(state: Reading, item: Item, phrase: NounPhrase, key: str) -> Group:
    count = phrase.count
    counted = bool(count)
    if not count and phrase.arrangement:
        count = ARRANGEMENT_COUNTS.get(phrase.arrangement, PLURAL_COUNT)
    if not count:
        count = PLURAL_COUNT if "plural" in item and phrase.det != "a" else 1
        if "plural" in item and item.text in NOUNS:  # "a dice", "stairs"
            count = 1
    group = Group(key, min(count, COUNT_LIMIT), counted=counted)
    group.arrangement = phrase.arrangement  # type: ignore[assignment]  # the lexicon's values
    group.grid = phrase.grid
    if item.text == "round table":
        group.traits.params["shape"] = "round"
    state.request.orders.append(group)
    state.apply(group, "", phrase)
    return group


def close_slot(state: Reading, item: Item, after: Item) -> bool:
    """A word for a part ("roof"): of what came before, or of the thing that has one."""
    phrase = state.phrase
    if state.part_owner is not None or (state.owner is not None and state.relation is None):
        owner = state.part_owner or state.owner
        assert owner is not None
        if state.part_from(owner, item.text, phrase):
            state.phrase, state.part_owner = NounPhrase(), None
            return True
    return _close_known_part(state, item, after)


def _close_known_part(state: Reading, item: Item, after: Item) -> bool:
    if after.text == "of":
        state.take_phrase()
        state.pending_part = item.text
        return True
    for target in state.mentions:
        if target.key in THINGS and any(part_of(target.key, item.text)) and state.relation is None:
            return state.part_from(target, item.text, state.take_phrase())
    if "noun" in item and state.scene.find(item.get("noun"), item.text):
        return False
    owners = [obj for obj in state.scene.things if part_of(obj.kind, item.text)[0]]
    if owners and state.relation is None and (state.phrase.det in DEFINITE or state.verb in VERBS_ON_EXISTING):
        kinds = [obj for obj in owners if obj.kind == owners[-1].kind]
        owner = state.existing(owners[-1].kind, [obj.name for obj in kinds])
        if state.verb == "remove":
            return _remove_part(state, item, kinds)
        return state.part_from(owner, item.text, state.take_phrase())
    return False


def _remove_part(state: Reading, item: Item, owners: Sequence[SceneObject]) -> bool:
    """`remove the door`: the child objects of this name."""
    phrase = state.take_phrase()
    names = {owner.name for owner in owners}
    parts = [o.name for o in state.scene.objects if o.parent in names and o.name.casefold().endswith(f" {item.text}")]
    if not parts:
        state.report(phrase.start, item.end)
        return True
    state.request.orders.append(Command("remove", state.existing("", parts)))
    return True


def close_pronoun(state: Reading, item: Item) -> bool:
    """`it`, `them`: what was spoken of."""
    everything = state.all_in_scene() if item.get("pronoun") == "everything" else None
    many = item.get("pronoun") in ("all", "everything")
    relation = state.relation
    state.flush()
    if relation is not None and state.relation is relation:
        subjects = relation.subjects
        # "a house, a tree next to it": of several heads the last is the subject, the others may be meant.
        excluding = tuple(subjects[-1:] if len(subjects) > 1 and not state.owner else subjects)
        anchor = state.owner if state.owner is not None and not relation.reversed else None
        if relation.kind == "on" and anchor is not None and anchor.key not in TOPS:
            tops = [target for target in state.mentions if target.key in TOPS and target not in subjects]
            anchor = tops[0] if tops and anchor is state.main else anchor
        anchor = anchor or state.spoken_of(many=many, excluding=excluding, surface=relation.kind == "on")
        if anchor is None:
            state.report(relation.start, item.end)
            state.relation = None
            return True
        if anchor in relation.subjects:
            position = relation.subjects.index(anchor)
            relation.subjects = relation.subjects[position + 1 :]
        state.close_relation(anchor)
        return True
    target = everything or state.spoken_of(many=many)
    if target is None:
        state.phrase.touch(item.start, item.end)
        return True
    if "possessive" in item:
        state.part_owner = target
        return True
    if isinstance(target, Existing) and state.verb in ("remove", "duplicate", "replace", "swap"):
        _place_in_clause(state, target, NounPhrase(item.start, item.end))
        return True
    state.focus, state.part = target, ""
    state.mention(target)
    state.heads = [target]
    return True
