"""What is wrong with a mesh by itself: its edges, faces and vertices."""

from collections.abc import Iterator

import numpy as np

from cloud.blender.child.checks.finding import Finding, Severity
from cloud.blender.child.checks.limits import (
    DOUBLED_PART,
    FACE_SIZED_HOLE_EDGES,
    SHEET_OPENING,
    SMALL_HOLE,
    SMALL_HOLE_IN_SHEET,
    WELD,
    ZERO_AREA,
)
from cloud.blender.child.checks.scene import SceneArrays, Thing
from cloud.blender.child.checks.space import Floats, encloses, tree_of
from cloud.blender.child.checks.topology import Topology, connected
from cloud.blender.child.wording import counted

# Odd numbers of 62 bits: a product that wraps around tells rows of integers apart as good as surely.
_MIX = np.random.default_rng(1).integers(2**60, 2**62, 7) | 1


def mesh_faults(scene: SceneArrays, thing: Thing, topology: Topology) -> Iterator[Finding]:
    """Faults of the thing's mesh, but for self-intersection. Curves and texts have no mesh that could be mended."""
    if thing.kind != "MESH":
        return
    yield from _normals(scene, thing, topology)
    yield from _non_manifold(thing, topology)
    yield from _holes(thing, topology)
    yield from _thin_faces(thing)
    yield from _duplicates(thing, topology)
    yield from _loose(thing, topology)


def _normals(scene: SceneArrays, thing: Thing, topology: Topology) -> Iterator[Finding]:
    turned = [part for part in topology.inside_out if not _is_cavity(topology, part)]
    if turned:
        whole = len(turned) == len(topology.parts)
        faces = int(np.isin(topology.face_part, turned).sum())
        sky = whole and _holds_the_rest(scene, thing)
        what = "is inside out" if whole else f"has {counted(len(turned), 'inside-out part')}"
        mend = "meant if it is seen from within" if sky else "recalculate normals outside"
        message = f"{thing.name} {what} ({counted(faces, 'face')}): {mend}."
        yield Finding("flipped_normals", "note" if sky else "error", thing.name, message, count=faces)
    wrong = topology.disagreeing_edges
    if wrong.any():
        edges, faces = topology.edge_faces
        agreeing = faces[~wrong[edges]]
        patch = connected(len(topology.shape.face_start), agreeing)
        area = np.bincount(patch, topology.shape.face_area)
        largest = np.zeros(int(topology.part.max()) + 1)
        np.maximum.at(largest, topology.face_part, area[patch])
        count = int((area[patch] < largest[topology.face_part]).sum()) or int(wrong.sum())
        message = (
            f"{thing.name} has {counted(count, 'face')} turned against the neighbours: recalculate normals outside."
        )
        yield Finding("inconsistent_normals", "warning", thing.name, message, count=count)


def _is_cavity(topology: Topology, part: int) -> bool:
    """The part lies in a closed part that is the right way out: a hollow, whose normals belong inwards."""
    shape = topology.shape
    point = shape.points[topology.part == part][0]
    for other in topology.parts:
        if other == part or not topology.closed[other] or topology.part_volume[other] <= 0:
            continue
        own = shape.points[topology.part == other]
        if (own.min(axis=0) < point).all() and (point < own.max(axis=0)).all():
            inside = shape.triangles[topology.face_part[shape.triangle_face] == other]
            if encloses(tree_of(shape.points, inside), point):
                return True
    return False


def _holds_the_rest(scene: SceneArrays, thing: Thing) -> bool:
    """Nearly all other things stand in its box: a sky or a room."""
    others = [other for other in scene.things if other is not thing and len(other.shape.triangles)]
    held = sum(bool((other.low >= thing.low).all() and (other.high <= thing.high).all()) for other in others)
    return bool(others) and held >= 0.8 * len(others)


def _non_manifold(thing: Thing, topology: Topology) -> Iterator[Finding]:
    count = int((topology.faces_per_edge > 2).sum())
    if count:
        what = f"has {counted(count, 'edge')} with more than two faces"
        message = f"{thing.name} {what}: delete the inner faces or split the edges."
        yield Finding("non_manifold_edges", "warning", thing.name, message, count=count)


def _holes(thing: Thing, topology: Topology) -> Iterator[Finding]:
    """Openings, judged by their share of the part: a sheet is open by nature, a body with a missing face is not."""
    directed, parts = topology.rim
    directed, parts = directed[~topology.seams], parts[~topology.seams]
    component = connected(len(topology.shape.points), directed)
    # A rim that ends is no opening: it is the free side of a face that sticks out of a non-manifold edge.
    ends = np.bincount(directed.ravel(), minlength=len(component)) % 2 == 1
    loops = ~np.isin(component[directed[:, 0]], component[ends])
    directed, parts = directed[loops], parts[loops]
    if not len(directed):
        return
    loop = component[directed[:, 0]]
    _, loop = np.unique(loop, return_inverse=True)
    edges = np.bincount(loop)
    share = _opening_area(topology.shape.points[directed], loop) / np.maximum(
        topology.part_area[parts[np.unique(loop, return_index=True)[1]]], 1e-30
    )
    part = parts[np.unique(loop, return_index=True)[1]]
    largest = np.zeros(int(part.max()) + 1)
    np.maximum.at(largest, part, share)
    sheet = largest[part] >= SHEET_OPENING
    outline = share >= SHEET_OPENING
    face_sized = edges <= FACE_SIZED_HOLE_EDGES
    hole = np.where(sheet, face_sized & (share <= SMALL_HOLE_IN_SHEET), face_sized | (share <= SMALL_HOLE))
    holes, openings = hole & ~outline, ~hole & ~outline
    if holes.any():
        yield _hole(thing, "warning", int(holes.sum()), int(edges[holes].sum()))
    elif openings.any():
        yield _hole(thing, "note", int(openings.sum()), int(edges[openings].sum()))


