"""Flat things of one size that lie on each other: books, boards, sheets. They are measured by their thickness."""

import numpy as np

from cloud.blender.child.checks.kin import is_copy
from cloud.blender.child.checks.limits import LAYER_ALIKE, LAYER_COVERS, LAYER_FLAT
from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.checks.space import Floats

_PARALLEL = 0.95


def layer_thickness(one: Thing, other: Thing) -> float | None:
    """The lesser thickness of two layers, in metres; None where they do not lie face to face, or one is no layer."""
    first, second = _axes(one), _axes(other)
    if first is None or second is None or abs(first[0] @ second[0]) < _PARALLEL:
        return None
    extents = [
        np.array([np.ptp(thing.points @ axis) for axis in axes]) for thing, axes in ((one, first), (other, second))
    ]
    faces = [float(extent[1] * extent[2]) for extent in extents]
    if min(faces) < LAYER_ALIKE * max(faces) or _shared_face(one, other, first) < LAYER_COVERS * min(faces):
        return None
    if _is_inlay(one, other, first[0]) and not is_copy(one, other):
        return None
    return float(min(extent[0] for extent in extents))


def _is_inlay(one: Thing, other: Thing, axis: Floats) -> bool:
    """The thickness of the one lies within that of the other: the pages of a book in its cover."""
    (low, high), (other_low, other_high) = (
        (ends.min(), ends.max()) for ends in (one.points @ axis, other.points @ axis)
    )
    return bool(low >= other_low and high <= other_high) or bool(low <= other_low and high >= other_high)


def _axes(thing: Thing) -> Floats | None:
    """The thing's own axes in world space, the thinnest first; None where it is not flat, or has no thickness."""
    lengths = np.linalg.norm(thing.matrix[:3, :3], axis=0)
    extents = np.ptp(thing.shape.points[thing.shape.used], axis=0) * lengths
    thin, middle, wide = (int(axis) for axis in np.argsort(extents))
    if not 1e-3 * extents[middle] < extents[thin] <= LAYER_FLAT * extents[middle]:
        return None
    return (thing.matrix[:3, :3] / lengths).T[[thin, middle, wide]]


def _shared_face(one: Thing, other: Thing, axes: Floats) -> float:
    """How much of their faces lies over each other, by their extents along the one's axes."""
    shared = 1.0
    for axis in axes[1:]:
        first, second = one.points @ axis, other.points @ axis
        shared *= max(0.0, float(min(first.max(), second.max()) - max(first.min(), second.min())))
    return shared
