# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""The primitives, exact in counts and measures.

A measure of 0 is taken from `size`, the overall box. `centred` puts the origin at the centre, as Blender does.
"""

import math

import bmesh
import bpy
from mathutils import Matrix, Vector

from .core import add_lathe, bevel_edges
from .finish import fit_matrix, object_from_bmesh


def finish_primitive(
    name: str, kind: str, bm: bmesh.types.BMesh, materials: dict[str, dict], centred: bool, top_share: float = 0.0,
    smooth_deg: float = 35.0, weighted: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """Make the object of a bmesh about the origin; `top_share` of its half width is the top to stand on."""
    low, high = (Vector([pick(vert.co[axis] for vert in bm.verts) for axis in range(3)]) for pick in (min, max))
    if not centred:
        bmesh.ops.translate(bm, verts=bm.verts, vec=(0, 0, -low.z))
    obj = object_from_bmesh(name, bm, materials, ("body",), smooth_deg, weighted=weighted)
    obj["p2m_kind"] = kind
    if top_share:
        top = high.z if centred else high.z - low.z
        obj["p2m_surface"] = [top, high.x * top_share, high.y * top_share]
    return obj


def build_cube(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], edge: float = 0.0, bevel: float = 0.0,
    centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A cube of one `edge`, or a box of `size`; `bevel` metres rounds its edges."""
    bm = bmesh.new()
    measures = (edge, edge, edge) if edge else size
    bmesh.ops.create_cube(bm, size=1.0, matrix=Matrix.Diagonal((*measures, 1.0)))
    bevel_edges(bm, bevel, 3)
    return finish_primitive(name, "cube", bm, materials, centred, top_share=1.0, weighted=bevel > 0)


def build_uv_sphere(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], segments: int = 32, rings: int = 16,
    radius: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A UV sphere with as many segments and rings as Blender's own of these numbers."""
    bm = bmesh.new()
    half = (radius,) * 3 if radius else tuple(extent / 2 for extent in size)
    bmesh.ops.create_uvsphere(
        bm, u_segments=max(3, segments), v_segments=max(3, rings), radius=1.0, matrix=Matrix.Diagonal((*half, 1.0))
    )
    return finish_primitive(name, "uv_sphere", bm, materials, centred, smooth_deg=60)


def build_ico_sphere(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], subdivisions: int = 2,
    radius: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A sphere of triangles; flat facets up to two subdivisions, as Blender makes it."""
    bm = bmesh.new()
    bmesh.ops.create_icosphere(bm, subdivisions=max(1, min(7, subdivisions)), radius=radius or 1.0)
    if not radius:
        fitted = fit_matrix({"": bm}, size)
        bm.transform(Matrix.Translation((0, 0, -size[2] / 2)) @ fitted)
    return finish_primitive(name, "ico_sphere", bm, materials, centred, smooth_deg=8 if subdivisions < 3 else 60)


def build_cylinder(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], vertices: int = 32,
    radius: float = 0.0, depth: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A cylinder with flat n-gon caps."""
    bm = frustum_bmesh(size, vertices, radius, radius or None, depth)
    return finish_primitive(name, "cylinder", bm, materials, centred, top_share=0.7071)


def build_cone(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], vertices: int = 32,
    radius: float = 0.0, depth: float = 0.0, radius_top: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A cone, or a frustum where `radius_top` is above 0."""
    bm = frustum_bmesh(size, vertices, radius, radius_top, depth)
    return finish_primitive(name, "cone", bm, materials, centred)


def frustum_bmesh(
    size: tuple[float, float, float], vertices: int, radius: float, radius_top: float | None, depth: float
) -> bmesh.types.BMesh:
    """A cone, frustum or cylinder (`radius_top` None) about the origin."""
    bm = bmesh.new()
    half_x, half_y = (radius, radius) if radius else (size[0] / 2, size[1] / 2)
    top = 1.0 if radius_top is None else radius_top / half_x
    bmesh.ops.create_cone(
        bm, cap_ends=True, segments=max(3, vertices), radius1=1.0, radius2=top, depth=depth or size[2],
        matrix=Matrix.Diagonal((half_x, half_y, 1.0, 1.0)),
    )  # fmt: skip
    return bm


def build_torus(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], major_radius: float = 0.0,
    minor_radius: float = 0.0, major_segments: int = 48, minor_segments: int = 16, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A ring: `major_radius` to the middle of its bar, `minor_radius` of the bar."""
    minor = minor_radius or (size[2] / 2 if not major_radius else major_radius * 0.25)
    major = major_radius or size[0] / 2 - minor
    bm = bmesh.new()
    count = max(3, minor_segments)
    angles = [2 * math.pi * i / count for i in range(count)]
    profile = [(major + minor * math.cos(a), minor * math.sin(a)) for a in angles]
    add_lathe(bm, profile, segments=max(3, major_segments), closed=True)
    if not major_radius:
        bm.transform(Matrix.Diagonal((1.0, size[1] / size[0], 1.0, 1.0)))
    return finish_primitive(name, "torus", bm, materials, centred, smooth_deg=60)


