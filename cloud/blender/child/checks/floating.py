"""What nothing carries: it hovers above what should hold it, or floats beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cloud.blender.child.checks.bodies import Body, distance_between, gap_below, largest
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    CARRIERS_TRIED,
    CLEARLY_NEARER,
    FLOATING_MEASURED,
    HOVER,
    LOWERED,
    MEMBERS_TRIED,
    NEAR,
    NEIGHBOURS_TRIED,
    PARENT_WITHIN,
    SCATTERED_COPIES,
    SCATTERED_SHARE,
)
from cloud.blender.child.checks.space import Ints
from cloud.blender.child.checks.standing import Standing
from cloud.blender.child.wording import cut, span, stem

_GROUND = -1  # as a group


def floating_findings(standing: Standing, ground: Ground) -> Iterator[Finding]:
    """One finding a gap of a group of bodies that nothing carries; one note for all copies of a scatter (leaves, snow).

    Where nothing stands at all, what is told by its height alone flies by intent: a note. Things that hang apart in
    empty space (planets) are all notes.
    """
    loose = sorted(set(standing.group) - standing.carried)
    scattered = dict(_scatters(standing, loose, ground))
    yield from scattered.values()
    room = _Room(standing, ground)
    left = [group for group in loose if not any(set(map(_kind, standing.members(group))) <= {k} for k in scattered)]
    left.sort(key=lambda group: -largest(standing.members(group)).across)
    apart = not ground.known and not standing.carried and _is_of_single_things(standing)
    told = set[frozenset[int]]()
    for number, group in enumerate(left):
        finding = _loose(standing.members(group), group, room, told, measured=number < FLOATING_MEASURED)
        yield replace(finding, severity="note") if apart else finding


def _is_of_single_things(standing: Standing) -> bool:
    groups = len(set(standing.group))
    return groups > 2 and 2 * groups > len({body.thing.name for body in standing.bodies})


def _loose(
    members: Sequence[Body], group: int, room: "_Room", told: set[frozenset[int]], *, measured: bool = True
) -> Finding:
    """The finding of one group. `told`: pairs of groups whose gap has been told; its own is added."""
    body = largest(members)
    gap = room.gap_below(members, group, told) if measured else room.above_ground(members)
    others = len({member.thing.name for member in members}) - 1
    along = f" (with {others} more that hang on it)" if others else ""
    if 0 < gap.distance <= HOVER * body.size:
        told.add(frozenset((group, gap.group)))
        small = gap.distance <= LOWERED * min(body.size, gap.size)
        mend = "lower it by that, or join it to what holds it" if small else "join it to what holds it"
        message = f"{body.words}{along} hovers {length(gap.distance)} above {gap.name}: {mend}."
        return Finding("hovering", "warning", body.thing.name, message, gap.name, value=gap.distance, unit="m")
    high = f", {length(gap.distance)} above {gap.name}" if np.isfinite(gap.distance) else ""
    beside = room.nearest(members, group, gap.distance, told) if measured else _NO_GAP
    if beside.name and beside.name != gap.name:
        told.add(frozenset((group, beside.group)))
        high = high.replace(", ", " and ", 1)
        message = (
            f"{body.words}{along} floats {length(beside.distance)} from {beside.name}{beside.whose}{high}, "
            "touching nothing: attach it."
        )
        return Finding("floating", "warning", body.thing.name, message, beside.name, value=beside.distance, unit="m")
    severity: Severity = "note" if room.may_fly(members, gap) else "warning"
    mend = "fine if it flies, else set it down" if severity == "note" else "set it down or attach it"
    message = f"{body.words}{along} floats{high}, touching nothing: {mend}."
    value = gap.distance if np.isfinite(gap.distance) else None
    return Finding("floating", severity, body.thing.name, message, gap.name, value=value, unit="m" if high else "")


def _kind(body: Body) -> str:
    return stem(body.thing.name)


def _scatters(standing: Standing, loose: Sequence[int], ground: Ground) -> Iterator[tuple[str, Finding]]:
    """Many alike that float at all heights. Where all float at one height, it is their place that is wrong."""
    of_kind: dict[str, set[str]] = {}
    for body in standing.bodies:
        of_kind.setdefault(_kind(body), set()).add(body.thing.name)
    afloat: dict[str, dict[str, Body]] = {}
    for group in loose:
        members = standing.members(group)
        if len(kinds := set(map(_kind, members))) == 1:
            afloat.setdefault(kinds.pop(), {}).update({body.thing.name: body for body in members})
    for kind, bodies in afloat.items():
        if len(bodies) < max(SCATTERED_COPIES, SCATTERED_SHARE * len(of_kind[kind])):
            continue
        heights = [ground.lowest_height(body.points) for body in bodies.values()]
        if np.ptp(heights) <= float(np.median([body.across for body in bodies.values()])):
            continue
        told = span(sorted(bodies))
        message = f"{told} touch nothing, at all heights: fine for leaves, snow or stars; else attach them."
        yield kind, Finding("floating", "note", min(bodies), message, count=len(bodies))


@dataclass(frozen=True)
class _Gap:
    """What lies between a group and another: the way in metres, the other's name, group and size."""

    distance: float
    name: str = ""
    group: int = _GROUND
    size: float = float("inf")
    whose: str = ""


_NO_GAP = _Gap(float("inf"))


