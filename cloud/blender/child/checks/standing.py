"""What holds what: bodies in groups that touch, and the groups that the ground carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cloud.blender.child.checks.bodies import Body, bodies_of, box_pairs, in_contact
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    ATTACHED_CHILD,
    CONTACT_POINTS,
    CONTACT_SAMPLES_AT_LEAST,
    SAMPLES_AT_MOST,
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
        return self._by_group[group]

    @cached_property
    def _by_group(self) -> dict[int, list[Body]]:
        by_group: dict[int, list[Body]] = {}
        for body, own in zip(self.bodies, self.group, strict=True):
            by_group.setdefault(own, []).append(body)
        return by_group


def work_out_standing(things: Sequence[Thing], topologies: dict[object, Topology], ground: Ground) -> Standing:
    """Who touches whom, and who touches the ground. Things are those that could fall: no ground, no crowd."""
    bodies = [body for thing in things for body in bodies_of(thing, topologies[thing.shape])]
    carriers = [Body(thing, thing.low, thing.high) for thing in _firm(ground)]
    every, count = bodies + carriers, len(bodies)
    low, high = np.array([body.low for body in every]), np.array([body.high for body in every])
    reach = np.array([max(TOUCH * body.size, ATTACHED_CHILD * body.across) for body in every])
    near = [(i, j) for i, j in box_pairs(low, high, reach).tolist() if i < count or j < count]
    samples = max(CONTACT_SAMPLES_AT_LEAST, min(SAMPLES_AT_MOST, CONTACT_POINTS // (2 * len(near) + 1)))
    joined = [(i, j) for i, j in near if _hold_each_other(every[i], every[j], samples)]
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


def _hold_each_other(one: Body, other: Body, samples: int) -> bool:
    tolerance = TOUCH * min(one.size, other.size)
    apart = np.maximum(one.low - other.high, other.low - one.high)
    if one.thing is not other.thing and one.thing.family == other.thing.family:
        tolerance = ATTACHED_CHILD * min(one.across, other.across)
    return bool((apart <= tolerance).all()) and in_contact(one, other, tolerance, samples)
