"""What lies below the ground."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from cloud.blender.child.checks.bodies import Body
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    SUNK,
    SUNK_FLAT_BOTTOM,
    SUNK_PART,
    SUNK_PART_BURIED,
    SUNK_PART_FLAT,
    SUNK_ROUND_BOTTOM,
    TOUCH,
)
from cloud.blender.child.checks.space import within
from cloud.blender.child.checks.standing import Standing

_MADE_FOR_THE_GROUND = re.compile(
    r"(?i)(^|[\W_])(foundation|footing|pile|piling|root|stake|anchor|basement|cellar|pit|pool|path|paving|drain)s?([\W_]|\d|$)"
)


def sunk_findings(standing: Standing, ground: Ground) -> Iterator[Finding]:
    """One finding a family that lies in or under the ground; it names the part that is the deepest."""
    held_above = _groups_above(standing, ground)
    families: dict[str, list[int]] = {}
    for number, body in enumerate(standing.bodies):
        families.setdefault(body.thing.family, []).append(number)
    foot = [ground.foot_height(body.points) for body in standing.bodies]
    for numbers in families.values():
        if any(standing.group[number] in standing.afloat for number in numbers):
            continue
        bodies = [standing.bodies[number] for number in numbers]
        deepest = min(numbers, key=lambda number: (foot[number], -standing.bodies[number].across))
        depth, height = -foot[deepest], _height(bodies)
        body = standing.bodies[deepest]
        odd = _copies_stand(body, bodies, [foot[number] for number in numbers])
        share = min(SUNK * height, SUNK_PART * _height([body])) if ground.flat else SUNK * height
        least = max(SUNK * _height([body]) if odd else share, TOUCH * max(each.size for each in bodies))
        if depth <= least:
            continue
        severity, wholly = _judged(body, bodies, depth, ground)
        if odd and depth > SUNK_FLAT_BOTTOM * _height([body]):
            severity = "warning"
        if wholly and standing.group[deepest] in held_above:
            severity = "note"
        if _is_buried(body, depth, height, ground):
            severity = "warning"
        yield _sunk(body, depth, severity, wholly, ground)


def _judged(body: Body, bodies: Sequence[Body], depth: float, ground: Ground) -> tuple[Severity, bool]:
    """How bad it is that a family's deepest body lies so deep, and whether that body is wholly below the ground."""
    height, own = _height(bodies), _height([body])
    wholly = depth >= own + TOUCH * body.size or (own <= 0 < depth)
    share = depth / height if height > 0 else 1.0
    low = min(float(each.low[2]) for each in bodies)
    flat = ground.flat and _has_flat_bottom(bodies, low, height)
    limit = SUNK_FLAT_BOTTOM if flat else SUNK_ROUND_BOTTOM
    return "warning" if wholly or (share > limit and ground.known) else "note", wholly


def _is_buried(body: Body, depth: float, height: float, ground: Ground) -> bool:
    """A flat part that the rest stands on is hardly seen any more: the base of a lamp, and no foundation."""
    own = _height([body])
    if not 0 < own <= SUNK_PART_FLAT * height or _MADE_FOR_THE_GROUND.search(body.thing.name):
        return False
    return ground.flat and ground.known and depth > SUNK_PART_BURIED * own


def _sunk(body: Body, depth: float, severity: Severity, wholly: bool, ground: Ground) -> Finding:
    where = f"wholly below {ground.name}" if wholly else f"{length(depth)} deep in {ground.name}"
    if _is_beside(body, ground):
        where = f"{length(depth)} below the level of {ground.name}, beside it"
    mend = f"raise it by {length(depth)}" + ("" if severity == "warning" else " unless it is meant to be sunk")
    message = f"{body.words} lies {where}: {mend}."
    return Finding("below_ground", severity, body.thing.name, message, value=depth, unit="m")


def _is_beside(body: Body, ground: Ground) -> bool:
    """No part of its foot lies under or in the things that are the ground."""
    foot = body.points[body.points[:, 2] <= body.low[2] + 0.05 * _height([body])]
    return bool(ground.things) and not any(within(foot[:, :2], t.low, t.high).any() for t in ground.things)


def _copies_stand(body: Body, bodies: Sequence[Body], foot: Sequence[float]) -> bool:
    """Others of the same mesh in its family end at the ground or above it: one wheel of four is sunk."""
    return any(
        other.thing is not body.thing and other.thing.shape is body.thing.shape and height >= -SUNK * other.size
        for other, height in zip(bodies, foot, strict=True)
    )


def _height(bodies: Sequence[Body]) -> float:
    return max(float(body.high[2]) for body in bodies) - min(float(body.low[2]) for body in bodies)


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