class _Room:
    """All that may carry or hold a group, by their boxes."""

    def __init__(self, standing: Standing, ground: Ground) -> None:
        grounds = [Body(thing, thing.low, thing.high) for thing in ground.things]
        self._ground, self._bodies = ground, standing.bodies + grounds
        self._group = np.array(standing.group + [_GROUND] * len(grounds))
        self._anything_stands = bool(standing.carried)
        self._low = np.array([body.low for body in self._bodies])
        self._high = np.array([body.high for body in self._bodies])
        self._of_thing: dict[str, list[int]] = {}
        for i, body in enumerate(self._bodies):
            self._of_thing.setdefault(body.thing.name, []).append(i)

    def above_ground(self, members: Sequence[Body]) -> "_Gap":
        """How high the group is above the ground, and the ground's name; inf where it reaches into it."""
        height = min(self._ground.lowest_height(member.points) for member in members)
        return _Gap(height, self._ground.name) if height >= 0 else _NO_GAP

    def may_fly(self, members: Sequence[Body], gap: "_Gap") -> bool:
        """Nothing stands on the ground, and it is too high for a thing that was to stand there: an airship."""
        if self._anything_stands or gap.group != _GROUND:
            return False
        tall = max(float(member.high[2]) for member in members) - min(float(member.low[2]) for member in members)
        return not self._ground.known or gap.distance > HOVER * tall

    def gap_below(self, members: Sequence[Body], group: int, told: set[frozenset[int]]) -> "_Gap":
        """The least way that the group could fall, and onto what; not onto a group with which it is told already."""
        best = self.above_ground(members)
        others = self._others(group, told) | (self._group == _GROUND)
        for member in sorted(members, key=lambda member: float(member.low[2]))[:CARRIERS_TRIED]:
            plan = (self._low[:, :2] <= member.high[:2]) & (self._high[:, :2] >= member.low[:2])
            under = np.flatnonzero(plan.all(axis=1) & (self._low[:, 2] <= member.high[2]) & others)
            for i in under[np.argsort(-self._high[under, 2], kind="stable")][:CARRIERS_TRIED]:
                if self._high[i, 2] < member.low[2] - best.distance:
                    break
                gap, below = gap_below(member, self._bodies[i]), self._bodies[i]
                if gap < best.distance:
                    size = float("inf") if self._group[i] == _GROUND else below.size
                    best = _Gap(gap, cut(below.thing.name), int(self._group[i]), size)
        return best

    def nearest(self, members: Sequence[Body], group: int, gap: float, told: set[frozenset[int]]) -> "_Gap":
        """How far it is to what should hold the group, its name and what it is to it; no gap where that lies below it.

        That is the parent, or what is clearly nearer than the group is high above what lies below it.
        """
        distance, parent = self._to_parent(members, group)
        if parent and distance <= PARENT_WITHIN * gap and frozenset((group, self._group_of(parent))) not in told:
            return _Gap(distance, cut(parent.thing.name), self._group_of(parent), whose=", its parent,")
        body = largest(members)
        found = self._beside(members, np.flatnonzero(self._others(group, told)), NEAR * body.across)
        kin = [entry for entry in found if entry[2].thing.family == entry[1].thing.family]
        distance, _, other = min(kin or found, key=lambda entry: entry[0], default=(float("inf"), body, None))
        if other is None or distance > min(NEAR * body.across, CLEARLY_NEARER * gap):
            return _NO_GAP
        same = other.thing is body.thing
        name = f"the rest of {cut(other.thing.name)}" if same else cut(other.thing.name)
        return _Gap(distance, name, self._group_of(other))

    def _beside(self, members: Sequence[Body], others: Ints, reach: float) -> list[tuple[float, Body, Body]]:
        """The distances of those pairs of a member and another body whose boxes are the nearest."""
        pairs: list[tuple[float, int, int]] = []
        largest_first = sorted(members, key=lambda member: -member.across)[:MEMBERS_TRIED]
        for number, member in enumerate(largest_first):
            apart = np.maximum(0, np.maximum(self._low[others] - member.high, member.low - self._high[others]))
            boxes = np.linalg.norm(apart, axis=1)
            for k in np.argsort(boxes, kind="stable")[:NEIGHBOURS_TRIED].tolist():
                if boxes[k] <= reach:
                    pairs.append((float(boxes[k]), number, int(others[k])))
        best = sorted(pairs)[:NEIGHBOURS_TRIED]
        measured = ((largest_first[number], self._bodies[i]) for _, number, i in best)
        return [(distance_between(member, other), member, other) for member, other in measured]

    def _others(self, group: int, told: set[frozenset[int]]) -> NDArray[np.bool_]:
        """Which bodies are of another group, with which the gap is not told yet."""
        known = [other for pair in told if group in pair for other in pair]
        return ~np.isin(self._group, [group, _GROUND, *known])

    def _group_of(self, body: Body) -> int:
        return int(self._group[self._bodies.index(body)])

    def _to_parent(self, members: Sequence[Body], group: int) -> tuple[float, Body | None]:
        """The distance to the mesh that the group hangs on by its largest part that has such a parent."""
        for body in sorted(members, key=lambda member: -member.across)[:CARRIERS_TRIED]:
            if any(member.thing.name == body.thing.parent for member in members):
                continue
            others = self._of_thing.get(body.thing.parent, [])
            found = self._measured(body, [i for i in others if self._group[i] != group])
            if found:
                return min(found, key=lambda entry: entry[0])
        return float("inf"), None

    def _measured(self, body: Body, others: Sequence[int] | Ints) -> list[tuple[float, Body]]:
        return [(distance_between(body, self._bodies[i]), self._bodies[i]) for i in others[:NEIGHBOURS_TRIED]]
