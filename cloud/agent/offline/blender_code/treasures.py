# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Crowns, jewels, coins and trophies."""

import math
import random

import bmesh
import bpy

from .core import (
    add_ball,
    add_blob,
    add_box,
    add_cylinder,
    add_lathe,
    add_loft,
    add_prism,
    add_tube,
    pose,
    smooth_curve,
)
from .finish import finish_thing
from .plants import GOLDEN_ANGLE


def build_crown(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], points: int = 8
) -> bpy.types.Object:
    """A king's crown: jewelled band, points with balls, a velvet lining."""
    bm = bmesh.new()
    across = max(3, points) * 8
    base, thick = 0.09, 0.0035
    outer_low, outer_top = [], []
    for k in range(across):
        angle = 2 * math.pi * k / across
        tip = abs((k / 8) % 1.0 - 0.5) * 2
        z = 0.05 + 0.062 * tip**1.4
        flare = 1 + 0.1 * z / 0.11
        outer_low.append((base, angle, 0.0))
        outer_top.append((base * flare, angle, z))
    rings = [
        [((r + grow) * math.cos(a), (r + grow) * math.sin(a), z) for r, a, z in ring]
        for ring, grow in ((outer_low, 0.0), (outer_top, 0.0), (outer_top, -thick), (outer_low, -thick))
    ]
    add_loft(bm, rings, 0, closed=True)
    for z in (0.006, 0.036):
        add_lathe(
            bm,
            [
                (base - 0.002, z - 0.005),
                (base + 0.005, z - 0.005),
                (base + 0.007, z),
                (base + 0.005, z + 0.005),
                (base - 0.002, z + 0.005),
            ],
            0,
            64,
            closed=True,
        )
    for i in range(max(3, points)):
        angle = 2 * math.pi * i / max(3, points)
        c, s = math.cos(angle), math.sin(angle)
        add_ball(bm, (c * base * 1.1, s * base * 1.1, 0.116), 0.009, 0, 16)
        add_ball(
            bm,
            (c * (base + 0.003), s * (base + 0.003), 0.021),
            (0.006, 0.009, 0.009),
            1,
            12,
            (0, 0, math.degrees(angle)),
        )
        add_ball(
            bm, (c * base * 1.06, s * base * 1.06, 0.072), (0.005, 0.006, 0.009), 1, 12, (0, 0, math.degrees(angle))
        )
    add_lathe(
        bm, [(0, 0.004), (base - 0.003, 0.004), (base - 0.001, 0.03), (0.07, 0.062), (0.03, 0.074), (0, 0.076)], 2, 48
    )
    return finish_thing(name, "crown", {"": bm}, size, materials, ("body", "gems", "cushion"), smooth_deg=40)


def add_brilliant(
    bm: bmesh.types.BMesh, tip: tuple[float, float, float], radius: float, height: float, slot: int
) -> None:
    """A cut stone that stands on its point: table, crown facets, girdle, pavilion."""
    x, y, z = tip

    def ring(r: float, high: float, turn: float, count: int = 8) -> list[tuple[float, float, float]]:
        angles = [2 * math.pi * (k + turn) / count for k in range(count)]
        return [(x + r * math.cos(a), y + r * math.sin(a), z + high * height) for a in angles]

    part = bmesh.new()
    for point in [
        (x, y, z),
        *ring(radius, 0.66, 0, 16),
        *ring(radius, 0.69, 0, 16),
        *ring(radius * 0.82, 0.86, 0.5),
        *ring(radius * 0.56, 1.0, 0),
    ]:
        part.verts.new(point)
    bmesh.ops.convex_hull(part, input=part.verts)
    bmesh.ops.dissolve_limit(part, angle_limit=0.01, verts=part.verts, edges=part.edges)
    bmesh.ops.triangulate(part, faces=[face for face in part.faces if len(face.verts) > 8])
    part.verts.index_update()
    verts = [bm.verts.new(vert.co) for vert in part.verts]
    for face in part.faces:
        bm.faces.new([verts[vert.index] for vert in face.verts]).material_index = slot
    part.free()


