"""What floats, hovers or lies below the ground."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.blender.child.checks.bodies import Body, bodies_of, box_pairs, gap_below, in_contact, largest
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    ATTACHED_CHILD,
    HOVER,
    SUNK,
    SUNK_FLAT_BOTTOM,
    SUNK_ROUND_BOTTOM,
    TOUCH,
)
from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.checks.topology import Topology, connected


@dataclass(eq=False)
class Standing:
    """Bodies in groups that hold each other."""

    bodies: list[Body]
    group: list[int]
    carried: set[int]
    """Groups that stand on the ground, or hang on what does."""
    afloat: set[int]
    """Groups that water carries."""
    touching: dict[Thing, set[Thing]]
    """Who touches whom, the ground left aside."""
    grounded: set[Thing]
    """What stands on the ground or on the setting itself."""

    def holds(self, holder: Thing, held: Thing) -> bool:
        """The one would fall without the other: no other way leads from it to the ground."""
        seen, left = {holder, held}, [held]
        while left:
            thing = left.pop()
            if thing in self.grounded:
                return False
            further = self.touching.get(thing, set()) - seen
            seen |= further
            left += further
        return True

    def members(self, group: int) -> list[Body]:
        """The bodies of a group."""
        return [body for body, own in zip(self.bodies, self.group, strict=True) if own == group]


def work_out_standing(things: Sequence[Thing], topologies: dict[object, Topology], ground: Ground) -> Standing:
    """Who touches whom, and who touches the ground. Things are those that could fall: no ground, no crowd."""
    bodies = [body for thing in things for body in bodies_of(thing, topologies[thing.shape])]
    carriers = [Body(thing, thing.low, thing.high) for thing in _firm(ground)]
    every, count = bodies + carriers, len(bodies)
    low, high = np.array([body.low for body in every]), np.array([body.high for body in every])
    reach = np.array([max(TOUCH * body.size, ATTACHED_CHILD * body.across) for body in every])
    near = [(i, j) for i, j in box_pairs(low, high, reach).tolist() if i < count or j < count]
    joined = [(i, j) for i, j in near if _hold_each_other(every[i], every[j])]
    among = [(i, j) for i, j in joined if i < count and j < count]
    group = connected(count, np.array(among, dtype=np.int64).reshape(-1, 2)).tolist()
    borne = [(min(pair), every[max(pair)].thing) for pair in joined if max(pair) >= count]
    carried = {group[i] for i, _ in borne}
    grounded = {bodies[i].thing for i, _ in borne}
    for i, body in enumerate(bodies):
        if (group[i] not in carried or ground.flat) and _stands_on(ground, body):
            carried.add(group[i])
            grounded.add(body.thing)
    touching: dict[Thing, set[Thing]] = {}
    for i, j in among:
        touching.setdefault(bodies[i].thing, set()).add(bodies[j].thing)
        touching.setdefault(bodies[j].thing, set()).add(bodies[i].thing)
    afloat = {group[i] for i, thing in borne if thing in ground.water}
    return Standing(bodies, group, carried, afloat, touching, grounded)


def _stands_on(ground: Ground, body: Body) -> bool:
    """By the heights of its vertices, which are quick; on uneven ground a hilltop may carry it between them."""
    tolerance = TOUCH * body.size
    if ground.lowest_height(body.points) <= tolerance:
        return True
    return not ground.flat and any(
        in_contact(body, Body(thing, thing.low, thing.high), tolerance) for thing in ground.things
    )


def _firm(ground: Ground) -> list[Thing]:
    """The setting without what is around everything: touching the sky carries nothing."""
    return [t for t in ground.setting if t.high[2] - ground.level <= 0.5 * t.dimensions[:2].max()]


def _hold_each_other(one: Body, other: Body) -> bool:
    tolerance = TOUCH * min(one.size, other.size)
    apart = np.maximum(one.low - other.high, other.low - one.high)
    if one.thing is not other.thing and one.thing.family == other.thing.family:
        tolerance = ATTACHED_CHILD * min(one.across, other.across)
    return bool((apart <= tolerance).all()) and in_contact(one, other, tolerance)


def floating_findings(standing: Standing, ground: Ground) -> Iterator[Finding]:
    """One finding a group of bodies that nothing carries."""
    loose = sorted(set(standing.group) - standing.carried)
    nothing_stands = not ground.known and len(set(standing.group)) > 2 and not standing.carried
    for group in loose:
        members = standing.members(group)
        body = largest(members)
        carriers = [other for other, own in zip(standing.bodies, standing.group, strict=True) if own != group]
        carriers += [Body(thing, thing.low, thing.high) for thing in ground.things]
        gap, below = _gap_to_carrier(members, carriers, ground)
        others = len({member.thing.name for member in members}) - 1
        along = f" (with {others} more that hang on it)" if others else ""
        severity: Severity = "note" if nothing_stands else "warning"
        if 0 < gap <= HOVER * body.size:
            mend = "lower it by that, or join it to what holds it"
            message = f"{body.words}{along} hovers {length(gap)} above {below}: {mend}."
            yield Finding("hovering", severity, body.thing.name, message, below, value=gap, unit="m")
            continue
        high = f", {length(gap)} above {below}" if np.isfinite(gap) else ""
        message = f"{body.words}{along} floats{high}, touching nothing: set it down or attach it."
        value = gap if np.isfinite(gap) else None
        yield Finding("floating", severity, body.thing.name, message, below, value=value, unit="m" if high else "")


def _gap_to_carrier(members: Sequence[Body], carriers: Sequence[Body], ground: Ground) -> tuple[float, str]:
    """The least way that the group could fall, and onto what."""
    best, name = min(ground.lowest_height(member.points) for member in members), ground.name
    if best < 0:
        best, name = float("inf"), ""
    for member in members:
        for carrier in carriers:
            if carrier.high[2] < member.low[2] - best or carrier.low[2] > member.high[2]:
                continue
            gap = gap_below(member, carrier)
            if gap < best:
                best, name = gap, carrier.thing.name
    return best, name


def sunk_findings(standing: Standing, ground: Ground) -> Iterator[Finding]:
    """One finding a family that lies in or under the ground."""
    held_above = _groups_above(standing, ground)
    families: dict[str, list[Body]] = {}
    for body in standing.bodies:
        families.setdefault(body.thing.family, []).append(body)
    group_of = dict(zip(map(id, standing.bodies), standing.group, strict=True))
    for bodies in families.values():
        if any(group_of[id(body)] in standing.afloat for body in bodies):
            continue
        depth = -min(ground.foot_height(body.points) for body in bodies)
        low = min(float(body.low[2]) for body in bodies)
        height = max(float(body.high[2]) for body in bodies) - low
        if depth <= max(SUNK * height, TOUCH * max(body.size for body in bodies)):
            continue
        body = largest(bodies)
        wholly = depth >= height + TOUCH * body.size or (height <= 0 < depth)
        share = depth / height if height > 0 else 1.0
        limit = SUNK_FLAT_BOTTOM if _has_flat_bottom(bodies, low, height) else SUNK_ROUND_BOTTOM
        severity: Severity = "warning" if wholly or (share > limit and ground.known) else "note"
        if wholly and any(group_of[id(b)] in held_above for b in bodies):
            severity = "note"
        where = f"wholly below {ground.name}" if wholly else f"{length(depth)} deep in {ground.name}"
        mend = f"raise it by {length(depth)}" + ("" if severity == "warning" else " unless it is meant to be sunk")
        message = f"{body.thing.name} lies {where}: {mend}."
        yield Finding("below_ground", severity, body.thing.name, message, value=depth, unit="m")


def _groups_above(standing: Standing, ground: Ground) -> set[int]:
    """Groups that reach above the ground: a cellar under its house, a pile under its bridge."""
    return {
        group
        for body, group in zip(standing.bodies, standing.group, strict=True)
        if ground.heights(body.points[[body.points[:, 2].argmax()]])[0] > 0.1 * body.across
    }


def _has_flat_bottom(bodies: Sequence[Body], low: float, height: float) -> bool:
    """Faces that look straight down at its foot: it is made to stand."""
    for body in bodies:
        if body.low[2] > low + 0.02 * height:
            continue
        thing = body.thing
        corners = thing.points[thing.triangles if body.triangles is None else body.triangles]
        flat = np.ptp(corners[:, :, 2], axis=1) <= 1e-3 * height
        if (flat & (corners[:, :, 2].mean(axis=1) <= low + 0.01 * height)).any():
            return True
    return False
