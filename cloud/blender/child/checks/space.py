"""Points, boxes and trees of triangles: what all checks of places are made of."""

from collections.abc import Sequence

import numpy as np
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_SKEWED = np.array([(0.3027, 0.1731, 0.9372), (-0.7119, 0.4133, 0.5678), (0.2117, -0.8761, -0.4331)])
_HITS_AT_MOST = 200


def middle(dimensions: Floats) -> float:
    """The middle one of three dimensions; of a sheet, the smaller that is not its thickness."""
    ordered = np.sort(dimensions)
    return float(ordered[1] if ordered[1] > 1e-3 * ordered[2] else ordered[2])


def tree_of(points: Floats, triangles: Ints) -> BVHTree:
    """A bounding-volume tree of triangles."""
    tree = BVHTree.FromPolygons(points.tolist(), triangles.tolist(), all_triangles=True)
    assert tree is not None  # the stubs say that it may be
    return tree


def within(points: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Which points lie in the box. By columns: four times faster than `all(axis=1)`."""
    inside = np.ones(len(points), dtype=bool)
    for axis in range(points.shape[1]):
        inside &= (points[:, axis] >= low[axis]) & (points[:, axis] <= high[axis])
    return inside


def encloses(tree: BVHTree, point: Sequence[float] | Floats) -> bool:
    """The point lies inside the closed surface: most rays from it leave through an odd number of triangles."""
    votes = 0
    for direction in _SKEWED:
        hits, start = 0, np.array(point, dtype=float)
        while hits < _HITS_AT_MOST:
            place, _, _, distance = tree.ray_cast(start.tolist(), direction.tolist())
            if place is None or distance is None:
                break
            hits += 1
            start = np.array(place) + direction * max(1e-6, 1e-6 * distance)
        votes += hits % 2
    return votes >= 2
