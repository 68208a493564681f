"""Grass, mushrooms, logs and stumps."""

import math
import random

import bmesh
import bpy

from .core import add_ball, add_cylinder, add_lathe, add_loft, add_tube, smooth_curve
from .finish import finish_thing
from .plants import GOLDEN_ANGLE


def build_grass_patch(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], blades: int = 120, seed: int = 1
) -> bpy.types.Object:
    """Blades of grass on a low cushion of soil."""
    dice, bm = random.Random(seed), bmesh.new()
    add_lathe(bm, [(0, 0), (0.39, 0), (0.36, 0.012), (0.2, 0.022), (0, 0.026)], 1, 32)
    for i in range(blades):
        out, angle = 0.35 * math.sqrt((i + 0.5) / blades), i * GOLDEN_ANGLE
        x, y = out * math.cos(angle), out * math.sin(angle)
        tall, lean, heading = dice.uniform(0.13, 0.25) * (1.1 - out), dice.uniform(0.02, 0.1), dice.uniform(0, 6.28)
        dx, dy = math.cos(heading) * lean, math.sin(heading) * lean
        path = [(x, y, 0.008), (x + dx * 0.3, y + dy * 0.3, tall * 0.6), (x + dx, y + dy, tall)]
        add_tube(bm, path, [0.009, 0.007, 0.0], 0, 4, flat=0.35)
    return finish_thing(name, "grass_patch", {"": bm}, size, materials, ("leaves", "soil"), smooth_deg=60)


def build_mushroom(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], spots: int = 12
) -> bpy.types.Object:
    """A toadstool: swollen stem with a skirt, and a domed cap with spots."""
    bm = bmesh.new()
    stem = smooth_curve([(0.034, 0), (0.043, 0.02), (0.036, 0.06), (0.026, 0.12), (0.024, 0.18)], 4)
    add_lathe(bm, [(0, 0), *stem, (0, 0.18)], 1, 32)
    add_lathe(bm, [(0.024, 0.137), (0.047, 0.118), (0.049, 0.12), (0.026, 0.144)], 1, 32, closed=True)
    dome = smooth_curve(
        [
            (0.0, 0.165),
            (0.06, 0.158),
            (0.1, 0.15),
            (0.109, 0.162),
            (0.1, 0.195),
            (0.07, 0.235),
            (0.03, 0.256),
            (0.0, 0.26),
        ],
        4,
    )
    add_lathe(bm, [(max(0.0, r), z) for r, z in dome], 0, 48)
    add_lathe(bm, [(0, 0.155), (0.09, 0.148), (0.095, 0.152), (0, 0.17)], 1, 48)
    for i in range(spots):
        share = (i + 0.6) / spots
        angle, tilt = i * GOLDEN_ANGLE, math.radians(8 + 66 * share)
        r, z = 0.106 * math.sin(tilt), 0.163 + 0.096 * math.cos(tilt) ** 0.9
        spot = 0.0135 + 0.006 * ((i * 7) % 5) / 4
        turn = (0, math.degrees(tilt) * 0.85, math.degrees(angle))
        add_ball(bm, (r * math.cos(angle), r * math.sin(angle), z), (spot, spot, 0.005), 2, 14, turn)
    return finish_thing(name, "mushroom", {"": bm}, size, materials, ("cap", "stem", "spots"), smooth_deg=60)


def build_log(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A felled trunk along X, with bright cut ends and the stub of a branch."""
    bm = bmesh.new()
    add_tube(
        bm, [(-0.6 + 0.15 * i, 0, 0.17) for i in range(9)], [0.168 + 0.006 * ((i * 5) % 3) for i in range(9)], 0, 20
    )
    add_tube(bm, [(0.15, 0, 0.2), (0.2, -0.06, 0.36)], [0.05, 0.042], 0, 12)
    for side in (-1, 1):
        for ring, radius in enumerate((0.148, 0.1, 0.05)):
            add_cylinder(bm, (side * 0.597, 0, 0.17), radius, 0.006 + 0.002 * ring, 1, 28, turn=(0, 90 * side, 0))
    return finish_thing(name, "log", {"": bm}, size, materials, ("bark", "wood"), smooth_deg=50)


def build_stump(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A stump with spreading roots and growth rings."""
    bm = bmesh.new()
    rings = []
    for z, flare, root in ((0, 0.3, 0.08), (0.05, 0.27, 0.055), (0.14, 0.235, 0.02), (0.4, 0.22, 0.008)):
        angles = [2 * math.pi * k / 40 for k in range(40)]
        rings.append(
            [
                ((flare + root * math.cos(5 * a)) * math.cos(a), (flare + root * math.cos(5 * a)) * math.sin(a), z)
                for a in angles
            ]
        )
    add_loft(bm, rings, 0)
    for i, radius in enumerate((0.2, 0.14, 0.08)):
        add_cylinder(bm, (0, 0, 0.39), radius, 0.014 + 0.003 * i, 1, 36)
    return finish_thing(
        name, "stump", {"": bm}, size, materials, ("bark", "wood"), surface=(0.41, 0.14, 0.14), smooth_deg=50
    )
