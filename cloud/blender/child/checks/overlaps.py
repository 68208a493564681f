"""Things that run into each other, and how deep."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import mathutils
import numpy as np

from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.kin import are_kin, belong_together, is_copy
from cloud.blender.child.checks.layers import layer_thickness
from cloud.blender.child.checks.limits import (
    EXACT_OVERLAP_TRIANGLES,
    LET_IN,
    LET_IN_DEEP,
    LET_IN_FAMILY,
    LET_IN_HELD,
    LET_IN_LAYERS,
    LET_IN_LAYERS_DEEP,
    NEARLY_CONVEX,
    NEW_DIRECTIONS,
    ROUGH_SAMPLES,
    SAMPLES_AT_MOST,
    SCATTERED_COPIES,
    SWALLOWED,
    THROUGH,
)
from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.checks.space import Floats, encloses, within
from cloud.blender.child.checks.standing import Standing
from cloud.blender.child.checks.topology import Topology


def overlap_findings(
    pairs: Sequence[tuple[Thing, Thing]],
    topologies: dict[object, Topology],
    standing: Standing,
    late: Callable[[str, int], bool],
) -> Iterator[Finding]:
    """A finding for each pair that runs into each other deeper than parts are let into each other on purpose.

    `late` is told what would be left out and how many pairs were tried, and says whether to stop.
    """
    solids = Solids(topologies)
    copies = Counter(thing.shape for thing in {body.thing for body in standing.bodies})
    tried = 0
    for done, (first, second) in enumerate(pairs):
        small, large = sorted((first, second), key=lambda thing: float(thing.dimensions.max()))
        if small.see_through or large.see_through:
            continue
        reach = float(small.dimensions.max())
        kin = are_kin(first, second)
        silent = (LET_IN_FAMILY if kin else LET_IN) * reach
        layers = layer_thickness(small, large)
        if layers is not None:
            silent = min(silent, LET_IN_LAYERS * layers)
        if box_depth(first, second) <= silent:
            continue
        if late(f"the last {len(pairs) - done} of {len(pairs)} near pairs", tried):
            return
        tried += 1
        depth = solids.depth(small, large, silent)
        if depth.way_out <= silent:
            continue
        scattered = small.shape is large.shape and copies[small.shape] >= SCATTERED_COPIES
        mild = kin or scattered or belong_together(first, second) or _is_joint(small, large, depth, standing)
        if layers is not None and depth.way_out > LET_IN_LAYERS_DEEP * layers and is_copy(small, large):
            mild = scattered
        mend = "fine if one is let into the other" if mild else f"move them apart{_otherwise(small, large)}"
        message = f"{small.name} and {large.name} {depth.words}: {mend}."
        severity: Severity = "note" if mild else "warning"
        yield Finding("interpenetration", severity, small.name, message, large.name, value=depth.value, unit="m")


def _otherwise(small: Thing, large: Thing) -> str:
    """What else may be right."""
    if _is_swallowed(small, large):
        return f"; {small.name} lies wholly inside and is not seen"
    return ", or parent one to the other if they are one thing"


def _is_joint(small: Thing, large: Thing, depth: "Depth", standing: Standing) -> bool:
    """As deep as parts are let into each other that are joined so, and not out of sight."""
    reach = float(small.dimensions.max())
    if depth.way_out > LET_IN_HELD * reach or (depth.way_out > LET_IN * reach and _is_swallowed(small, large)):
        return False
    held = standing.holds(small, large) or standing.holds(large, small)
    return held or depth.way_out <= LET_IN_DEEP * reach


def _is_swallowed(small: Thing, large: Thing) -> bool:
    """All of the one lies inside the other: a fork in a table top."""
    if (small.low < large.low).any() or (small.high > large.high).any():
        return False
    points = small.points[small.shape.used]
    points = points[:: len(points) // SWALLOWED + 1]
    return all(encloses(large.tree, point) for point in points)


@dataclass(frozen=True)
class Depth:
    """How deep two things run into each other, in metres: `way_out` is what one would have to move at most.

    `value` is what is told: the way out where it was tried, how deep they lie in each other at the deepest place where
    that is less, or what only their boxes say; `wording` says which.
    """

    way_out: float
    value: float
    wording: str = "run {} into each other"

    @property
    def words(self) -> str:
        """What the two do, after their names."""
        return self.wording.format(length(self.value))


_BY_BOXES = "run into each other (their boxes overlap by {})"
_AT_THE_DEEPEST = "run into each other ({} at the deepest)"


class Solids:
    """Depths of overlaps, each solid made once."""

    def __init__(self, topologies: dict[object, Topology]) -> None:
        self._topologies = topologies
        self._made: dict[Thing, object | None] = {}
        self._exact_left = EXACT_OVERLAP_TRIANGLES

    def depth(self, small: Thing, large: Thing, least: float) -> Depth:
        """How far the smaller has to move to be out of the larger; 0 where they do not overlap.

        Nothing is told to lie deeper in another than it is large itself, or than their boxes share.
        """
        depth = self._measured(small, large, least)
        value = min(depth.value, box_depth(small, large), float(small.dimensions.max()))
        return replace(depth, value=value)

    def _measured(self, small: Thing, large: Thing, least: float) -> Depth:
        crossing = bool(small.tree.overlap(large.tree))
        if not crossing and not self._contained(small, large):
            return Depth(0.0, 0.0)
        work = len(small.shape.triangles) + len(large.shape.triangles)
        if crossing and work > self._exact_left:
            rough = _depth_of_sheet(small, large, ROUGH_SAMPLES)
            boxes = box_depth(small, large)
            return Depth(rough, rough) if rough else Depth(boxes, boxes, _BY_BOXES)
        self._exact_left -= work
        one, other = self._solid(small), self._solid(large)
        if one is None or other is None:
            depth = _depth_of_sheet(small, large) if crossing else float(small.dimensions.min())
            return Depth(depth, depth)
        way_out, tried = self._depth_of_solids(one, other, _directions(small, large), least)
        through = way_out > THROUGH * float(small.dimensions.max())
        known = tried or (_is_convex(one) and _is_convex(other))
        if known and not through:
            return Depth(way_out, way_out)
        # In a hollow, what the boxes share is no depth; what goes through another has a longer way out than it is deep.
        deepest = _deepest(one ^ other, small, large)  # pyright: ignore[reportOperatorIssue]
        if known and deepest <= LET_IN * float(small.dimensions.max()):  # at the very place of the other
            return Depth(way_out, way_out)
        return Depth(way_out, min(way_out, deepest), _AT_THE_DEEPEST)

    def _contained(self, small: Thing, large: Thing) -> bool:
        """No surface crosses another; the smaller may still lie inside, or on the very place of the larger."""
        closed = self._topologies[large.shape]
        if not closed.closed[closed.parts].any() or self._solid(large) is None:
            return False
        box = np.minimum(small.high, large.high) - np.maximum(small.low, large.low)
        if (box < 0.9 * small.dimensions).any():
            return False
        corners = small.points[small.shape.triangles.ravel()]
        inner = 0.999 * corners[0] + 0.001 * corners.mean(axis=0)
        return encloses(large.tree, inner)

    def _depth_of_solids(self, one: object, other: object, directions: Floats, least: float) -> tuple[float, bool]:
        """The way out, and whether it was tried; else it is what the extents share, along the best direction."""
        common = one ^ other  # pyright: ignore[reportOperatorIssue]
        if common.is_empty():
            return 0.0, True
        pieces = [np.asarray(piece.to_mesh().vert_properties)[:, :3] for piece in common.decompose()]
        thick = np.max([np.ptp(piece @ directions.T, axis=0) for piece in pieces], axis=0)
        ends = [np.asarray(solid.to_mesh().vert_properties)[:, :3] @ directions.T for solid in (one, other)]  # pyright: ignore[reportAttributeAccessIssue]
        # A fork that goes through a table top has no more in common with it than its own thickness, which frees it not.
        own = [np.ptp(end, axis=0) for end in ends]
        thin = min(float(size.min()) for size in own) <= min(least, LET_IN * min(float(size.max()) for size in own))
        if thick.min() <= least and not thin:
            return float(thick.min()), True
        forward, back = ends[1].max(axis=0) - ends[0].min(axis=0), ends[0].max(axis=0) - ends[1].min(axis=0)
        shared = float(np.minimum(forward, back).min())
        limit = 0.02 * common.volume()
        for axis in np.argsort(thick)[:NEW_DIRECTIONS]:
            if thick[axis] >= shared:
                break
            for way in (1, -1):
                moved = one.translate((1.01 * way * thick[axis] * directions[axis]).tolist())  # pyright: ignore[reportAttributeAccessIssue]
                if (moved ^ other).volume() <= limit:
                    return float(thick[axis]), True
        return shared, False

    def _solid(self, thing: Thing) -> object | None:
        """The closed parts of a thing as one solid; None where most of it is open or broken."""
        if thing not in self._made:
            self._made[thing] = _make_solid(thing, self._topologies[thing.shape])
        return self._made[thing]


def _make_solid(thing: Thing, topology: Topology) -> object | None:
    import manifold3d

    closed = topology.closed
    if len(topology.inside_out) == len(topology.parts):  # a room, or a fault of its own: it has no inside to be in
        return None
    if topology.part_area[closed].sum() < 0.8 * topology.part_area.sum():
        return None
    chosen = closed[topology.face_part[thing.shape.triangle_face]]
    triangles = topology.welded[thing.triangles[chosen]]
    turned = np.isin(topology.face_part[thing.shape.triangle_face[chosen]], topology.inside_out)
    triangles[turned] = triangles[turned][:, ::-1]
    used, triangles = np.unique(triangles, return_inverse=True)
    mesh = manifold3d.Mesh(thing.points[used].astype(np.float32), triangles.reshape(-1, 3).astype(np.uint32))
    solid = manifold3d.Manifold(mesh)
    return solid if solid.status() == manifold3d.Error.NoError and solid.volume() > 0 else None


def _is_convex(solid: object) -> bool:
    return solid.hull().volume() <= NEARLY_CONVEX * solid.volume()  # pyright: ignore[reportAttributeAccessIssue]


def _deepest(common: object, small: Thing, large: Thing) -> float:
    """How far the surface of the one lies inside the other, at the deepest place of what they have in common."""
    fineness = np.sqrt(common.surface_area() / SAMPLES_AT_MOST)  # pyright: ignore[reportAttributeAccessIssue]
    points = np.asarray(common.refine_to_length(2 * fineness).to_mesh().vert_properties)[:, :3]  # pyright: ignore[reportAttributeAccessIssue]
    points = points[:: len(points) // SAMPLES_AT_MOST + 1].tolist()
    distances = (thing.tree.find_nearest(point)[3] for thing in (small, large) for point in points)
    return max((distance for distance in distances if distance is not None), default=0.0)


def _directions(small: Thing, large: Thing) -> Floats:
    """Where the way out may lie: the world's axes, both things' own, and from middle to middle."""
    own = [thing.matrix[:3, :3].T for thing in (small, large)]
    between = ((small.low + small.high) - (large.low + large.high))[None]
    candidates = np.concatenate([np.eye(3), *own, between])
    lengths = np.linalg.norm(candidates, axis=1)
    candidates = candidates[lengths > 1e-9] / lengths[lengths > 1e-9, None]
    keep = [i for i, c in enumerate(candidates) if not any(abs(c @ d) > 0.9999 for d in candidates[:i])]
    return candidates[keep]


def box_depth(one: Thing, other: Thing) -> float:
    """How far the boxes run into each other."""
    return float(np.minimum(one.high - other.low, other.high - one.low).min())


def _depth_of_sheet(small: Thing, large: Thing, samples: int = SAMPLES_AT_MOST) -> float:
    """For open meshes: how far the points of the one pass the surface of the other, on the side where it is less."""
    return max(_passing(small, large, samples), _passing(large, small, samples))


def _passing(thing: Thing, surface: Thing, samples: int) -> float:
    points = thing.points[within(thing.points, surface.low - thing.across, surface.high + thing.across)]
    points = points[:: len(points) // samples + 1]
    front, behind = 0.0, 0.0
    for point in points.tolist():
        place, normal, _, distance = surface.tree.find_nearest(point)
        if place is None or normal is None or distance is None:
            continue
        height = float((mathutils.Vector(point) - place).dot(normal))
        if abs(height) < 0.7 * distance:  # it lies beside the sheet, not before or behind it
            continue
        front, behind = max(front, height), max(behind, -height)
    return min(front, behind)
