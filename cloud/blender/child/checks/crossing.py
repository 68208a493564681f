"""Meshes that run through themselves."""

from collections.abc import Iterator

import numpy as np

from cloud.blender.child.checks.finding import Finding, Severity
from cloud.blender.child.checks.limits import CROSSING
from cloud.blender.child.checks.scene import Thing, touching_faces
from cloud.blender.child.checks.space import Floats, tree_of
from cloud.blender.child.checks.topology import Topology
from cloud.blender.child.wording import counted, triple


def self_intersection(thing: Thing, topology: Topology) -> Iterator[Finding]:
    """A part that runs through itself is a fault; closed parts of one mesh that run through each other a note."""
    if thing.kind != "MESH" or _cannot_cross(topology):
        return
    suspects = np.flatnonzero(np.isin(thing.shape.triangle_face, touching_faces(thing)))
    if not len(suspects):
        return
    tree = tree_of(thing.points, thing.triangles[suspects])
    pairs = np.array(tree.overlap(tree), dtype=np.int64).reshape(-1, 2)
    pairs = suspects[pairs[pairs[:, 0] < pairs[:, 1]]]
    if not len(pairs):
        return
    pairs = pairs[_really_cross(thing.points[thing.triangles[pairs]], CROSSING * thing.across)]
    part = topology.face_part[thing.shape.triangle_face]
    first, second = part[pairs[:, 0]], part[pairs[:, 1]]
    own = pairs[first == second]
    if len(own):
        count = len(np.unique(own))
        around = triple(np.median(thing.points[thing.triangles[own]].reshape(-1, 3), axis=0))
        what = f"runs through itself ({counted(count, 'triangle')}, about {around})"
        message = f"{thing.name} {what}: move the vertices apart or remesh."
        yield Finding("self_intersection", "warning", thing.name, message, count=count)
        return
    solid = topology.closed[first] & topology.closed[second]
    if solid.any():
        parts = len(np.unique(np.concatenate([first[solid], second[solid]])))
        count = len(np.unique(pairs[solid]))
        message = (
            f"{thing.name} has {parts} closed parts that run through each other: fine to look at, else union them."
        )
        severity: Severity = "note"
        yield Finding("self_intersection", severity, thing.name, message, count=count)


def _cannot_cross(topology: Topology) -> bool:
    """Convex parts in boxes that lie apart."""
    parts = topology.parts
    if not len(parts) or not topology.convex[parts].all():
        return False
    if len(parts) == 1:
        return True
    if len(parts) > 200:
        return False
    low, high = topology.boxes(topology.shape.points)
    meet = ((low[:, None] < high[None]) & (low[None] < high[:, None])).all(axis=2)
    return not np.triu(meet, 1).any()


def _really_cross(corners: Floats, least: float) -> np.ndarray:
    """Of pairs of triangles, (n, 2, 3, 3): each has corners clearly on both sides of the other's plane."""
    crossing = np.ones(len(corners), dtype=bool)
    for one, other in ((0, 1), (1, 0)):
        a, b, c = (corners[:, one, k] for k in range(3))
        normal = np.cross(b - a, c - a)
        size = np.linalg.norm(normal, axis=1, keepdims=True)
        normal = normal / np.where(size > 0, size, 1)
        height = np.einsum("nkj,nj->nk", corners[:, other] - a[:, None], normal)
        crossing &= (height.max(axis=1) > least) & (height.min(axis=1) < -least)
    return crossing
