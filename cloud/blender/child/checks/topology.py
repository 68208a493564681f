"""How a mesh hangs together: its parts, its rims and which of its parts are closed.

Rims that lie on each other are taken as welded, so that an unwelded seam is one fault (duplicate vertices) and
not also a hole.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cloud.blender.child.checks.limits import FLAT_VOLUME, WELD
from cloud.blender.child.checks.scene import Shape
from cloud.blender.child.checks.space import Floats, Ints


@dataclass(eq=False)
class Topology:
    """Facts of one finite shape. "Part": what hangs together by edges and welded rims."""

    shape: Shape

    @cached_property
    def faces_per_edge(self) -> Ints:
        """How many faces meet at each edge."""
        return np.bincount(self.shape.corner_edge, minlength=len(self.shape.edges)).astype(np.int32)

    @cached_property
    def welded(self) -> Ints:
        """For each vertex the one that stands for its place; itself unless it lies on a rim."""
        from scipy.spatial import KDTree

        stands_for = np.arange(len(self.shape.points), dtype=np.int32)
        rim = np.unique(self.shape.edges[self.faces_per_edge == 1])
        if len(rim) < 2:
            return stands_for
        tree = KDTree(self.shape.points[rim])
        pairs = tree.query_pairs(WELD * self.shape.across, output_type="ndarray")
        label = connected(len(rim), pairs)
        _, first = np.unique(label, return_index=True)
        stands_for[rim] = rim[first[label]]
        return stands_for

    @cached_property
    def part(self) -> Ints:
        """The part of each vertex."""
        return connected(len(self.shape.points), self.welded[self.shape.edges], self.welded)

    @cached_property
    def face_part(self) -> Ints:
        """The part of each face."""
        return self.part[self.shape.corner_point[self.shape.face_start]]

    @cached_property
    def parts(self) -> Ints:
        """The parts that have faces."""
        return np.unique(self.face_part)

    @cached_property
    def part_area(self) -> Floats:
        """Surface by part."""
        return np.bincount(self.face_part, self.shape.face_area, minlength=self._labels).astype(np.float64)

    @cached_property
    def rim(self) -> tuple[Ints, Ints]:
        """Edges of one face alone: (edge, 2) welded vertices in the direction of their face, and the part of each."""
        is_rim = self.faces_per_edge[self.shape.corner_edge] == 1
        corners = np.flatnonzero(is_rim)
        start = self.shape.corner_point[corners]
        ends = self.shape.edges[self.shape.corner_edge[corners]].sum(axis=1) - start
        return self.welded[np.stack([start, ends], axis=1)], self.part[start]

    @cached_property
    def seams(self) -> NDArray[np.bool_]:
        """Which of `rim` lie on another of them: closed but for welding."""
        directed, _ = self.rim
        key = np.sort(directed, axis=1).astype(np.int64) @ np.array([len(self.shape.points) + 1, 1], dtype=np.int64)
        _, where, times = np.unique(key, return_inverse=True, return_counts=True)
        return (times > 1)[where] & (directed[:, 0] != directed[:, 1])

    @cached_property
    def disagreeing_edges(self) -> NDArray[np.bool_]:
        """Edges whose two faces are wound against each other."""
        forward = self.shape.corner_point == self.shape.edges[self.shape.corner_edge, 0]
        total = np.bincount(self.shape.corner_edge, forward, minlength=len(self.shape.edges))
        return (self.faces_per_edge == 2) & (total != 1)

    @cached_property
    def closed(self) -> NDArray[np.bool_]:
        """By label: a part without a rim, whose edges have two faces each that agree."""
        bad = np.zeros(self._labels, dtype=bool)
        wrong = self.disagreeing_edges | (self.faces_per_edge > 2)
        bad[self.part[self.shape.edges[wrong, 0]]] = True
        _, parts = self.rim
        bad[parts[~self.seams]] = True
        has_faces = np.bincount(self.face_part, minlength=self._labels) > 0
        return has_faces & ~bad

    @cached_property
    def part_volume(self) -> Floats:
        """Signed volume by part; right for the closed ones."""
        corners = self.shape.points[self.shape.triangles] - self.shape.points.mean(axis=0)
        volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
        volumes = np.bincount(self.face_part[self.shape.triangle_face], volume, minlength=self._labels)
        return volumes.astype(np.float64)

    @cached_property
    def order(self) -> tuple[Ints, Ints]:
        """The vertices that faces use, part after part (in the order of `parts`), and where each part starts."""
        used = np.flatnonzero(self.shape.used)
        used = used[np.argsort(self.part[used], kind="stable")]
        return used.astype(np.int32), np.searchsorted(self.part[used], self.parts).astype(np.int32)

    def boxes(self, points: Floats) -> tuple[Floats, Floats]:
        """The lower and upper corners of all `parts`, where the vertices lie at `points`."""
        used, starts = self.order
        return np.minimum.reduceat(points[used], starts), np.maximum.reduceat(points[used], starts)

    @cached_property
    def inside_out(self) -> Ints:
        """Closed parts whose normals point inwards."""
        return np.flatnonzero(self.closed & (self.part_volume < -FLAT_VOLUME * self.part_area**1.5)).astype(np.int32)

    @cached_property
    def edge_faces(self) -> tuple[Ints, Ints]:
        """Edges of exactly two faces, and (edge, 2) those faces."""
        order = np.argsort(self.shape.corner_edge, kind="stable")
        face = np.repeat(np.arange(len(self.shape.face_start), dtype=np.int32), self.shape.face_size)[order]
        edge = self.shape.corner_edge[order]
        first = np.flatnonzero((self.faces_per_edge[edge] == 2) & np.append(edge[1:] == edge[:-1], False))
        return edge[first], np.stack([face[first], face[first + 1]], axis=1)

    @cached_property
    def convex(self) -> NDArray[np.bool_]:
        """By label: a closed part that bends outwards at every edge, so it cannot run through itself."""
        shape, (_, faces) = self.shape, self.edge_faces
        across = shape.face_center[faces[:, 1]] - shape.face_center[faces[:, 0]]
        inwards = np.einsum("ij,ij->i", across, shape.face_normal[faces[:, 0]])
        dented = inwards * np.sign(self.part_volume)[self.face_part[faces[:, 0]]] > 1e-5 * shape.across
        bad = np.zeros(self._labels, dtype=bool)
        bad[self.face_part[faces[dented, 0]]] = True
        return self.closed & ~bad & (np.bincount(self.rim[1], minlength=self._labels) == 0)

    @cached_property
    def _labels(self) -> int:
        return int(self.part.max()) + 1 if len(self.part) else 0


def connected(count: int, pairs: NDArray[np.integer], also: NDArray[np.integer] | None = None) -> Ints:
    """The component of each of `count` nodes, joined by `pairs`, and each to `also[node]`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = pairs.reshape(-1, 2)
    if also is not None:
        moved = np.flatnonzero(also != np.arange(count))
        ends = np.concatenate([ends, np.stack([moved, also[moved]], axis=1)])
    graph = coo_matrix((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)
