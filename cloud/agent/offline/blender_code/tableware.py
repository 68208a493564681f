"""What stands on a laid table. Vessels have walls of real thickness; `p2m_inside` is where things can lie in them."""

import math
from itertools import pairwise

import bmesh
import bpy

from .core import add_ball, add_cylinder, add_lathe, add_tube, round_corners, smooth_curve
from .finish import finish_thing


def add_vessel(
    bm: bmesh.types.BMesh,
    outer: list[tuple[float, float]],
    wall: float,
    floor: float,
    slot: int = 0,
    segments: int = 48,
) -> None:
    """A hollow turned body: `outer` from the edge of its foot to its lip, walls `wall` thick, its floor at `floor`."""
    lip_r, lip_z = outer[-1]
    inner = [(r - wall, z) for r, z in reversed(outer) if z > floor + wall]
    rim = [(lip_r - wall * 0.25, lip_z + wall * 0.4), (lip_r - wall * 0.75, lip_z + wall * 0.4)]
    low, high = next(pair for pair in pairwise(outer) if pair[1][1] > floor)
    share = max(0.0, (floor - low[1]) / (high[1] - low[1]))
    foot_r = low[0] + (high[0] - low[0]) * share - wall
    add_lathe(bm, [(0, 0), *outer, *rim, *inner, (max(foot_r * 0.9, 1e-3), floor), (0, floor)], slot, segments)