def _hole(thing: Thing, severity: Severity, holes: int, edges: int) -> Finding:
    what = counted(holes, "hole" if severity == "warning" else "wide opening")
    mend = "fill them" if severity == "warning" else "fine for a cup or a tube; fill or solidify if it should be solid"
    message = f"{thing.name} has {what} ({counted(edges, 'boundary edge')}): {mend}."
    return Finding("boundary_edges", severity, thing.name, message, count=edges)


def _opening_area(ends: Floats, loop: np.ndarray) -> Floats:
    """The area that each rim spans: the length of its summed area vectors."""
    center = np.stack([np.bincount(loop, ends[:, 0, axis]) for axis in range(3)], axis=1)
    center /= np.bincount(loop)[:, None]
    local = ends - center[loop][:, None]
    spans = np.cross(local[:, 0], local[:, 1]) / 2
    return np.linalg.norm(np.stack([np.bincount(loop, spans[:, axis]) for axis in range(3)], axis=1), axis=1)


def _thin_faces(thing: Thing) -> Iterator[Finding]:
    shape = thing.shape
    if not len(shape.face_start):
        return
    ends = shape.points[shape.edges]
    edge_length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    perimeter = np.add.reduceat(edge_length[shape.corner_edge], shape.face_start)
    count = int((shape.face_area <= ZERO_AREA * perimeter**2).sum())
    if count:
        message = (
            f"{thing.name} has {counted(count, 'face')} without area: merge by distance, or dissolve degenerate faces."
        )
        yield Finding("zero_area_faces", "warning", thing.name, message, count=count)


def _duplicates(thing: Thing, topology: Topology) -> Iterator[Finding]:
    shape, limit = thing.shape, WELD * thing.shape.across
    directed, _ = topology.rim
    seam_places = np.unique(directed[topology.seams])
    count = int(np.isin(topology.welded, seam_places).sum() - len(seam_places))
    ends = shape.points[shape.edges]
    count += int((np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) <= limit).sum())
    count += _loose_on_others(topology, limit)
    doubled = _doubled_faces(topology, limit)
    if "REMESH" in thing.modifiers:  # it leaves such pairs where its surface pinches, and nobody can weld them
        count = 0
    if count or doubled:
        severity: Severity = "note" if "EDGE_SPLIT" in thing.modifiers else "warning"
        what = f"{counted(doubled, 'face')} on top of others"
        if not doubled:
            what = f"{counted(count, 'vertex', 'vertices')} at the place of others"
        message = f"{thing.name} has {what}: merge by distance."
        yield Finding("duplicate_vertices", severity, thing.name, message, count=max(count, doubled))


def _loose_on_others(topology: Topology, limit: float) -> int:
    """Vertices without a face that lie on another vertex."""
    from scipy.spatial import KDTree

    shape = topology.shape
    loose = np.setdiff1d(np.arange(len(shape.points)), shape.corner_point)
    if not len(loose) or len(loose) == len(shape.points):
        return 0
    used = np.setdiff1d(np.arange(len(shape.points)), loose)
    distance, _ = KDTree(shape.points[used]).query(shape.points[loose])
    return int((distance <= limit).sum())


def _doubled_faces(topology: Topology, limit: float) -> int:
    """Faces of parts that lie on others whole: same places, same sizes, looking the same way.

    Single faces of two parts may well coincide: boards that meet at a corner.
    """
    shape = topology.shape
    if len(shape.face_start) < 2 or limit <= 0:
        return 0
    places = np.round(np.concatenate([shape.face_center / limit, shape.face_normal * 100], axis=1)).astype(np.int64)
    size = np.round(np.sqrt(shape.face_area) / limit).astype(np.int64)
    mixed = np.column_stack([places, size]) @ _MIX
    _, where, times = np.unique(mixed, return_inverse=True, return_counts=True)
    doubled = (times > 1)[where] & (shape.face_area > 1e-12 * shape.across**2)
    faces = np.bincount(topology.face_part, minlength=int(topology.part.max()) + 1)
    share = np.bincount(topology.face_part, doubled, minlength=len(faces)) / np.maximum(faces, 1)
    return int((doubled & (share >= DOUBLED_PART)[topology.face_part]).sum())


def _loose(thing: Thing, topology: Topology) -> Iterator[Finding]:
    shape = thing.shape
    edges = int((topology.faces_per_edge == 0).sum())
    points = int((np.bincount(shape.edges.ravel(), minlength=len(shape.points)) == 0).sum())
    if not edges + points:
        return
    what = " and ".join(
        text
        for count, text in (
            (points, counted(points, "vertex", "vertices")),
            (edges, counted(edges, "edge without faces", "edges without faces")),
        )
        if count
    )
    severity: Severity = "warning" if len(shape.face_start) else "note"
    message = f"{thing.name} has loose geometry ({what}), which no render shows: delete loose."
    yield Finding("loose_geometry", severity, thing.name, message, count=edges + points)
