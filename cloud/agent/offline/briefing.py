"""The offline modeller's briefs: what it is going to build of a prompt, and how a brief that came back changes that."""

from dataclasses import dataclass
from typing import Any

from cloud.agent.brief import Brief, BriefPart, brief_of_text
from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.grammar import parse
from cloud.agent.offline.orders import Group, Order, Relation, Request
from cloud.agent.offline.sizing import size_of
from cloud.agent.offline.wording import adjective, count_word, describe, join_words, label

_PARTS_AT_MOST = 40
_FLAT_M = 0.001
# A size is told with four digits.
_SAME = 1e-3


@dataclass(frozen=True)
class _Named:
    """A group of the request, and the brief's part that stands for it."""

    group: Group
    part: BriefPart


def brief_of_prompt(prompt: str, scene_is_empty: bool, has_pictures: bool) -> dict[str, Any]:
    """The brief as JSON: what will be built, and plainly what cannot be."""
    title = " ".join(prompt.split()[:8])[:120] or "Scene"
    cannot = ["It cannot look at reference pictures."] if has_pictures else []
    if not scene_is_empty:
        summary = "A change to the scene that is there; the offline modeller finds out what it changes as it builds."
        return _brief(title, [summary, *cannot], [], [])
    request = parse(prompt)
    named = _named(request)[:_PARTS_AT_MOST]
    if not named:
        return _brief(title, ["The offline modeller knows nothing of what is asked for.", *cannot], [], [])
    cannot += [f"The offline modeller cannot build “{phrase[:80]}”." for phrase in request.not_built[:8]]
    checks = [f"There {_is(each)} {describe(each.group)}." for each in named][:20]
    whole = f"{join_words([describe(each.group) for each in named])}."
    return _brief(title, [whole[:1].upper() + whole[1:], *request.remarks, *cannot], named, checks)


def amend(request: Request, brief: str) -> None:
    """Change what the prompt asks for as the brief's text says: counts, sizes, materials, parts more and fewer.

    Only a brief with parts of ours does; with others the answer says that they are not known.
    """
    try:
        parts = brief_of_text(brief).parts
    except ValueError:
        parts = []
    if not parts:
        return
    ours = {each.part.name: each for each in _named(request)}
    if not any(part.name in ours for part in parts):
        request.remarks.append("The brief's parts are not what the offline modeller makes; it went by the prompt.")
        return
    for part in parts:
        if part.name in ours:
            _change(ours[part.name], part)
        else:
            _add(request, part)
    for name in ours.keys() - {part.name for part in parts}:
        _drop(request, ours[name].group)


def _brief(title: str, summary: list[str], named: list[_Named], checks: list[str]) -> dict[str, Any]:
    # Not validated: who asks holds it against the words that it may have.
    brief = Brief.model_construct(
        title=title, summary=" ".join(summary)[:2_000], parts=[each.part for each in named], checks=checks
    )
    return brief.model_dump(mode="json")


def _named(request: Request) -> list[_Named]:
    """The groups in their order, each with its part; two of a kind are told apart by a number."""
    found: list[_Named] = []
    taken: dict[str, int] = {}
    for group in (order for order in request.orders if isinstance(order, Group) and order.key in THINGS):
        name = label(group)
        taken[name] = taken.get(name, 0) + 1
        part = BriefPart(
            name=name if taken[name] == 1 else f"{name} {taken[name]}",
            size_m=[max(round(length, 4), _FLAT_M) for length in size_of(group)],
            count=max(1, min(group.count, 1_000)),
            material=_look(group),
            description=_place(request, group),
        )
        found.append(_Named(group, part))
    return found


def _look(group: Group) -> str:
    """`red wooden`; empty: as such a thing usually is."""
    traits = group.traits
    words = [traits.colour, adjective(traits.material) if traits.material not in ("", traits.colour) else ""]
    return " ".join(word for word in words if word)


def _place(request: Request, group: Group) -> str:
    """`on the table`, of each relation that the group is in."""
    said = [
        f"{relation.kind.replace('_', ' ')} the {join_words([label(anchor).lower() for anchor in anchors])}"
        for relation in request.relations_of(group)
        if (anchors := [anchor for anchor in relation.anchors if isinstance(anchor, Group)])
    ]
    return join_words(said)


def _is(each: _Named) -> str:
    return "are" if each.group.count > 1 and not each.group.arrangement else "is"


def _change(ours: _Named, part: BriefPart) -> None:
    """Make the group what the part says, where that is something else than we had said."""
    group = ours.group
    if part.count != ours.part.count:
        group.count, group.counted = part.count, True
    if any(abs(new - old) > _SAME * old for new, old in zip(part.size_m, ours.part.size_m, strict=True)):
        group.traits.sizes = dict(zip(("x", "y", "z"), part.size_m, strict=True))
        group.traits.scale, group.traits.stretch = 1.0, {}
    if part.material.strip() != ours.part.material:
        looks = _groups_of(parse(f"a {part.material} {THINGS[group.key].nouns[0]}"))
        if looks and looks[0].key == group.key:
            group.traits.colour, group.traits.material = looks[0].traits.colour, looks[0].traits.material


def _add(request: Request, part: BriefPart) -> None:
    """A part that the prompt does not have; what is unknown of it ends among what is not built."""
    more = parse(f"{count_word(part.count)} {part.material} {part.name}".replace("  ", " "))
    groups = _groups_of(more)
    if len(groups) == 1:
        groups[0].count, groups[0].counted = part.count, True
        groups[0].traits.sizes = dict(zip(("x", "y", "z"), part.size_m, strict=True))
        request.orders.append(groups[0])
        request.not_built += more.not_built
    else:
        request.not_built.append(part.name)


def _drop(request: Request, group: Group) -> None:
    """The user has struck it out: it is not built, and nothing stands on it or beside it."""
    orders: list[Order] = []
    for order in request.orders:
        if isinstance(order, Relation):
            order.subjects = [each for each in order.subjects if each is not group]
            order.anchors = [each for each in order.anchors if each is not group]
            if not order.subjects or not order.anchors:
                continue
        if order is not group:
            orders.append(order)
            if isinstance(order, Group) and order.owner is group:
                order.owner = None
    request.orders = orders


def _groups_of(request: Request) -> list[Group]:
    return [order for order in request.orders if isinstance(order, Group) and order.key in THINGS]
