"""Games, music, clocks."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, smooth_curve
from .finish import finish_thing


def build_ball(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A ball in six gores of two colours, tilted."""
    bm = bmesh.new()
    part = bmesh.new()
    bmesh.ops.create_uvsphere(part, u_segments=48, v_segments=24, radius=0.12)
    for face in part.faces:
        middle = face.calc_center_median()
        gore = int((math.atan2(middle.y, middle.x) + math.pi) / (2 * math.pi) * 6) % 2
        face.material_index = 1 if gore or abs(middle.z) > 0.115 else 0
    tilt = math.radians(24)
    part.verts.index_update()
    verts = []
    for vert in part.verts:
        x, y, z = vert.co
        verts.append(
            bm.verts.new((x, y * math.cos(tilt) - z * math.sin(tilt), y * math.sin(tilt) + z * math.cos(tilt)))
        )
    for face in part.faces:
        bm.faces.new([verts[vert.index] for vert in face.verts]).material_index = face.material_index
    part.free()
    return finish_thing(name, "ball", {"": bm}, size, materials, ("body", "stripe"), smooth_deg=60)


def build_basketball(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A basketball with its seams."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.12), 0.12, 0, 48)
    r, steps = 0.1195, 64
    turns = [2 * math.pi * i / steps for i in range(steps)]
    add_tube(bm, [(r * math.cos(a), 0, 0.12 + r * math.sin(a)) for a in turns], 0.0018, 1, 6, closed=True)
    add_tube(bm, [(0, r * math.cos(a), 0.12 + r * math.sin(a)) for a in turns], 0.0018, 1, 6, closed=True)
    for side in (-1, 1):
        path = []
        for a in turns:
            x, z = 0.075 * math.cos(a), 0.095 * math.sin(a)
            path.append((x, side * math.sqrt(max(0.0, r * r - x * x - z * z)), 0.12 + z))
        add_tube(bm, path, 0.0018, 1, 6, closed=True)
    return finish_thing(name, "basketball", {"": bm}, size, materials, ("body", "lines"), smooth_deg=60)


def build_die(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A die with rounded edges and domed pips; opposite sides add up to seven."""
    bm = bmesh.new()
    half = 0.05
    add_box(bm, (0, 0, 0), (0.1, 0.1, 0.1), 0, 0.012, segments=4)
    spots = {1: [(0, 0)], 2: [(-1, -1), (1, 1)], 3: [(-1, -1), (0, 0), (1, 1)], 4: [(-1, -1), (-1, 1), (1, -1), (1, 1)]}
    spots[5] = [*spots[4], (0, 0)]
    spots[6] = [*spots[4], (-1, 0), (1, 0)]
    for count, axis, side in ((1, 2, 1), (6, 2, -1), (2, 1, -1), (5, 1, 1), (3, 0, 1), (4, 0, -1)):
        for u, v in spots[count]:
            place, radius = [u * 0.026, v * 0.026], [0.0095, 0.0095]
            place.insert(axis, side * half)
            radius.insert(axis, 0.0009)
            add_ball(bm, place, radius, 1, 16)
    return finish_thing(name, "die", {"": bm}, size, materials, ("body", "pips"), smooth_deg=40)


def build_pawn(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A turned chess pawn."""
    bm = bmesh.new()
    shape = [
        (0.0195, 0.0),
        (0.02, 0.003),
        (0.0185, 0.008),
        (0.0145, 0.011),
        (0.015, 0.014),
        (0.009, 0.022),
        (0.0065, 0.036),
        (0.0062, 0.041),
        (0.011, 0.0435),
        (0.011, 0.0455),
        (0.0055, 0.048),
    ]
    add_lathe(bm, [(0, 0), *shape, (0, 0.048)], 0, 40)
    add_ball(bm, (0, 0, 0.0575), 0.0125, 0, 32)
    return finish_thing(name, "pawn", {"": bm}, size, materials, ("body",), smooth_deg=45)


def build_guitar(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An acoustic guitar, upright, its strings to -Y."""
    bm = bmesh.new()
    half = smooth_curve(
        [
            (0.0, 0.0),
            (0.12, 0.02),
            (0.188, 0.12),
            (0.165, 0.22),
            (0.122, 0.29),
            (0.135, 0.37),
            (0.13, 0.43),
            (0.07, 0.475),
            (0.0, 0.48),
        ],
        5,
    )
    outline = half + [(-x, z) for x, z in reversed(half[1:-1])]
    add_prism(bm, outline, 0.095, 0, 0.006)
    add_cylinder(bm, (0, -0.046, 0.32), 0.048, 0.004, 2, 36, turn=(90, 0, 0))
    add_lathe(
        bm,
        [(0.048, 0.0), (0.055, 0.0), (0.055, 0.004), (0.048, 0.004)],
        1,
        40,
        (0, -0.0465, 0.32),
        (90, 0, 0),
        closed=True,
    )
    add_box(bm, (0, -0.054, 0.135), (0.14, 0.014, 0.028), 1, 0.004)
    add_box(bm, (0, -0.05, 0.6), (0.05, 0.024, 0.5), 1, 0.004)
    add_tube(bm, [(0, -0.036, 0.46), (0, -0.03, 0.6), (0, -0.03, 0.86)], [0.026, 0.02, 0.02], 0, 14)
    for i in range(14):
        z = 0.82 - 0.36 * (1 - 0.9 ** (i + 1)) / (1 - 0.9**14)
        add_box(bm, (0, -0.062, z), (0.048, 0.003, 0.003), 3)
    add_box(bm, (0, -0.03, 0.92), (0.068, 0.02, 0.15), 0, 0.006, turn=(-10, 0, 0))
    for side in (-1, 1):
        for i in range(3):
            z = 0.878 + 0.04 * i
            add_cylinder(bm, (side * 0.028, -0.03 + 0.18 * (z - 0.92), z), 0.004, 0.022, 3, 10, turn=(0, 90 * side, 0))
            add_ball(bm, (side * 0.056, -0.03 + 0.18 * (z - 0.92), z), (0.008, 0.005, 0.01), 3, 12)
    for i in range(6):
        x = -0.0185 + 0.0074 * i
        add_tube(bm, [(x * 1.3, -0.064, 0.13), (x, -0.068, 0.85), (x, -0.046, 0.9)], 0.0009, 3, 6)
    return finish_thing(name, "guitar", {"": bm}, size, materials, ("body", "neck", "hole", "metal"), smooth_deg=40)


def build_drum(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A drum with hoops, lugs and zigzag cords."""
    bm = bmesh.new()
    add_cylinder(bm, (0, 0, 0.01), 0.235, 0.38, 0, 56)
    add_lathe(bm, [(0, 0.375), (0.236, 0.375), (0.238, 0.392), (0, 0.396)], 1, 56)
    for z in (0.0, 0.355):
        add_lathe(
            bm,
            [(0.23, z), (0.248, z), (0.25, z + 0.006), (0.25, z + 0.038), (0.246, z + 0.045), (0.23, z + 0.045)],
            2,
            56,
            closed=True,
        )
    path = []
    for i in range(24):
        angle = 2 * math.pi * i / 24
        path.append((0.241 * math.cos(angle), 0.241 * math.sin(angle), 0.05 if i % 2 else 0.35))
    add_tube(bm, path, 0.004, 1, 6, closed=True)
    return finish_thing(
        name, "drum", {"": bm}, size, materials, ("body", "skin", "metal"), surface=(0.4, 0.16, 0.16), smooth_deg=40
    )


def build_clock(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A round wall clock at ten past ten; its face looks to -Y."""
    bm = bmesh.new()
    add_lathe(
        bm,
        [(0, 0), (0.15, 0), (0.158, 0.008), (0.16, 0.03), (0.152, 0.045), (0.142, 0.045), (0.136, 0.03), (0, 0.03)],
        1,
        64,
        (0, 0.02, 0),
        (90, 0, 0),
    )
    add_cylinder(bm, (0, -0.005, 0), 0.137, 0.01, 0, 64, turn=(90, 0, 0))
    for i in range(12):
        angle = 2 * math.pi * i / 12
        long = 0.026 if i % 3 == 0 else 0.014
        reach = 0.124 - long / 2
        add_box(
            bm,
            (reach * math.sin(angle), -0.015, reach * math.cos(angle)),
            (0.008 if i % 3 == 0 else 0.005, 0.004, long),
            2,
            0.001,
            turn=(0, math.degrees(angle), 0),
        )
    for angle, long, wide, y in ((305, 0.07, 0.01, -0.019), (60, 0.105, 0.007, -0.022)):
        turn = math.radians(angle)
        middle = long / 2 - 0.012
        add_box(
            bm, (middle * math.sin(turn), y, middle * math.cos(turn)), (wide, 0.003, long), 2, 0.001, turn=(0, angle, 0)
        )
    add_cylinder(bm, (0, -0.012, 0), 0.009, 0.014, 2, 20, bevel=0.002, turn=(90, 0, 0))
    return finish_thing(name, "clock", {"": bm}, size, materials, ("face", "rim", "hands"), smooth_deg=40)


def build_hourglass(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An hourglass between two discs with three turned posts."""
    bm = bmesh.new()
    for z in (0.0, 0.24):
        add_cylinder(bm, (0, 0, z), 0.07, 0.02, 0, 40, bevel=0.006)
    half = smooth_curve([(0.042, 0.02), (0.047, 0.045), (0.038, 0.085), (0.008, 0.125), (0.006, 0.13)], 5)
    outer = half + [(r, 0.26 - z) for r, z in reversed(half[:-1])]
    inner = [(r - 0.0025, z) for r, z in reversed(outer)]
    add_lathe(bm, [*outer, *inner], 1, 40, closed=True)
    add_lathe(bm, [(0, 0.019), (0.039, 0.019), (0.043, 0.044), (0.03, 0.055), (0, 0.078)], 2, 32)
    add_lathe(bm, [(0, 0.128), (0.003, 0.132), (0.032, 0.172), (0.037, 0.187), (0, 0.18)], 2, 32)
    add_cylinder(bm, (0, 0, 0.07), 0.0012, 0.065, 2, 8)
    for i in range(3):
        angle = 2 * math.pi * i / 3
        x, y = 0.058 * math.cos(angle), 0.058 * math.sin(angle)
        shape = [
            (0.006, 0.015),
            (0.007, 0.04),
            (0.004, 0.06),
            (0.006, 0.1),
            (0.008, 0.13),
            (0.006, 0.16),
            (0.004, 0.2),
            (0.007, 0.22),
            (0.006, 0.245),
        ]
        add_lathe(bm, shape, 0, 14, (x, y, 0))
    return finish_thing(name, "hourglass", {"": bm}, size, materials, ("frame", "glass", "sand"), smooth_deg=45)


def build_hat(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A top hat with a ribbon."""
    bm = bmesh.new()
    rings = []
    for r, z, bend in (
        (0.165, 0.006, 1.0),
        (0.168, 0.009, 1.0),
        (0.165, 0.013, 1.0),
        (0.108, 0.012, 0.0),
        (0.1, 0.03, 0.0),
        (0.098, 0.12, 0.0),
        (0.108, 0.222, 0.0),
        (0.104, 0.232, 0.0),
        (0.09, 0.234, 0.0),
    ):
        angles = [2 * math.pi * k / 56 for k in range(56)]
        rings.append([(r * math.cos(a), r * math.sin(a), z + bend * 0.028 * math.cos(a) ** 2) for a in angles])
    under = [(r * math.cos(a), r * math.sin(a), 0.0) for r in (0.1,) for a in (2 * math.pi * k / 56 for k in range(56))]
    add_loft(bm, [under, *rings], 0)
    add_lathe(bm, [(0.096, 0.018), (0.106, 0.018), (0.102, 0.06), (0.096, 0.06)], 1, 56, closed=True)
    return finish_thing(name, "hat", {"": bm}, size, materials, ("body", "band"), smooth_deg=45)
