"""What nothing carries: it hovers above what should hold it, or floats beside it."""

from collections.abc import Iterator, Sequence

import numpy as np

from cloud.blender.child.checks.bodies import Body, distance_between, gap_below, largest
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    CARRIERS_TRIED,
    CLEARLY_NEARER,
    FLOATING_MEASURED,
    HOVER,
    NEAR,
    NEIGHBOURS_TRIED,
    PARENT_WITHIN,
    SCATTERED_COPIES,
    SCATTERED_SHARE,
)
from cloud.blender.child.checks.space import Ints
from cloud.blender.child.checks.standing import Standing
from cloud.blender.child.wording import cut, span, stem


def floating_findings(standing: Standing, ground: Ground) -> Iterator[Finding]:
    """One finding a group of bodies that nothing carries; one note for all copies of a scatter (leaves, snow)."""
    loose = sorted(set(standing.group) - standing.carried)
    nothing_stands = not ground.known and len(set(standing.group)) > 2 and not standing.carried
    severity: Severity = "note" if nothing_stands else "warning"
    scattered = dict(_scatters(standing, loose, ground))
    yield from scattered.values()
    room = _Room(standing, ground)
    left = [group for group in loose if not any(set(map(_kind, standing.members(group))) <= {k} for k in scattered)]
    left.sort(key=lambda group: -largest(standing.members(group)).across)
    for number, group in enumerate(left):
        yield _loose(standing.members(group), group, room, severity, measured=number < FLOATING_MEASURED)


def _loose(members: Sequence[Body], group: int, room: "_Room", severity: Severity, *, measured: bool = True) -> Finding:
    body = largest(members)
    gap, below = room.gap_below(members, group) if measured else room.above_ground(members)
    others = len({member.thing.name for member in members}) - 1
    along = f" (with {others} more that hang on it)" if others else ""
    if 0 < gap <= HOVER * body.size:
        mend = "lower it by that, or join it to what holds it"
        message = f"{body.words}{along} hovers {length(gap)} above {below}: {mend}."
        return Finding("hovering", severity, body.thing.name, message, below, value=gap, unit="m")
    high = f", {length(gap)} above {below}" if np.isfinite(gap) else ""
    distance, beside, whose = room.nearest(members, group, gap) if measured else (float("inf"), "", "")
    if beside and beside != below:
        high = high.replace(", ", " and ", 1)
        message = (
            f"{body.words}{along} floats {length(distance)} from {beside}{whose}{high}, touching nothing: attach it."
        )
        return Finding("floating", severity, body.thing.name, message, beside, value=distance, unit="m")
    message = f"{body.words}{along} floats{high}, touching nothing: set it down or attach it."
    value = gap if np.isfinite(gap) else None
    return Finding("floating", severity, body.thing.name, message, below, value=value, unit="m" if high else "")


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


class _Room:
    """All that may carry or hold a group, by their boxes."""

    def __init__(self, standing: Standing, ground: Ground) -> None:
        grounds = [Body(thing, thing.low, thing.high) for thing in ground.things]
        self._ground, self._bodies = ground, standing.bodies + grounds
        self._group = np.array(standing.group + [-1] * len(grounds))
        self._low = np.array([body.low for body in self._bodies])
        self._high = np.array([body.high for body in self._bodies])
        self._of_thing: dict[str, list[int]] = {}
        for i, body in enumerate(self._bodies):
            self._of_thing.setdefault(body.thing.name, []).append(i)

    def above_ground(self, members: Sequence[Body]) -> tuple[float, str]:
        """How high the group is above the ground, and the ground's name; inf where it reaches into it."""
        height = min(self._ground.lowest_height(member.points) for member in members)
        return (height, self._ground.name) if height >= 0 else (float("inf"), "")

    def gap_below(self, members: Sequence[Body], group: int) -> tuple[float, str]:
        """The least way that the group could fall, and onto what."""
        best, name = self.above_ground(members)
        for member in members[:CARRIERS_TRIED]:
            plan = (self._low[:, :2] <= member.high[:2]) & (self._high[:, :2] >= member.low[:2])
            under = np.flatnonzero(plan.all(axis=1) & (self._low[:, 2] <= member.high[2]) & (self._group != group))
            for i in under[np.argsort(-self._high[under, 2], kind="stable")][:CARRIERS_TRIED]:
                if self._high[i, 2] < member.low[2] - best:
                    break
                gap = gap_below(member, self._bodies[i])
                if gap < best:
                    best, name = gap, cut(self._bodies[i].thing.name)
        return best, name

    def nearest(self, members: Sequence[Body], group: int, gap: float) -> tuple[float, str, str]:
        """How far it is to what should hold the group, its name and what it is to it; ("" where that lies below it).

        That is the parent, or what is clearly nearer than the group is high above what lies below it.
        """
        distance, parent = self._to_parent(members, group)
        if parent and distance <= PARENT_WITHIN * gap:
            return distance, parent, ", its parent,"
        body = largest(members)
        apart = np.maximum(0, np.maximum(self._low - body.high, body.low - self._high))
        boxes = np.linalg.norm(apart, axis=1)
        near = np.flatnonzero((self._group != group) & (self._group >= 0) & (boxes <= NEAR * body.across))
        found = self._measured(body, near[np.argsort(boxes[near], kind="stable")])
        kin = [entry for entry in found if entry[1].thing.family == body.thing.family]
        distance, other = min(kin or found, key=lambda entry: entry[0], default=(float("inf"), None))
        if other is None or distance > min(NEAR * body.across, CLEARLY_NEARER * gap):
            return float("inf"), "", ""
        same = other.thing is body.thing
        return distance, f"the rest of {cut(other.thing.name)}" if same else cut(other.thing.name), ""

    def _to_parent(self, members: Sequence[Body], group: int) -> tuple[float, str]:
        """The distance to the mesh that the group hangs on by its largest part that has such a parent."""
        for body in sorted(members, key=lambda member: -member.across)[:CARRIERS_TRIED]:
            if any(member.thing.name == body.thing.parent for member in members):
                continue
            others = self._of_thing.get(body.thing.parent, [])
            found = self._measured(body, [i for i in others if self._group[i] != group])
            if found:
                distance, parent = min(found, key=lambda entry: entry[0])
                return distance, cut(parent.thing.name)
        return float("inf"), ""

    def _measured(self, body: Body, others: Sequence[int] | Ints) -> list[tuple[float, Body]]:
        return [(distance_between(body, self._bodies[i]), self._bodies[i]) for i in others[:NEIGHBOURS_TRIED]]
