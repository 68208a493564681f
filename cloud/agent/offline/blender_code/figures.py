"""Snowmen, robots and toys; they look to -Y."""

import math

import bmesh
import bpy

from .core import add_ball, add_blob, add_box, add_cylinder, add_lathe, add_loft, add_tube, smooth_curve
from .finish import finish_thing


def build_snowman(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """Three balls of snow with twig arms, coal, and hat, nose and scarf as children."""
    bm, hat, nose, scarf = bmesh.new(), bmesh.new(), bmesh.new(), bmesh.new()
    for i, (z, radius) in enumerate(((0.34, 0.375), (0.83, 0.275), (1.21, 0.2))):
        add_blob(bm, (0, 0, z), (radius, radius, radius * 0.95), 0, i + 3, 0.025, 5, 2.0)
    for i in range(3):
        z = 0.7 + 0.11 * i
        add_ball(bm, (0, -math.sqrt(0.275**2 - (z - 0.83) ** 2 * 1.1) * 1.0, z), 0.024, 3, 14)
    for side in (-1, 1):
        add_ball(bm, (side * 0.072, -0.178, 1.27), 0.022, 3, 14)
        arm = [(side * 0.2, 0, 0.9), (side * 0.36, -0.03, 1.0), (side * 0.52, -0.02, 1.12)]
        add_tube(bm, arm, [0.02, 0.016, 0.009], 5, 8)
        for turn in (-0.09, 0.05):
            add_tube(
                bm,
                [(side * 0.44, -0.025, 1.06), (side * (0.5 + turn * 0.2), -0.03, 1.06 + turn + 0.1)],
                [0.01, 0.005],
                5,
                6,
            )
    for i in range(5):
        angle = math.radians(-90 + 16 * (i - 2))
        add_ball(bm, (0.18 * math.cos(angle), 0.18 * math.sin(angle), 1.125 + 0.012 * (i - 2) ** 2), 0.014, 3, 10)
    add_lathe(
        hat,
        [
            (0, 1.36),
            (0.215, 1.36),
            (0.22, 1.368),
            (0.215, 1.378),
            (0.14, 1.385),
            (0.135, 1.4),
            (0.145, 1.62),
            (0.138, 1.632),
            (0, 1.636),
        ],
        1,
        40,
    )
    add_lathe(hat, [(0.13, 1.392), (0.142, 1.392), (0.144, 1.44), (0.13, 1.44)], 4, 40, closed=True)
    add_tube(nose, [(0, -0.17, 1.22), (0, -0.27, 1.215), (0, -0.38, 1.205)], [0.033, 0.022, 0.0], 2, 16)
    ring = [
        (0.172 * math.cos(a), 0.172 * math.sin(a), 1.045 + 0.01 * math.sin(3 * a))
        for a in (2 * math.pi * i / 36 for i in range(36))
    ]
    add_tube(scarf, ring, 0.05, 4, 12, flat=0.75, closed=True)
    add_tube(
        scarf, smooth_curve([(0.08, -0.19, 1.04), (0.12, -0.26, 0.95), (0.13, -0.29, 0.78)], 4), 0.05, 4, 12, flat=0.35
    )
    slots = ("body", "hat", "nose", "coal", "scarf", "arms")
    parts = {"": bm, "Hat": hat, "Nose": nose, "Scarf": scarf}
    return finish_thing(name, "snowman", parts, size, materials, slots, smooth_deg=50)


def build_robot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A friendly robot: box body with a panel, jointed limbs, gripper hands, and a head with glowing eyes."""
    bm, head = bmesh.new(), bmesh.new()
    add_box(bm, (0, 0, 0.84), (0.46, 0.3, 0.46), 0, 0.05, segments=3)
    add_box(bm, (0, -0.15, 0.88), (0.3, 0.03, 0.22), 2, 0.012)
    for i in range(3):
        add_cylinder(
            bm, (-0.08 + 0.08 * i, -0.158, 0.92), 0.024, 0.02, 3 if i == 1 else 1, 16, bevel=0.005, turn=(90, 0, 0)
        )
    add_box(bm, (0, -0.166, 0.84), (0.2, 0.014, 0.04), 1, 0.004)
    add_cylinder(bm, (0, 0, 0.56), 0.13, 0.08, 1, 28, bevel=0.015)
    add_box(bm, (0, 0, 0.52), (0.34, 0.24, 0.1), 0, 0.03)
    add_cylinder(bm, (0, 0, 1.05), 0.07, 0.08, 1, 24)
    for side in (-1, 1):
        add_robot_leg(bm, side * 0.115)
        add_robot_arm(bm, side)
    add_box(head, (0, 0, 1.28), (0.36, 0.28, 0.32), 0, 0.06, segments=3)
    add_box(head, (0, -0.135, 1.29), (0.28, 0.03, 0.15), 1, 0.014)
    for side in (-1, 1):
        add_ball(head, (side * 0.068, -0.148, 1.3), (0.038, 0.02, 0.038), 3, 20)
        add_cylinder(head, (side * 0.17, 0, 1.28), 0.055, 0.05, 2, 24, bevel=0.012, turn=(0, 90 * side, 0))
    for i in range(5):
        add_box(head, (-0.06 + 0.03 * i, -0.14, 1.175), (0.014, 0.012, 0.035), 1)
    add_cylinder(head, (0, 0, 1.42), 0.012, 0.12, 1, 12)
    add_ball(head, (0, 0, 1.56), 0.036, 2, 18)
    slots = ("body", "joints", "accent", "eyes")
    return finish_thing(name, "robot", {"": bm, "Head": head}, size, materials, slots, smooth_deg=40)


def add_robot_leg(bm: bmesh.types.BMesh, x: float) -> None:
    """One leg of the robot, from hip to foot."""
    add_ball(bm, (x, 0, 0.48), 0.06, 1, 18)
    add_box(bm, (x, 0, 0.38), (0.11, 0.12, 0.2), 0, 0.022)
    add_cylinder(bm, (x - 0.06, 0, 0.265), 0.05, 0.12, 1, 20, bevel=0.01, turn=(0, 90, 0))
    add_box(bm, (x, 0, 0.165), (0.12, 0.13, 0.19), 0, 0.022)
    add_box(bm, (x, -0.045, 0.04), (0.16, 0.29, 0.08), 2, 0.03, taper=(0.8, 0.8), segments=3)


def add_robot_arm(bm: bmesh.types.BMesh, side: int) -> None:
    """One arm of the robot, hanging, with a two-fingered hand."""
    x = side * 0.295
    add_ball(bm, (side * 0.265, 0, 0.98), 0.075, 2, 20)
    add_tube(bm, [(x, 0, 0.98), (x + side * 0.035, 0, 0.84)], 0.04, 0, 18)
    add_ball(bm, (x + side * 0.038, 0, 0.81), 0.052, 1, 18)
    add_tube(bm, [(x + side * 0.038, 0, 0.8), (x + side * 0.042, -0.06, 0.66)], [0.04, 0.052], 0, 18)
    add_ball(bm, (x + side * 0.042, -0.066, 0.645), 0.045, 1, 16)
    for finger in (-1, 1):
        path = [
            (x + side * 0.042 + finger * 0.02, -0.07, 0.63),
            (x + side * 0.042 + finger * 0.062, -0.085, 0.585),
            (x + side * 0.042 + finger * 0.03, -0.1, 0.54),
        ]
        add_tube(bm, smooth_curve(path, 4), 0.016, 1, 10)


def build_ghost(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A sheet ghost with a wavy hem."""
    bm = bmesh.new()
    rings = []
    line = smooth_curve([(0.36, 0.0), (0.3, 0.2), (0.24, 0.45), (0.22, 0.65), (0.17, 0.82), (0.07, 0.89)], 4)
    for r, z in line:
        wave = max(0.0, 1 - z / 0.5) * 0.035
        angles = [2 * math.pi * k / 72 for k in range(72)]
        rings.append(
            [
                ((r + wave * math.sin(9 * a)) * math.cos(a), (r + wave * math.sin(9 * a)) * math.sin(a), z)
                for a in angles
            ]
        )
    add_loft(bm, [*rings, [(0, 0, 0.9)]], 0)
    for side in (-1, 1):
        add_ball(bm, (side * 0.075, -0.2, 0.66), (0.034, 0.03, 0.055), 1, 18)
        add_ball(bm, (side * 0.25, -0.08, 0.5), (0.09, 0.07, 0.07), 0, 18, (0, side * 30, 0))
    add_ball(bm, (0, -0.222, 0.54), (0.04, 0.025, 0.05), 1, 18)
    return finish_thing(name, "ghost", {"": bm}, size, materials, ("body", "eyes"), smooth_deg=60)


def build_rubber_duck(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A bath duck."""
    bm = bmesh.new()
    body = [
        (0, -0.075, 0.055),
        (0, -0.06, 0.05),
        (0, -0.02, 0.048),
        (0, 0.03, 0.05),
        (0, 0.065, 0.062),
        (0, 0.09, 0.085),
        (0, 0.1, 0.098),
    ]
    add_tube(
        bm,
        smooth_curve(body, 4),
        [r[0] for r in smooth_curve([(0.02,), (0.05,), (0.066,), (0.062,), (0.044,), (0.02,), (0.004,)], 4)],
        0,
        32,
        flat=0.78,
    )
    add_ball(bm, (0, -0.045, 0.125), 0.046, 0, 32)
    add_ball(bm, (0, -0.035, 0.085), (0.034, 0.036, 0.03), 0, 24)
    for side in (-1, 1):
        add_ball(bm, (side * 0.058, 0.018, 0.068), (0.014, 0.042, 0.026), 0, 20, (18, 0, side * -8))
        add_ball(bm, (side * 0.022, -0.08, 0.139), 0.0085, 2, 14)
    add_ball(bm, (0, -0.095, 0.123), (0.022, 0.024, 0.006), 1, 18, (-8, 0, 0))
    add_ball(bm, (0, -0.092, 0.115), (0.018, 0.019, 0.005), 1, 18, (10, 0, 0))
    return finish_thing(name, "rubber_duck", {"": bm}, size, materials, ("body", "beak", "eyes"), smooth_deg=60)


def build_fish(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A goldfish with fins; its head looks to -Y."""
    bm = bmesh.new()
    line = [(0, y, 0.1) for y in (-0.17, -0.15, -0.1, -0.03, 0.04, 0.09, 0.12)]
    add_tube(
        bm,
        smooth_curve(line, 3),
        [r[0] for r in smooth_curve([(0.01,), (0.035,), (0.06,), (0.072,), (0.055,), (0.028,), (0.02,)], 3)],
        0,
        28,
        flat=1.0,
    )
    for vert in bm.verts:
        vert.co.x *= 0.6
    for tip in (0.19, 0.02):
        add_loft(
            bm,
            [
                [(0.005, 0.1, 0.085), (0.005, 0.1, 0.115), (-0.005, 0.1, 0.115), (-0.005, 0.1, 0.085)],
                [
                    (0.003, 0.215, tip - 0.02),
                    (0.003, 0.2, tip + 0.015),
                    (-0.003, 0.2, tip + 0.015),
                    (-0.003, 0.215, tip - 0.02),
                ],
            ],
            0,
        )
    for y, z, top in ((0.0, 0.16, 0.205), (0.02, 0.05, 0.012)):
        add_loft(
            bm,
            [
                [(0.005, y - 0.06, z), (0.005, y + 0.05, z), (-0.005, y + 0.05, z), (-0.005, y - 0.06, z)],
                [(0.002, y, top), (0.002, y + 0.07, top), (-0.002, y + 0.07, top), (-0.002, y, top)],
            ],
            0,
        )
    for side in (-1, 1):
        add_ball(bm, (side * 0.031, -0.115, 0.118), 0.011, 1, 14)
        add_ball(bm, (side * 0.052, -0.03, 0.075), (0.006, 0.034, 0.016), 0, 14, (30, 0, side * 28))
    return finish_thing(name, "fish", {"": bm}, size, materials, ("body", "eyes"), smooth_deg=60)


def build_teddy_bear(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A sitting teddy bear."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.17), (0.13, 0.115, 0.155), 0, 32)
    add_ball(bm, (0, -0.045, 0.165), (0.09, 0.08, 0.11), 1, 28)
    add_ball(bm, (0, -0.01, 0.37), (0.115, 0.105, 0.105), 0, 32)
    add_ball(bm, (0, -0.1, 0.345), (0.05, 0.045, 0.04), 1, 24)
    add_ball(bm, (0, -0.142, 0.36), (0.017, 0.012, 0.012), 2, 16)
    for side in (-1, 1):
        add_ball(bm, (side * 0.088, 0, 0.455), (0.042, 0.026, 0.042), 0, 20)
        add_ball(bm, (side * 0.088, -0.016, 0.455), (0.026, 0.016, 0.026), 1, 18)
        add_ball(bm, (side * 0.045, -0.1, 0.395), 0.0125, 2, 14)
        add_ball(bm, (side * 0.145, -0.04, 0.215), (0.045, 0.05, 0.09), 0, 24, (28, side * -38, 0))
        add_ball(bm, (side * 0.1, -0.115, 0.06), (0.06, 0.11, 0.06), 0, 24, (0, 0, side * 18))
        add_ball(bm, (side * 0.132, -0.205, 0.066), (0.044, 0.022, 0.05), 1, 20, (0, 0, side * 18))
    return finish_thing(name, "teddy_bear", {"": bm}, size, materials, ("body", "belly", "eyes"), smooth_deg=60)