def build_diamond(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A brilliant-cut stone on its point."""
    bm = bmesh.new()
    add_brilliant(bm, (0, 0, 0), 0.05, 0.075, 0)
    return finish_thing(name, "diamond", {"": bm}, size, materials, ("body",), smooth_deg=1)


def build_ring(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A finger ring, upright, a brilliant in its claws on top."""
    bm = bmesh.new()
    band = [(0.0098, -0.0012), (0.0112, -0.0014), (0.012, 0.0), (0.0112, 0.0014), (0.0098, 0.0012)]
    add_lathe(bm, band, 0, 64, (0, 0, 0.012), (90, 0, 0), closed=True)
    add_cylinder(bm, (0, 0, 0.0228), 0.0012, 0.0022, 0, 16, top=0.0026)
    add_brilliant(bm, (0, 0, 0.0242), 0.0042, 0.0055, 1)
    for i in range(4):
        angle = math.pi / 4 + math.pi / 2 * i
        c, s = math.cos(angle), math.sin(angle)
        add_tube(
            bm,
            [(0.0014 * c, 0.0014 * s, 0.0236), (0.004 * c, 0.004 * s, 0.0276), (0.0038 * c, 0.0038 * s, 0.0287)],
            0.00045,
            0,
            8,
        )
    return finish_thing(name, "ring", {"": bm}, size, materials, ("band", "gem"), smooth_deg=28)


def build_crystal(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], shards: int = 9, seed: int = 1
) -> bpy.types.Object:
    """A cluster of six-sided crystals."""
    dice, bm = random.Random(seed), bmesh.new()
    add_blob(bm, (0, 0, 0.03), (0.15, 0.15, 0.05), 0, seed, 0.25, 3)
    for i in range(max(1, shards)):
        lean = 0 if i == 0 else dice.uniform(16, 42)
        turn = math.degrees(i * GOLDEN_ANGLE)
        tall = 0.42 if i == 0 else dice.uniform(0.18, 0.32)
        radius = tall * dice.uniform(0.13, 0.17)
        place = pose((0, 0, 0.03), (0, lean, turn))
        rings = []
        for z, r in ((-0.05, radius * 0.8), (tall * 0.72, radius)):
            rings.append([(r * math.cos(math.pi * k / 3), r * math.sin(math.pi * k / 3), z) for k in range(6)])
        add_loft(bm, [*rings, [(0, 0, tall)]], 0, place)
    return finish_thing(name, "crystal", {"": bm}, size, materials, ("body",), smooth_deg=1)


def build_coin(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A coin with a raised rim, a star on its face and a milled edge."""
    bm = bmesh.new()
    across = 120
    rings = []
    for r, z in ((0.0138, 0.0), (0.0148, 0.0003), (0.0148, 0.0027), (0.0138, 0.003), (0.0126, 0.003), (0.0122, 0.0025)):
        mill = 0.00018 if r > 0.0145 else 0.0
        rings.append(
            [
                (
                    (r + mill * (k % 2)) * math.cos(2 * math.pi * k / across),
                    (r + mill * (k % 2)) * math.sin(2 * math.pi * k / across),
                    z,
                )
                for k in range(across)
            ]
        )
    add_loft(bm, rings, 0)
    star = [
        (
            (0.0085 if k % 2 == 0 else 0.0036) * math.sin(math.pi * k / 5),
            (0.0085 if k % 2 == 0 else 0.0036) * math.cos(math.pi * k / 5),
        )
        for k in range(10)
    ]
    add_prism(bm, star, 0.0012, 0, 0.0002, (0, 0, 0.0024), (0, 0, 0))
    return finish_thing(name, "coin", {"": bm}, size, materials, ("body",), surface=(0.003, 0.01, 0.01), smooth_deg=25)


def build_key(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An old key lying flat: a clover bow, a shank with a collar, a bit with wards."""
    bm = bmesh.new()
    for x, y in ((0, 0.036), (-0.009, 0.025), (0.009, 0.025)):
        ring = [
            (x + 0.0075 * math.cos(a), y + 0.0075 * math.sin(a), 0.004)
            for a in (2 * math.pi * i / 24 for i in range(24))
        ]
        add_tube(bm, ring, 0.0024, 0, 10, closed=True)
    add_tube(bm, [(0, 0.018, 0.004), (0, -0.044, 0.004)], 0.003, 0, 14)
    for y in (0.016, 0.01):
        add_tube(bm, [(0, y + 0.0015, 0.004), (0, y - 0.0015, 0.004)], 0.0044, 0, 16)
    bit = [
        (0.0, -0.042),
        (0.0, -0.024),
        (0.013, -0.024),
        (0.013, -0.03),
        (0.008, -0.03),
        (0.008, -0.034),
        (0.013, -0.034),
        (0.013, -0.042),
    ]
    add_prism(bm, bit, 0.0032, 0, 0.0003, (0, 0, 0.004), (0, 0, 0))
    return finish_thing(name, "key", {"": bm}, size, materials, ("body",), smooth_deg=35)


def build_trophy(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A cup with two handles on a wooden base."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.03), (0.14, 0.14, 0.06), 1, 0.006, taper=(0.88, 0.88))
    cup = smooth_curve(
        [
            (0.05, 0.06),
            (0.045, 0.075),
            (0.012, 0.1),
            (0.016, 0.125),
            (0.012, 0.145),
            (0.045, 0.18),
            (0.078, 0.26),
            (0.082, 0.37),
        ],
        4,
    )
    add_lathe(
        bm,
        [(0, 0.06), *cup, (0.085, 0.385), (0.082, 0.39), (0.078, 0.38), (0.07, 0.26), (0.03, 0.19), (0, 0.185)],
        0,
        48,
    )
    for side in (-1, 1):
        path = [
            (side * 0.076, 0, 0.35),
            (side * 0.12, 0, 0.37),
            (side * 0.13, 0, 0.3),
            (side * 0.085, 0, 0.23),
            (side * 0.055, 0, 0.205),
        ]
        add_tube(bm, smooth_curve(path, 5), 0.007, 0, 12)
    return finish_thing(name, "trophy", {"": bm}, size, materials, ("body", "base"), smooth_deg=45)
