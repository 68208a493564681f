# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOperatorIssue=false
"""Building blocks of every thing: solids added to a bmesh, and the step that makes finished objects of them.

Slots are indices of materials in the order in which `finish_thing` gets their names. Metres, Z up, front to -Y.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import bmesh
from mathutils import Euler, Matrix, Vector, noise

Point = Sequence[float]
"""Two or three coordinates in metres."""


def pose(position: Point = (0, 0, 0), turn: Point = (0, 0, 0), scale: Point = (1, 1, 1)) -> Matrix:
    """The matrix that scales, then turns (degrees about X, Y, Z), then moves."""
    angles = Euler([math.radians(angle) for angle in turn])
    return Matrix.LocRotScale(Vector(position), angles, Vector(scale))


def join_solid(bm: bmesh.types.BMesh, part: bmesh.types.BMesh, slot: int, matrix: Matrix) -> None:
    """Copy `part` into `bm`, moved by `matrix` and in one material slot, and free it."""
    part.verts.index_update()
    verts = [bm.verts.new(matrix @ vert.co) for vert in part.verts]
    for face in part.faces:
        copy = bm.faces.new([verts[vert.index] for vert in face.verts])
        copy.material_index = slot
    part.free()


def bevel_edges(part: bmesh.types.BMesh, width: float, segments: int = 2, min_angle: float = 30.0) -> None:
    """Round the edges that are sharper than `min_angle` degrees, all of one width in metres."""
    limit = math.radians(min_angle)
    edges = [edge for edge in part.edges if edge.calc_face_angle(0.0) > limit]
    if width > 0 and edges:
        bmesh.ops.bevel(
            part, geom=edges, offset=width, segments=segments, profile=0.5, affect="EDGES", clamp_overlap=True
        )
        bmesh.ops.remove_doubles(part, verts=part.verts, dist=width * 1e-3)


def add_box(
    bm: bmesh.types.BMesh,
    center: Point,
    size: Point,
    slot: int = 0,
    bevel: float = 0.0,
    taper: Point = (1, 1),
    turn: Point = (0, 0, 0),
    segments: int = 2,
) -> None:
    """A box with rounded edges. `taper` scales the top in x and y."""
    part = bmesh.new()
    bmesh.ops.create_cube(part, size=1.0, matrix=Matrix.Diagonal((*size, 1.0)))
    for vert in part.verts:
        if vert.co.z > 0:
            vert.co.x *= taper[0]
            vert.co.y *= taper[1]
    bevel_edges(part, min(bevel, min(size) * 0.45), segments)
    join_solid(bm, part, slot, pose(center, turn))


def add_loft(
    bm: bmesh.types.BMesh, rings: Sequence[Sequence[Point]], slot: int = 0, matrix: Matrix | None = None,
    closed: bool = False,
) -> None:  # fmt: skip
    """A skin through rings of equal length; a ring of one point is a tip. The ends are capped unless `closed`."""
    part = bmesh.new()
    loops = [[part.verts.new(point) for point in ring] for ring in rings]
    pairs = list(pairwise(loops)) + ([(loops[-1], loops[0])] if closed else [])
    for lower, upper in pairs:
        count = max(len(lower), len(upper))
        for i in range(count):
            j = (i + 1) % count
            corners = [lower[i % len(lower)], lower[j % len(lower)], upper[j % len(upper)], upper[i % len(upper)]]
            around = list(dict.fromkeys(corners))
            if len(around) > 2:
                part.faces.new(around)
    for loop in () if closed else (loops[0], loops[-1]):
        if len(loop) > 2:
            part.faces.new(loop)
    join_solid(bm, part, slot, matrix or Matrix())


def add_lathe(
    bm: bmesh.types.BMesh, profile: Sequence[Point], slot: int = 0, segments: int = 32, base: Point = (0, 0, 0),
    turn: Point = (0, 0, 0), closed: bool = False,
) -> None:  # fmt: skip
    """A profile of (radius, z) turned about z. `closed` joins its end to its start, as for a ring."""
    rings = []
    for radius, z in profile:
        if radius < 1e-6:
            if not rings or len(rings[-1]) > 1:
                rings.append([(0.0, 0.0, z)])
            continue
        angles = (2 * math.pi * i / segments for i in range(segments))
        rings.append([(radius * math.cos(a), radius * math.sin(a), z) for a in angles])
    add_loft(bm, rings, slot, pose(base, turn), closed)


def add_cylinder(
    bm: bmesh.types.BMesh, base: Point, radius: float, height: float, slot: int = 0, segments: int = 32,
    top: float | None = None, bevel: float = 0.0, turn: Point = (0, 0, 0),
) -> None:  # fmt: skip
    """A cylinder or frustum that stands on `base`, its rims rounded; `top` is the upper radius."""
    upper = radius if top is None else top
    edge = min(bevel, height * 0.3, radius * 0.6, upper * 0.6 if upper else bevel)
    if edge <= 0:
        profile = [(radius, 0.0), (upper, height)]
    else:
        near = edge * 0.3
        profile = [(radius - edge, 0.0), (radius - near, near), (radius, edge)]
        profile += [(upper, height - edge), (upper - near, height - near), (upper - edge, height)]
    add_lathe(bm, profile, slot, segments, base, turn)


def add_tube(
    bm: bmesh.types.BMesh, points: Sequence[Point], radius: float | Sequence[float], slot: int = 0,
    segments: int = 12, flat: float = 1.0, closed: bool = False,
) -> None:  # fmt: skip
    """A round bar along `points`; `radius` may differ per point (0 is a tip), `flat` squeezes it sideways."""
    path = [Vector(point) for point in points]
    radii = [radius] * len(path) if isinstance(radius, (int, float)) else list(radius)
    rings: list[list[Vector]] = []
    side = None
    for i, point in enumerate(path):
        after = path[(i + 1) % len(path)] if closed else path[min(i + 1, len(path) - 1)]
        before = path[i - 1] if closed or i > 0 else path[0]
        along = (after - before).normalized()
        if side is None:
            side = along.cross(Vector((0, 0, 1)) if abs(along.z) < 0.9 else Vector((0, 1, 0)))
        side = (side - along * side.dot(along)).normalized()
        up = side.cross(along)
        if radii[i] < 1e-6:
            rings.append([point])
            continue
        angles = (2 * math.pi * k / segments for k in range(segments))
        rings.append([point + (side * math.cos(a) + up * math.sin(a) * flat) * radii[i] for a in angles])
    add_loft(bm, rings, slot, closed=closed)


def add_ball(
    bm: bmesh.types.BMesh, center: Point, radius: float | Point, slot: int = 0, segments: int = 24,
    turn: Point = (0, 0, 0),
) -> None:  # fmt: skip
    """A ball, or an ellipsoid where `radius` has three parts."""
    radii = (radius, radius, radius) if isinstance(radius, (int, float)) else radius
    part = bmesh.new()
    bmesh.ops.create_uvsphere(part, u_segments=segments, v_segments=max(6, segments // 2), radius=1.0)
    join_solid(bm, part, slot, pose(center, turn, radii))


def add_prism(
    bm: bmesh.types.BMesh, outline: Sequence[Point], depth: float, slot: int = 0, bevel: float = 0.0,
    position: Point = (0, 0, 0), turn: Point = (90, 0, 0), segments: int = 2,
) -> None:  # fmt: skip
    """A flat outline given depth, half to each side. As it is, outline x, y become x, z and it faces -Y."""
    part = bmesh.new()
    verts = [part.verts.new((x, y, depth / 2)) for x, y in outline]
    face = part.faces.new(verts)
    extruded = bmesh.ops.extrude_face_region(part, geom=[face], use_keep_orig=True)
    for item in extruded["geom"]:
        if isinstance(item, bmesh.types.BMVert):
            item.co.z -= depth
    bmesh.ops.recalc_face_normals(part, faces=part.faces)
    bevel_edges(part, bevel, segments)
    join_solid(bm, part, slot, pose(position, turn))


def add_blob(
    bm: bmesh.types.BMesh, center: Point, radius: Point, slot: int = 0, seed: int = 1, rough: float = 0.25,
    detail: int = 3, grain: float = 1.3,
) -> None:  # fmt: skip
    """A lumpy ball, as of foliage or rock: `rough` is how far its skin wanders, `grain` how finely."""
    part = bmesh.new()
    bmesh.ops.create_icosphere(part, subdivisions=detail, radius=1.0)
    offset = Vector((seed * 7.31, seed * 3.77, seed * 1.93))
    for vert in part.verts:
        lump = noise.noise(vert.co * grain + offset) + 0.45 * noise.noise(vert.co * grain * 2.7 + offset)
        vert.co *= 1.0 + rough * lump
    join_solid(bm, part, slot, pose(center, (0, 0, 0), radius))


def smooth_curve(points: Sequence[Point], steps: int = 5) -> list[tuple[float, ...]]:
    """A curve through all `points` (Catmull-Rom), `steps` pieces between each two."""
    curve: list[tuple[float, ...]] = []
    for i in range(len(points) - 1):
        p0, p1, p2 = points[max(i - 1, 0)], points[i], points[i + 1]
        p3 = points[min(i + 2, len(points) - 1)]
        for step in range(steps):
            t = step / steps
            curve.append(
                tuple(
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    curve.append(tuple(points[-1]))
    return curve


def round_corners(
    points: Sequence[Point], radius: float, steps: int = 3, closed: bool = False
) -> list[tuple[float, ...]]:
    """The line through `points` with each inner corner replaced by an arc."""
    result: list[tuple[float, ...]] = []
    for i, point in enumerate(points):
        if not closed and i in (0, len(points) - 1):
            result.append(tuple(point))
            continue
        corner, before, after = Vector(point), Vector(points[i - 1]), Vector(points[(i + 1) % len(points)])
        reach = min(radius, (before - corner).length * 0.45, (after - corner).length * 0.45)
        start = corner + (before - corner).normalized() * reach
        end = corner + (after - corner).normalized() * reach
        for step in range(steps + 1):
            t = step / steps
            result.append(tuple(start * (1 - t) ** 2 + corner * 2 * t * (1 - t) + end * t**2))
    return result
