"""What nothing carries: it hovers above what should hold it, or floats beside it."""

from collections.abc import Iterator, Sequence

import numpy as np

from cloud.blender.child.checks.bodies import Body, distance_between, gap_below, largest
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    CARRIERS_TRIED,
    HOVER,
    NEAR,
    NEIGHBOURS_TRIED,
    SCATTERED_COPIES,
    SCATTERED_SHARE,
)
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
    for group in loose:
        members = standing.members(group)
        if not any(set(map(_kind, members)) <= {kind} for kind in scattered):
            yield _loose(members, group, room, severity)


def _loose(members: Sequence[Body], group: int, room: "_Room", severity: Severity) -> Finding:
    body = largest(members)
    gap, below = room.gap_below(members, group)
    others = len({member.thing.name for member in members}) - 1
    along = f" (with {others} more that hang on it)" if others else ""
    if 0 < gap <= HOVER * body.size:
        mend = "lower it by that, or join it to what holds it"
        message = f"{body.words}{along} hovers {length(gap)} above {below}: {mend}."
        return Finding("hovering", severity, body.thing.name, message, below, value=gap, unit="m")
    distance, beside = room.nearest(members, group)
    if distance <= min(NEAR * body.across, gap):
        message = f"{body.words}{along} floats {length(distance)} from {beside}, touching nothing: attach it."
        return Finding("floating", severity, body.thing.name, message, beside, value=distance, unit="m")
    high = f", {length(gap)} above {below}" if np.isfinite(gap) else ""
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

    def gap_below(self, members: Sequence[Body], group: int) -> tuple[float, str]:
        """The least way that the group could fall, and onto what."""
        best, name = min(self._ground.lowest_height(member.points) for member in members), self._ground.name
        if best < 0:
            best, name = float("inf"), ""
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

    def nearest(self, members: Sequence[Body], group: int) -> tuple[float, str]:
        """How far the group is from what is nearest to it, and what that is; its own family first, then the rest."""
        body = largest(members)
        apart = np.maximum(0, np.maximum(self._low - body.high, body.low - self._high))
        boxes = np.linalg.norm(apart, axis=1)
        near = np.flatnonzero((self._group != group) & (self._group >= 0) & (boxes <= NEAR * body.across))
        found = [
            (distance_between(body, self._bodies[i]), self._bodies[i])
            for i in near[np.argsort(boxes[near], kind="stable")][:NEIGHBOURS_TRIED]
        ]
        kin = [entry for entry in found if entry[1].thing.family == body.thing.family]
        distance, other = min(kin or found, key=lambda entry: entry[0], default=(float("inf"), None))
        return distance, cut(other.thing.name) if other else ""