def build_plane(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], edge: float = 0.0, centred: bool = False
) -> bpy.types.Object:
    """A flat rectangle of one face that looks up."""
    return build_sheet(name, "plane", size, materials, edge, 1, 1, centred)


def build_grid(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], edge: float = 0.0,
    x_subdivisions: int = 10, y_subdivisions: int = 10, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A flat rectangle of many faces."""
    return build_sheet(name, "grid", size, materials, edge, x_subdivisions, y_subdivisions, centred)


def build_sheet(
    name: str, kind: str, size: tuple[float, float, float], materials: dict[str, dict], edge: float, across: int,
    along: int, centred: bool,
) -> bpy.types.Object:  # fmt: skip
    """A flat rectangle of `across` by `along` faces."""
    bm = bmesh.new()
    half_x, half_y = (edge / 2, edge / 2) if edge else (size[0] / 2, size[1] / 2)
    bmesh.ops.create_grid(
        bm,
        x_segments=max(1, across),
        y_segments=max(1, along),
        size=1.0,
        matrix=Matrix.Diagonal((half_x, half_y, 1, 1)),
    )
    return finish_primitive(name, kind, bm, materials, centred, top_share=1.0)


def build_circle(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], vertices: int = 32,
    radius: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A flat filled disc of one face."""
    bm = bmesh.new()
    half_x, half_y = (radius, radius) if radius else (size[0] / 2, size[1] / 2)
    bmesh.ops.create_circle(
        bm, cap_ends=True, segments=max(3, vertices), radius=1.0, matrix=Matrix.Diagonal((half_x, half_y, 1, 1))
    )
    return finish_primitive(name, "circle", bm, materials, centred)


def build_monkey(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], centred: bool = False
) -> bpy.types.Object:
    """Blender's own monkey, Suzanne; it looks to -Y."""
    bm = bmesh.new()
    bmesh.ops.create_monkey(bm)
    bm.transform(Matrix.Translation((0, 0, -size[2] / 2)) @ fit_matrix({"": bm}, size))
    return finish_primitive(name, "monkey", bm, materials, centred, smooth_deg=60)


def build_capsule(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], segments: int = 32,
    radius: float = 0.0, depth: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A cylinder with half balls at its ends; `depth` is its whole height."""
    half_x, half_y = (radius, radius) if radius else (size[0] / 2, size[1] / 2)
    height = max(depth or size[2], 2 * half_x)
    steps = max(4, segments // 4)
    arc = [math.pi / 2 * i / steps for i in range(steps + 1)]
    middle = height / 2 - half_x
    top = [(half_x * math.cos(a), middle + half_x * math.sin(a)) for a in arc]
    profile = [(r, -z) for r, z in reversed(top)] + (top if middle > 1e-6 else top[1:])
    bm = bmesh.new()
    add_lathe(bm, profile, segments=max(3, segments))
    bm.transform(Matrix.Diagonal((1.0, half_y / half_x, 1.0, 1.0)))
    return finish_primitive(name, "capsule", bm, materials, centred, smooth_deg=60)


def build_pipe(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], vertices: int = 32, radius: float = 0.0,
    depth: float = 0.0, thickness: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A hollow cylinder, open at both ends; `thickness` is that of its wall."""
    outer, half = radius or size[0] / 2, (depth or size[2]) / 2
    inner = outer - min(thickness or outer * 0.15, outer * 0.95)
    bm = bmesh.new()
    add_lathe(
        bm, [(outer, -half), (outer, half), (inner, half), (inner, -half)], segments=max(3, vertices), closed=True
    )
    if not radius:
        bm.transform(Matrix.Diagonal((1.0, size[1] / size[0], 1.0, 1.0)))
    return finish_primitive(name, "pipe", bm, materials, centred)


def build_pyramid(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], sides: int = 4, radius: float = 0.0,
    depth: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """A pyramid on a regular base, whose corners lie `radius` from its middle."""
    bm = regular_bmesh(size, max(3, sides), radius, 0.0, depth)
    return finish_primitive(name, "pyramid", bm, materials, centred)


def build_prism(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], sides: int = 6, radius: float = 0.0,
    depth: float = 0.0, centred: bool = False,
) -> bpy.types.Object:  # fmt: skip
    """An upright prism on a regular base, whose corners lie `radius` from its middle."""
    bm = regular_bmesh(size, max(3, sides), radius, 1.0, depth)
    return finish_primitive(name, "prism", bm, materials, centred, top_share=0.5)


def regular_bmesh(
    size: tuple[float, float, float], sides: int, radius: float, top: float, depth: float
) -> bmesh.types.BMesh:
    """A regular base drawn up to `top` of its width, one side parallel to X, about the origin."""
    bm = bmesh.new()
    turn = Matrix.Rotation(math.pi / sides if sides % 2 == 0 else math.pi, 4, "Z")
    bmesh.ops.create_cone(
        bm, cap_ends=True, segments=sides, radius1=radius or 1.0, radius2=top * (radius or 1.0), depth=depth or size[2],
        matrix=turn,
    )  # fmt: skip
    if not radius:
        fitted = fit_matrix({"": bm}, (size[0], size[1], depth or size[2]))
        bm.transform(Matrix.Translation((0, 0, -(depth or size[2]) / 2)) @ fitted)
    return bm
