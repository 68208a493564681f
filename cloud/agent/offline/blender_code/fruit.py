"""Fruit and vegetables."""

import math
from itertools import pairwise

import bmesh
import bpy

from .core import add_ball, add_lathe, add_loft, add_tube, smooth_curve
from .finish import finish_thing
from .plants import GOLDEN_ANGLE, add_leaf


def add_turned(
    bm: bmesh.types.BMesh, points: list[tuple[float, float]], slot: int, segments: int = 40, steps: int = 5
) -> None:
    """A smooth body turned about z, whose first and last points lie on the axis."""
    curve = [(max(0.0, r), z) for r, z in smooth_curve(points, steps)]
    inner = [point for point in curve[1:-1] if point[0] > 1e-5]
    add_lathe(bm, [(0.0, points[0][1]), *inner, (0.0, points[-1][1])], slot, segments)


def build_apple(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An apple with a dimple, stem and leaf."""
    bm = bmesh.new()
    add_turned(
        bm,
        [
            (0, 0.005),
            (0.012, 0.001),
            (0.026, 0.006),
            (0.037, 0.028),
            (0.04, 0.05),
            (0.032, 0.07),
            (0.016, 0.074),
            (0.005, 0.068),
            (0, 0.064),
        ],
        0,
    )
    add_tube(bm, smooth_curve([(0, 0, 0.062), (0.001, 0, 0.075), (0.006, 0, 0.087)], 4), 0.0016, 1, 8)
    add_leaf(bm, (0.002, 0, 0.078), 0.03, 0.014, 2, (0, -18, 40), 0.4)
    return finish_thing(name, "apple", {"": bm}, size, materials, ("body", "stem", "leaf"), smooth_deg=60)


def build_pear(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A pear with a stem."""
    bm = bmesh.new()
    add_turned(
        bm,
        [
            (0, 0.004),
            (0.014, 0.0),
            (0.034, 0.016),
            (0.04, 0.04),
            (0.03, 0.066),
            (0.018, 0.088),
            (0.012, 0.1),
            (0.004, 0.103),
            (0, 0.102),
        ],
        0,
    )
    add_tube(bm, smooth_curve([(0, 0, 0.1), (0.002, 0, 0.11), (0.007, 0, 0.12)], 4), 0.0017, 1, 8)
    return finish_thing(name, "pear", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_orange(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An orange with the star of its stem."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.038), (0.04, 0.04, 0.038), 0, 40)
    for i in range(5):
        add_ball(
            bm,
            (0.0035 * math.cos(i * 1.2566), 0.0035 * math.sin(i * 1.2566), 0.0755),
            (0.004, 0.0018, 0.0008),
            1,
            10,
            (0, 0, 72 * i),
        )
    return finish_thing(name, "orange", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_lemon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A lemon lying along X."""
    bm = bmesh.new()
    line = [(-0.045 + 0.09 * i / 10, 0, 0.0325) for i in range(11)]
    add_tube(
        bm,
        smooth_curve(line, 2),
        [
            r[0]
            for r in smooth_curve(
                [(x,) for x in (0.002, 0.008, 0.02, 0.028, 0.032, 0.0325, 0.031, 0.026, 0.017, 0.006, 0.001)], 2
            )
        ],
        0,
        28,
    )
    return finish_thing(name, "lemon", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_cherry(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A pair of cherries on one stem."""
    bm = bmesh.new()
    for side in (-1, 1):
        add_ball(bm, (side * 0.017, 0, 0.0115), (0.0125, 0.0125, 0.0115), 0, 24)
        add_tube(
            bm, smooth_curve([(side * 0.017, 0, 0.021), (side * 0.012, 0, 0.042), (0.0, 0, 0.058)], 5), 0.0008, 1, 8
        )
    add_leaf(bm, (0, 0, 0.057), 0.026, 0.012, 1, (0, -5, 15), 0.3)
    return finish_thing(name, "cherry", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_strawberry(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A strawberry on its point's side, seeds and green crown."""
    bm = bmesh.new()
    profile = [(0, 0.0), (0.006, 0.003), (0.013, 0.015), (0.0185, 0.03), (0.016, 0.04), (0.007, 0.044), (0, 0.043)]
    add_turned(bm, profile, 0)
    for i in range(34):
        z = 0.005 + 0.033 * (i + 0.5) / 34
        r = next(a + (b - a) * (z - lo) / (hi - lo) for (a, lo), (b, hi) in pairwise(profile) if lo <= z <= hi)
        angle = i * GOLDEN_ANGLE
        add_ball(bm, (r * 1.02 * math.cos(angle), r * 1.02 * math.sin(angle), z), 0.0007, 1, 8)
    for i in range(7):
        add_leaf(bm, (0, 0, 0.043), 0.016, 0.006, 2, (0, -12, 360 * i / 7), 0.5)
    add_tube(bm, [(0, 0, 0.042), (0.002, 0, 0.05)], 0.0011, 2, 8)
    return finish_thing(name, "strawberry", {"": bm}, size, materials, ("body", "seeds", "leaf"), smooth_deg=60)


def build_watermelon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A whole watermelon."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.135), (0.18, 0.135, 0.135), 0, 40)
    return finish_thing(name, "watermelon", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_banana(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A banana lying on its side, five-edged, with dark ends."""
    bm = bmesh.new()
    path = [
        (0.1 * math.sin(a), 0.085 - 0.1 * math.cos(a), 0.02)
        for a in (math.radians(-62 + 124 * i / 16) for i in range(17))
    ]
    radii = [
        0.006,
        0.0075,
        0.011,
        0.0145,
        0.017,
        0.0185,
        0.0192,
        0.0195,
        0.0195,
        0.0193,
        0.0188,
        0.018,
        0.0165,
        0.014,
        0.0105,
        0.0075,
        0.006,
    ]
    add_tube(bm, path, radii, 0, 10)
    add_tube(bm, [path[0], (path[0][0] - 0.008, path[0][1] + 0.014, 0.021)], [0.0062, 0.0052], 1, 10)
    add_tube(bm, [path[-1], (path[-1][0] + 0.002, path[-1][1] + 0.004, 0.02)], [0.0062, 0.004], 1, 10)
    return finish_thing(name, "banana", {"": bm}, size, materials, ("body", "tip"), smooth_deg=60)


def build_carrot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A carrot lying along X, its green at +X."""
    bm = bmesh.new()
    path = [(-0.1 + 0.0095 * i, 0, 0.017) for i in range(15)]
    radii = (
        [0.0005] + [(0.003 + 0.0135 * (i / 14) ** 0.7) * (0.96 if i % 3 == 0 else 1.0) for i in range(1, 14)] + [0.009]
    )
    add_tube(bm, path, radii, 0, 20)
    for i in range(7):
        angle = 2 * math.pi * i / 7
        dy, dz = math.cos(angle), math.sin(angle)
        tip = (0.1 - 0.008 * (i % 3), 0.02 * dy, 0.019 + 0.014 * dz)
        add_tube(
            bm,
            smooth_curve([(0.03, 0.002 * dy, 0.017 + 0.002 * dz), (0.06, 0.007 * dy, 0.018 + 0.006 * dz), tip], 3),
            [0.0016, 0.002, 0.003, 0.004, 0.0045, 0.003, 0.0006],
            1,
            8,
        )
    return finish_thing(name, "carrot", {"": bm}, size, materials, ("body", "leaves"), smooth_deg=60)


def build_pumpkin(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], ribs: int = 10
) -> bpy.types.Object:
    """A ribbed pumpkin with a bent stem."""
    bm = bmesh.new()
    rings, across = [], max(4, ribs) * 8
    for i in range(1, 20):
        lat = math.pi * (i / 20 - 0.5)
        ring = []
        for k in range(across):
            angle = 2 * math.pi * k / across
            rib = abs(math.cos(max(4, ribs) * angle / 2)) ** 0.6
            reach = 0.17 * math.cos(lat) ** 0.75 * (0.86 + 0.14 * rib)
            dent = 0.035 * max(0.0, abs(math.sin(lat)) - 0.55)
            ring.append((reach * math.cos(angle), reach * math.sin(angle), 0.115 + (0.115 - dent) * math.sin(lat)))
        rings.append(ring)
    low, high = min(point[2] for point in rings[0]) + 0.004, 0.115 + 0.095
    add_loft(bm, [[(0, 0, low)], *rings, [(0, 0, high)]], 0)
    add_tube(
        bm,
        smooth_curve([(0, 0, 0.2), (0, 0, 0.235), (0.018, 0.008, 0.262), (0.04, 0.014, 0.275)], 4),
        [0.03, 0.024, 0.019, 0.017, 0.016, 0.0155, 0.015, 0.015, 0.015, 0.0155, 0.016, 0.017, 0.018],
        1,
        8,
    )
    return finish_thing(name, "pumpkin", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_egg(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An egg upright."""
    bm = bmesh.new()
    profile = [
        (0.0225 * math.sin(a) * (1 + 0.12 * math.cos(a)), 0.029 - 0.029 * math.cos(a))
        for a in (math.pi * i / 20 for i in range(21))
    ]
    add_lathe(bm, [(0.0, 0.0), *profile[1:-1], (0.0, 0.058)], 0, 36)
    return finish_thing(name, "egg", {"": bm}, size, materials, ("body",), smooth_deg=60)