def build_mug(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A mug with an ear-shaped handle at +X."""
    bm = bmesh.new()
    outer = round_corners([(0.034, 0.0), (0.041, 0.0), (0.0425, 0.03), (0.0425, 0.097)], 0.008)
    add_vessel(bm, [(r, z) for r, z in outer], 0.0038, 0.006)
    handle = smooth_curve(
        [
            (0.039, 0, 0.079),
            (0.06, 0, 0.081),
            (0.073, 0, 0.066),
            (0.071, 0, 0.042),
            (0.058, 0, 0.027),
            (0.04, 0, 0.024),
        ],
        5,
    )
    add_tube(bm, handle, 0.0055, segments=14, flat=1.35)
    return finish_thing(name, "mug", {"": bm}, size, materials, ("body",), inside=(0.006, 0.022, 0.022), smooth_deg=45)


def build_cup(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A teacup on its saucer."""
    bm = bmesh.new()
    saucer = [
        (0.03, 0.0),
        (0.034, 0.0),
        (0.06, 0.008),
        (0.074, 0.016),
        (0.075, 0.018),
        (0.073, 0.019),
        (0.058, 0.012),
        (0.032, 0.006),
    ]
    add_lathe(bm, [(0, 0), *saucer, (0, 0.005)], 0, 56)
    outer = smooth_curve([(0.021, 0.0), (0.02, 0.005), (0.03, 0.018), (0.04, 0.04), (0.045, 0.068)], 4)
    cup = bmesh.new()
    add_vessel(cup, [(r, z) for r, z in outer], 0.0024, 0.007)
    handle = [(0.036, 0, 0.056), (0.052, 0, 0.06), (0.06, 0, 0.048), (0.052, 0, 0.032), (0.035, 0, 0.03)]
    add_tube(cup, smooth_curve(handle, 5), 0.003, segments=12)
    move_into(bm, cup, (0, 0, 0.0045))
    return finish_thing(name, "cup", {"": bm}, size, materials, ("body",), inside=(0.012, 0.018, 0.018), smooth_deg=45)


def move_into(bm: bmesh.types.BMesh, part: bmesh.types.BMesh, shift: tuple[float, float, float]) -> None:
    """Copy `part`, shifted, into `bm` with its own slots, and free it."""
    part.verts.index_update()
    verts = [bm.verts.new((v.co.x + shift[0], v.co.y + shift[1], v.co.z + shift[2])) for v in part.verts]
    for face in part.faces:
        bm.faces.new([verts[vert.index] for vert in face.verts]).material_index = face.material_index
    part.free()


def build_glass(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A plain tumbler with a heavy floor."""
    bm = bmesh.new()
    outer = round_corners([(0.024, 0.0), (0.029, 0.0), (0.037, 0.119)], 0.004)
    add_vessel(bm, [(r, z) for r, z in outer], 0.0022, 0.012)
    return finish_thing(
        name, "glass", {"": bm}, size, materials, ("body",), inside=(0.012, 0.018, 0.018), smooth_deg=45
    )


def build_bottle(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A wine bottle with a label and a cork."""
    bm = bmesh.new()
    body = [(0.0, 0.006), (0.03, 0.0), (0.036, 0.001), (0.0395, 0.006), (0.04, 0.02), (0.04, 0.16)]
    shoulder = smooth_curve([(0.04, 0.17), (0.0375, 0.19), (0.027, 0.212), (0.0165, 0.232), (0.0142, 0.255)], 4)
    neck = [(0.0142, 0.272), (0.0168, 0.273), (0.0172, 0.276), (0.0172, 0.284), (0.0166, 0.287), (0.0138, 0.288)]
    neck += [(0.0105, 0.287), (0.0105, 0.27), (0.0, 0.27)]
    add_lathe(bm, [*body, *shoulder, *neck], 0, 48)
    add_lathe(bm, [(0.0392, 0.05), (0.0404, 0.05), (0.0404, 0.13), (0.0392, 0.13)], 2, 48, closed=True)
    add_cylinder(bm, (0, 0, 0.262), 0.0103, 0.038, 1, 24, bevel=0.0015)
    return finish_thing(name, "bottle", {"": bm}, size, materials, ("body", "cork", "label"), smooth_deg=45)


def build_wine_glass(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A stemmed glass with a thin bowl."""
    bm = bmesh.new()
    foot = [
        (0.033, 0.0),
        (0.034, 0.0012),
        (0.033, 0.0026),
        (0.012, 0.0055),
        (0.0045, 0.012),
        (0.0036, 0.03),
        (0.0038, 0.08),
        (0.006, 0.09),
    ]
    bowl = smooth_curve([(0.02, 0.1), (0.036, 0.122), (0.0415, 0.145), (0.038, 0.175), (0.033, 0.199)], 4)
    inner = [(r - 0.0014, z + 0.0005) for r, z in reversed(bowl)]
    add_lathe(bm, [(0, 0), *foot, *bowl, (0.0325, 0.2), *inner, (0.008, 0.0975), (0, 0.096)], 0, 48)
    return finish_thing(name, "wine_glass", {"": bm}, size, materials, ("body",), smooth_deg=50)


def build_vase(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A bellied vase with a narrow neck and a flaring lip."""
    bm = bmesh.new()
    outer = [
        (0.048, 0.0),
        (0.052, 0.004),
        (0.05, 0.014),
        (0.075, 0.08),
        (0.089, 0.15),
        (0.072, 0.22),
        (0.042, 0.265),
        (0.037, 0.285),
        (0.052, 0.317),
    ]
    add_vessel(bm, [(r, z) for r, z in smooth_curve(outer, 5)], 0.0045, 0.012)
    return finish_thing(name, "vase", {"": bm}, size, materials, ("body",), inside=(0.012, 0.03, 0.03), smooth_deg=50)


def build_bowl(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A deep bowl on a foot ring."""
    bm = bmesh.new()
    outer = [(0.058, 0.0), (0.061, 0.002), (0.06, 0.01), (0.09, 0.028), (0.12, 0.06), (0.138, 0.107)]
    add_vessel(bm, [outer[0], outer[1], *[(r, z) for r, z in smooth_curve(outer[2:], 6)]], 0.0055, 0.013, segments=64)
    return finish_thing(name, "bowl", {"": bm}, size, materials, ("body",), inside=(0.016, 0.075, 0.075), smooth_deg=45)


def build_plate(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A dinner plate with a raised rim."""
    bm = bmesh.new()
    under = [(0.07, 0.0), (0.073, 0.0), (0.075, 0.003), (0.09, 0.007), (0.128, 0.0195), (0.13, 0.022), (0.1285, 0.0235)]
    upper = [(0.095, 0.0125), (0.084, 0.0085), (0.078, 0.007)]
    add_lathe(bm, [(0, 0.002), *under, *upper, (0, 0.0065)], 0, 64)
    return finish_thing(
        name, "plate", {"": bm}, size, materials, ("body",), surface=(0.007, 0.053, 0.053), smooth_deg=45
    )


def build_pot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A cooking pot with two handles and a lid."""
    bm = bmesh.new()
    outer = round_corners([(0.1, 0.0), (0.122, 0.0), (0.122, 0.128)], 0.016, 4)
    add_vessel(bm, [(r, z) for r, z in outer], 0.004, 0.006)
    lid = [(0.126, 0.128), (0.127, 0.132), (0.124, 0.136), (0.08, 0.148), (0.02, 0.155), (0.0, 0.156)]
    add_lathe(bm, [(0, 0.131), *lid], 0, 48)
    add_lathe(
        bm,
        [(0.0, 0.152), (0.009, 0.152), (0.009, 0.164), (0.02, 0.168), (0.021, 0.176), (0.014, 0.181), (0.0, 0.182)],
        1,
        24,
    )
    for side in (-1, 1):
        ear = [
            (side * 0.118, -0.035, 0.1),
            (side * 0.165, -0.035, 0.103),
            (side * 0.165, 0.035, 0.103),
            (side * 0.118, 0.035, 0.1),
        ]
        add_tube(bm, round_corners(ear, 0.022, 5), 0.007, 1, 12)
    return finish_thing(name, "pot", {"": bm}, size, materials, ("body", "handles"), smooth_deg=45)


def build_pan(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A frying pan; its handle points to -Y."""
    bm = bmesh.new()
    outer = round_corners([(0.1, 0.0), (0.118, 0.0), (0.14, 0.048)], 0.014, 4)
    add_vessel(bm, [(r, z) for r, z in outer], 0.004, 0.005)
    add_tube(bm, smooth_curve([(0, -0.13, 0.04), (0, -0.17, 0.054), (0, -0.2, 0.06)], 4), 0.007, 0, 12)
    add_tube(
        bm,
        smooth_curve([(0, -0.19, 0.058), (0, -0.26, 0.067), (0, -0.335, 0.071), (0, -0.342, 0.071)], 4),
        [0.009, 0.011, 0.012, 0.0125, 0.0125, 0.0125, 0.013, 0.0135, 0.0135, 0.0135, 0.012, 0.009, 0.004],
        1,
        14,
    )
    return finish_thing(name, "pan", {"": bm}, size, materials, ("body", "handle"), smooth_deg=45)


def build_jug(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A clay jug with a spout at -X and a handle at +X."""
    bm = bmesh.new()
    outer = smooth_curve(
        [(0.05, 0.0), (0.054, 0.004), (0.07, 0.07), (0.072, 0.11), (0.048, 0.18), (0.042, 0.205), (0.052, 0.25)], 5
    )
    add_vessel(bm, [(r, z) for r, z in outer], 0.005, 0.01)
    for vert in bm.verts:
        # Draw the lip out to a spout.
        rise = max(0.0, (vert.co.z - 0.2) / 0.05)
        toward = max(0.0, -vert.co.x / 0.05)
        vert.co.x -= 0.026 * rise * toward**4
        vert.co.z += 0.007 * rise * toward**4
    handle = [(0.043, 0, 0.225), (0.085, 0, 0.235), (0.105, 0, 0.19), (0.095, 0, 0.13), (0.066, 0, 0.095)]
    add_tube(bm, smooth_curve(handle, 5), 0.008, segments=14, flat=1.3)
    return finish_thing(name, "jug", {"": bm}, size, materials, ("body",), inside=(0.01, 0.03, 0.03), smooth_deg=50)


def build_teapot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A round teapot: spout at -X, handle at +X, and a lid of its own."""
    bm, lid = bmesh.new(), bmesh.new()
    outer = smooth_curve([(0.045, 0.0), (0.047, 0.004), (0.07, 0.032), (0.08, 0.065), (0.064, 0.105), (0.04, 0.122)], 5)
    add_vessel(bm, [(r, z) for r, z in outer], 0.004, 0.008)
    spout = smooth_curve([(-0.066, 0, 0.045), (-0.1, 0, 0.062), (-0.115, 0, 0.095), (-0.14, 0, 0.122)], 5)
    add_tube(bm, spout, [0.022 - 0.0135 * i / 15 for i in range(16)], segments=16)
    handle = [(0.062, 0, 0.1), (0.1, 0, 0.112), (0.122, 0, 0.085), (0.11, 0, 0.045), (0.072, 0, 0.035)]
    add_tube(bm, smooth_curve(handle, 5), 0.0065, segments=14, flat=1.3)
    dome = smooth_curve([(0.042, 0.122), (0.036, 0.132), (0.016, 0.14), (0.006, 0.143)], 4)
    add_lathe(
        lid,
        [
            (0, 0.12),
            (0.0425, 0.12),
            *dome,
            (0.006, 0.147),
            (0.0125, 0.153),
            (0.0125, 0.159),
            (0.006, 0.164),
            (0, 0.165),
        ],
        0,
        40,
    )
    return finish_thing(name, "teapot", {"": bm, "Lid": lid}, size, materials, ("body",), smooth_deg=50)


def build_bucket(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A tin bucket with hoops and a raised handle."""
    bm = bmesh.new()
    outer = [(0.1, 0.0), (0.105, 0.004), (0.15, 0.285)]
    add_vessel(bm, outer, 0.004, 0.012)
    for z, r in ((0.09, 0.1185), (0.28, 0.149)):
        add_lathe(
            bm,
            [
                (r - 0.003, z - 0.006),
                (r + 0.003, z - 0.006),
                (r + 0.005, z),
                (r + 0.004, z + 0.006),
                (r - 0.003, z + 0.006),
            ],
            0,
            48,
            closed=True,
        )
    bow = [(0.153 * math.cos(a), 0, 0.265 + 0.135 * math.sin(a)) for a in (math.pi * i / 20 for i in range(21))]
    add_tube(bm, bow, 0.0045, 1, 10)
    for side in (-1, 1):
        add_ball(bm, (side * 0.152, 0, 0.265), 0.012, 1, 14)
    return finish_thing(
        name, "bucket", {"": bm}, size, materials, ("body", "handle"), inside=(0.012, 0.06, 0.06), smooth_deg=45
    )
