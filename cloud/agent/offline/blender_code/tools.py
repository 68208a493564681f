# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Weapons, tools and treasures."""

import math

import bmesh
import bpy

from .core import (
    add_ball,
    add_box,
    add_cylinder,
    add_lathe,
    add_loft,
    add_prism,
    add_tube,
    pose,
    round_corners,
    smooth_curve,
)
from .finish import finish_thing


def build_sword(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A longsword upright on its tip: fullered blade, curved guard, wound grip, pommel."""
    bm = bmesh.new()
    rings = []
    for z, half in ((0.012, 0.004), (0.05, 0.016), (0.12, 0.022), (0.45, 0.025), (0.8, 0.029)):
        thick = 0.0055
        rings.append(
            [
                (half, 0, z),
                (half * 0.35, -thick, z),
                (0, -thick * 0.35, z),
                (-half * 0.35, -thick, z),
                (-half, 0, z),
                (-half * 0.35, thick, z),
                (0, thick * 0.35, z),
                (half * 0.35, thick, z),
            ]
        )
    add_loft(bm, [[(0, 0, 0)], *rings], 0)
    guard = smooth_curve([(-0.12, 0, 0.775), (-0.06, 0, 0.798), (0, 0, 0.804), (0.06, 0, 0.798), (0.12, 0, 0.775)], 4)
    add_tube(bm, guard, 0.0125, 1, 14)
    for side in (-1, 1):
        add_ball(bm, (side * 0.12, 0, 0.775), 0.0175, 1, 18)
    add_box(bm, (0, 0, 0.802), (0.066, 0.034, 0.034), 1, 0.008)
    grip = [(0, 0, 0.81 + 0.0095 * i) for i in range(19)]
    add_tube(bm, grip, [0.0148 + (0.0022 if i % 2 else 0.0) for i in range(19)], 2, 18, flat=0.82)
    add_lathe(bm, [(0, 0.976), (0.014, 0.976), (0.016, 0.984), (0.012, 0.99), (0, 0.99)], 1, 20)
    add_ball(bm, (0, 0, 1.015), (0.032, 0.024, 0.03), 1, 24)
    add_ball(bm, (0, 0, 1.043), 0.008, 1, 12)
    return finish_thing(name, "sword", {"": bm}, size, materials, ("blade", "guard", "grip"), smooth_deg=30)


def build_shield(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A knight's shield with an iron rim and a golden boss; it faces -Y and stands on its point."""
    bm = bmesh.new()
    half = [*smooth_curve([(0.0, 0.0), (0.16, 0.13), (0.27, 0.36), (0.29, 0.7)], 6), (0.29, 0.74)]
    edge = half + [(-x, z) for x, z in reversed(half[1:])]
    rings = []
    for share, lift in ((1.0, 0.0), (0.97, -0.018), (0.75, -0.04), (0.45, -0.062), (0.15, -0.07)):
        rings.append([(x * share, lift + 0.35 * x * x * share, 0.42 + (z - 0.42) * share) for x, z in edge])
    back = [[(x, y + 0.018, z) for x, y, z in ring] for ring in (rings[0], rings[2])]
    add_loft(bm, [back[1], back[0], *rings, [(0, -0.072, 0.42)]], 0)
    add_tube(bm, [(x, 0.35 * x * x, z) for x, z in edge], 0.017, 1, 10, closed=True)
    add_ball(bm, (0, -0.072, 0.44), (0.075, 0.03, 0.075), 2, 28)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        add_ball(bm, (0.11 * math.cos(angle), -0.062, 0.44 + 0.11 * math.sin(angle)), 0.014, 2, 12)
    add_tube(
        bm,
        smooth_curve([(-0.1, -0.01, 0.44), (-0.06, 0.05, 0.44), (0.06, 0.05, 0.44), (0.1, -0.01, 0.44)], 4),
        0.014,
        1,
        10,
    )
    return finish_thing(name, "shield", {"": bm}, size, materials, ("body", "rim", "boss"), smooth_deg=40)


def build_axe(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A felling axe upright on its handle's end, blade to -X."""
    bm = bmesh.new()
    path = smooth_curve([(0.02, 0, 0), (0.012, 0, 0.06), (0, 0, 0.25), (0.008, 0, 0.5), (0, 0, 0.7)], 4)
    add_tube(bm, path, [0.021, 0.019] + [0.0165] * (len(path) - 3) + [0.016], 0, 18, flat=0.78)
    rings = []
    for x, low, high, thick in (
        (0.05, 0.575, 0.665, 0.022),
        (0.02, 0.575, 0.665, 0.026),
        (-0.04, 0.58, 0.66, 0.02),
        (-0.1, 0.56, 0.672, 0.011),
        (-0.16, 0.52, 0.69, 0.004),
        (-0.182, 0.505, 0.695, 0.0008),
    ):
        middle = (low + high) / 2
        bow = -0.014 if x < -0.12 else 0.0
        rings.append(
            [
                (x, -thick, low),
                (x + bow, -thick, middle),
                (x, -thick, high),
                (x, thick, high),
                (x + bow, thick, middle),
                (x, thick, low),
            ]
        )
    add_loft(bm, rings, 1)
    return finish_thing(name, "axe", {"": bm}, size, materials, ("handle", "head"), smooth_deg=35)


def build_hammer(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A claw hammer upright on its handle's end, face to -X."""
    bm = bmesh.new()
    path = [(0, 0, 0), (0, 0, 0.01), (0, 0, 0.08), (0, 0, 0.16), (0, 0, 0.33)]
    add_tube(bm, path, [0.012, 0.0155, 0.016, 0.012, 0.0115], 0, 20, flat=0.8)
    add_box(bm, (0, 0, 0.305), (0.034, 0.032, 0.036), 1, 0.005)
    add_lathe(
        bm,
        [
            (0, -0.078),
            (0.017, -0.078),
            (0.0195, -0.074),
            (0.0195, -0.052),
            (0.0135, -0.044),
            (0.0135, -0.01),
            (0, -0.01),
        ],
        1,
        28,
        (0, 0, 0.308),
        (0, 90, 0),
    )
    for side in (-1, 1):
        claw = smooth_curve(
            [
                (0.012, side * 0.007, 0.31),
                (0.035, side * 0.009, 0.314),
                (0.058, side * 0.013, 0.305),
                (0.075, side * 0.017, 0.285),
            ],
            4,
        )
        add_tube(bm, claw, [0.0125 - 0.0008 * i for i in range(13)], 1, 12, flat=0.7)
    return finish_thing(name, "hammer", {"": bm}, size, materials, ("handle", "head"), smooth_deg=35)


def build_shovel(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A spade upright on its blade, with a D-shaped grip."""
    bm = bmesh.new()
    rings = []
    for z, half in ((0.0, 0.012), (0.02, 0.05), (0.07, 0.09), (0.15, 0.108), (0.26, 0.11), (0.3, 0.1)):
        shares = [-1, -0.6, -0.2, 0.2, 0.6, 1]
        front = [(half * s, -0.03 * s * s * (half / 0.11), z) for s in shares]
        rings.append(front + [(x, y + 0.004, z) for x, y, _ in reversed(front)])
    add_loft(bm, rings, 1)
    add_tube(bm, [(0, 0.008, 0.14), (0, 0.014, 0.28), (0, 0.014, 0.42)], [0.006, 0.02, 0.021], 1, 16)
    add_tube(bm, [(0, 0.014, 0.36), (0, 0.014, 0.98)], 0.0175, 0, 16)
    grip = round_corners(
        [(0, 0.014, 0.95), (-0.06, 0.014, 1.0), (-0.06, 0.014, 1.09), (0.06, 0.014, 1.09), (0.06, 0.014, 1.0)],
        0.025,
        closed=True,
    )
    add_tube(bm, grip, 0.0125, 0, 12, closed=True)
    return finish_thing(name, "shovel", {"": bm}, size, materials, ("handle", "blade"), smooth_deg=40)


def build_arrow(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An arrow lying along Y, its head at -Y."""
    bm = bmesh.new()
    add_tube(bm, [(0, -0.33, 0), (0, 0.375, 0)], 0.005, 0, 12)
    add_loft(
        bm,
        [
            [(0, -0.375, 0)],
            [(0.018, -0.315, 0), (0, -0.315, 0.004), (-0.018, -0.315, 0), (0, -0.315, -0.004)],
            [(0.004, -0.32, 0), (0, -0.32, 0.0035), (-0.004, -0.32, 0), (0, -0.32, -0.0035)],
        ],
        1,
    )
    add_cylinder(bm, (0, -0.285, 0), 0.0065, 0.04, 1, 14, turn=(90, 0, 0))
    for i in range(3):
        outline = [(0.0, 0.24), (0.03, 0.28), (0.03, 0.35), (0.0, 0.37)]
        turn = (0, 90 + 120 * i, 0)
        place = pose(turn=turn)
        rings = [[place @ pose((x, y, t)).to_translation() for x, y in outline] for t in (-0.0008, 0.0008)]
        add_loft(bm, rings, 2)
    return finish_thing(name, "arrow", {"": bm}, size, materials, ("shaft", "head", "feathers"), smooth_deg=35)


def build_anvil(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A blacksmith's anvil, horn to -X."""
    bm = bmesh.new()
    add_box(bm, (0.03, 0, 0.03), (0.36, 0.25, 0.06), 0, 0.01)
    add_box(bm, (0.03, 0, 0.085), (0.3, 0.2, 0.06), 0, 0.01, taper=(0.55, 0.6))
    add_box(bm, (0.03, 0, 0.15), (0.17, 0.12, 0.1), 0, 0.01)
    add_box(bm, (0.05, 0, 0.23), (0.2, 0.13, 0.1), 0, 0.01, taper=(1.7, 1.0))
    add_box(bm, (0.06, 0, 0.3), (0.38, 0.14, 0.075), 0, 0.008)
    add_tube(
        bm,
        smooth_curve([(-0.1, 0, 0.29), (-0.18, 0, 0.295), (-0.26, 0, 0.315), (-0.31, 0, 0.325)], 4),
        [0.05, 0.05, 0.049, 0.048, 0.046, 0.043, 0.039, 0.034, 0.029, 0.023, 0.017, 0.012, 0.004],
        0,
        20,
    )
    return finish_thing(name, "anvil", {"": bm}, size, materials, ("body",), surface=(0.3375, 0.13, 0.06))


def build_anchor(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A ship's anchor, upright."""
    bm = bmesh.new()
    add_tube(bm, [(0, 0, 0.04), (0, 0, 0.85)], [0.04, 0.03], 0, 16)
    ring = [(0.06 * math.cos(a), 0, 0.92 + 0.06 * math.sin(a)) for a in (2 * math.pi * i / 28 for i in range(28))]
    add_tube(bm, ring, 0.014, 0, 10, closed=True)
    add_tube(bm, [(-0.2, 0, 0.76), (0.2, 0, 0.76)], 0.024, 0, 14)
    for side in (-1, 1):
        add_ball(bm, (side * 0.2, 0, 0.76), 0.036, 0, 16)
        arm = smooth_curve([(0, 0, 0.045), (side * 0.16, 0, 0.075), (side * 0.27, 0, 0.18), (side * 0.31, 0, 0.33)], 5)
        add_tube(bm, arm, [0.042 - 0.0012 * i for i in range(16)], 0, 14)
        fluke = [(side * 0.31, 0.41), (side * 0.37, 0.24), (side * 0.3, 0.27), (side * 0.21, 0.26)]
        add_prism(bm, fluke if side > 0 else fluke[::-1], 0.1, 0, 0.012)
    return finish_thing(name, "anchor", {"": bm}, size, materials, ("body",), smooth_deg=40)
