"""What could stand or fall on its own: a thing, or each separate cluster of parts of its mesh."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mathutils.bvhtree import BVHTree

from cloud.blender.child.checks.limits import DISTANCE_SAMPLES, SAMPLES_AT_MOST, SCATTER_PARTS, TOUCH_WITHIN_MESH
from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.checks.space import Floats, Ints, encloses, middle, tree_of, within
from cloud.blender.child.checks.topology import Topology, connected


@dataclass(eq=False)
class Body:
    """A thing, or one of its clusters (`triangles` of it; None: all)."""

    thing: Thing
    low: Floats
    high: Floats
    triangles: Ints | None = None
    closed: bool = False

    @property
    def size(self) -> float:
        """The middle one of its dimensions."""
        return middle(self.high - self.low)

    @property
    def across(self) -> float:
        """The diagonal of its box."""
        return float(np.linalg.norm(self.high - self.low))

    @cached_property
    def points(self) -> Floats:
        """The vertices that its faces use, in world space."""
        if self.triangles is None:
            return self.thing.points[self.thing.shape.used]
        return self.thing.points[np.unique(self.triangles)]

    @cached_property
    def tree(self) -> BVHTree:
        """Its own triangles."""
        return self.thing.tree if self.triangles is None else tree_of(self.thing.points, self.triangles)

    @property
    def words(self) -> str:
        """How a report names it."""
        return self.thing.name if self.triangles is None else f"A loose part of {self.thing.name}"


def bodies_of(thing: Thing, topology: Topology) -> list[Body]:
    """The thing's clusters: parts whose boxes touch are one. A scatter of very many is taken as one."""
    parts = topology.parts
    closed = bool(topology.closed[parts].all())
    whole = [Body(thing, thing.low, thing.high, closed=closed)]
    if thing.kind != "MESH" or not 1 < len(parts) <= 40 * SCATTER_PARTS:
        return whole
    low, high = topology.boxes(thing.points)
    cluster = clusters(low, high, TOUCH_WITHIN_MESH * thing.across)
    count = int(cluster.max()) + 1
    if not 1 < count <= SCATTER_PARTS:
        return whole
    part = np.searchsorted(parts, topology.face_part[thing.shape.triangle_face])
    return [
        Body(
            thing,
            low[cluster == i].min(axis=0),
            high[cluster == i].max(axis=0),
            thing.triangles[cluster[part] == i],
            closed,
        )
        for i in range(count)
    ]


def clusters(low: Floats, high: Floats, gap: float) -> Ints:
    """The cluster of each box; boxes nearer than `gap` are in one."""
    return connected(len(low), box_pairs(low, high, gap))


def box_pairs(low: Floats, high: Floats, gap: float | Floats) -> Ints:
    """Pairs of boxes nearer than `gap` (one number, or one a box: the smaller counts), by a sweep along X."""
    gaps = np.broadcast_to(np.asarray(gap, dtype=float), (len(low),))
    order = np.argsort(low[:, 0])
    starts = low[order, 0]
    found = [np.empty((0, 2), dtype=np.int32)]
    for rank, i in enumerate(order):
        end = int(np.searchsorted(starts, high[i, 0] + gaps[i], side="right"))
        later = order[rank + 1 : end]
        if not len(later):
            continue
        room = np.minimum(gaps[i], gaps[later])[:, None]
        near = ((low[later] <= high[i] + room) & (low[i] <= high[later] + room)).all(axis=1)
        partners = later[near]
        found.append(np.stack([np.full(len(partners), i), partners], axis=1).astype(np.int32))
    return np.concatenate(found)


def in_contact(one: Body, other: Body, tolerance: float, samples: int = SAMPLES_AT_MOST) -> bool:
    """They touch, or run into each other; so many points of each are measured against the other."""
    return (
        bool(one.tree.overlap(other.tree))
        or _points_near(one, other, tolerance, samples)
        or _points_near(other, one, tolerance, samples)
        or (other.closed and _within(one, other))
        or (one.closed and _within(other, one))
        or column_gap(one, other) <= tolerance
    )


def distance_between(one: Body, other: Body) -> float:
    """How far two bodies that do not touch are apart, at sampled points of both."""
    return min(_least_distance(one, other), _least_distance(other, one))


def _least_distance(one: Body, other: Body) -> float:
    points = one.points[:: len(one.points) // DISTANCE_SAMPLES + 1]
    distances = [other.tree.find_nearest(point)[3] for point in points.tolist()]
    return min((distance for distance in distances if distance is not None), default=float("inf"))


def _within(inner: Body, outer: Body) -> bool:
    boxed = bool((inner.low >= outer.low).all() and (inner.high <= outer.high).all())
    return boxed and encloses(outer.tree, inner.points[0])


def _points_near(one: Body, other: Body, tolerance: float, samples: int) -> bool:
    points = one.points[within(one.points, other.low - tolerance, other.high + tolerance)]
    points = points[:: len(points) // samples + 1]
    return any(other.tree.find_nearest(point, tolerance)[0] is not None for point in points.tolist())


def column_gap(one: Body, other: Body) -> float:
    """The least gap along the axis on which the boxes are the furthest apart, in sample columns; inf if none."""
    apart = np.maximum(one.low - other.high, other.low - one.high)
    axis = int(apart.argmax())
    first, second = (one, other) if one.low[axis] < other.low[axis] else (other, one)
    low, high = np.maximum(one.low, other.low), np.minimum(one.high, other.high)
    return _gap_along(first, second, axis, low, high)


def gap_below(body: Body, other: Body) -> float:
    """How far the body would fall onto the other, in sample columns and at the vertices of both; inf: it misses."""
    low, high = np.maximum(body.low, other.low), np.minimum(body.high, other.high)
    if (low[:2] > high[:2]).any() or other.low[2] > body.high[2]:
        return float("inf")
    return min(
        _gap_along(other, body, 2, low, high),
        _fall(body.points, other, low, high, -1.0),
        _fall(other.points, body, low, high, 1.0),
    )


def _fall(points: Floats, onto: Body, low: Floats, high: Floats, way: float) -> float:
    over = points[within(points[:, :2], low, high)]
    over = over[:: len(over) // 200 + 1]
    distances = [onto.tree.ray_cast(point, (0, 0, way))[3] for point in over.tolist()]
    return min((distance for distance in distances if distance is not None), default=float("inf"))


def _gap_along(first: Body, second: Body, axis: int, low: Floats, high: Floats) -> float:
    """From the top of the first to the bottom of the second along the axis, in a grid of columns."""
    sides = [a for a in range(3) if a != axis]
    grids = [np.linspace(low[a], high[a], 7)[1:-1] for a in sides]
    margin = 0.01 * (first.across + second.across)
    up, down = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    up[axis], down[axis] = 1.0, -1.0
    least = float("inf")
    for u in grids[0].tolist():
        for v in grids[1].tolist():
            start = [0.0, 0.0, 0.0]
            start[sides[0]], start[sides[1]] = u, v
            start[axis] = float(max(first.high[axis], second.high[axis])) + margin
            top = first.tree.ray_cast(start, down)[0]
            if top is None:
                continue
            distance = second.tree.ray_cast(top, up)[3]
            if distance is not None:
                least = min(least, float(distance))
    return least


def largest(bodies: Sequence[Body]) -> Body:
    """The body that the others go with."""
    return max(bodies, key=lambda body: body.across)
