"""Lamps and lanterns."""

import math

import bmesh
import bpy

from .candles import add_flame
from .core import add_ball, add_box, add_cylinder, add_lathe, add_tube, round_corners, smooth_curve
from .finish import finish_thing


def add_lampshade(bm: bmesh.types.BMesh, low: float, radius: float, height: float, slots: tuple[int, int, int]) -> None:
    """A tapered shade about the z axis, open at both ends, with its bulb and holder. Slots: shade, stand, bulb."""
    top, wall = radius * 0.62, radius * 0.02
    outer = [(radius, low), (top, low + height)]
    add_lathe(bm, [*outer, (top - wall, low + height), (radius - wall, low)], slots[0], 56, closed=True)
    for r, z in ((radius, low), (top, low + height)):
        ring = [
            (r + 1.4 * wall * math.cos(a) - wall / 2, z + 1.4 * wall * math.sin(a))
            for a in (math.pi * i / 4 for i in range(8))
        ]
        add_lathe(bm, ring, slots[0], 56, closed=True)
    # The spider: three bars from the rim to the socket.
    hub = low + height * 0.8
    for i in range(3):
        angle = 2 * math.pi * i / 3
        add_tube(
            bm,
            [(0, 0, hub), (math.cos(angle) * top * 1.02, math.sin(angle) * top * 1.02, low + height * 0.96)],
            wall * 1.2,
            slots[1],
            8,
        )
    add_cylinder(bm, (0, 0, hub - height * 0.06), radius * 0.07, height * 0.1, slots[1], 16)
    add_cylinder(bm, (0, 0, low + height * 0.05), radius * 0.12, height * 0.28, slots[1], 20, bevel=radius * 0.02)
    bulb = [(0.5, 0.0), (0.5, 0.12), (0.95, 0.5), (1.0, 0.7), (0.75, 0.95), (0.35, 1.08), (0.0, 1.1)]
    add_lathe(
        bm,
        [
            *[(max(0.0, r) * radius * 0.2, low + height * 0.3 + z * height * 0.42) for r, z in smooth_curve(bulb, 3)][
                :-1
            ],
            (0.0, low + height * 0.762),
        ],
        slots[2],
        24,
    )


def build_desk_lamp(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A table lamp: turned stand under a fabric shade."""
    bm = bmesh.new()
    shape = [
        (0.075, 0.0),
        (0.078, 0.005),
        (0.07, 0.016),
        (0.03, 0.024),
        (0.024, 0.045),
        (0.05, 0.09),
        (0.052, 0.125),
        (0.026, 0.185),
        (0.014, 0.215),
        (0.012, 0.26),
        (0.012, 0.285),
    ]
    turned = [shape[0], shape[1], *smooth_curve(shape[2:], 4)]
    add_lathe(bm, [(0, 0), *turned, (0, 0.285)], 1, 48)
    add_cylinder(bm, (0, 0, 0.27), 0.008, 0.04, 1, 16)
    add_lampshade(bm, 0.285, 0.15, 0.2, (0, 1, 2))
    return finish_thing(name, "desk_lamp", {"": bm}, size, materials, ("shade", "stand", "bulb"), smooth_deg=40)


def build_floor_lamp(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A standing lamp on a weighted disc."""
    bm = bmesh.new()
    add_lathe(
        bm,
        [(0, 0), (0.138, 0), (0.142, 0.006), (0.138, 0.018), (0.04, 0.03), (0.014, 0.045), (0.012, 0.06), (0, 0.06)],
        1,
        48,
    )
    add_cylinder(bm, (0, 0, 0.05), 0.012, 1.3, 1, 20)
    for z in (0.45, 0.85):
        add_ball(bm, (0, 0, z), (0.02, 0.02, 0.012), 1, 20)
    add_lampshade(bm, 1.32, 0.21, 0.28, (0, 1, 2))
    return finish_thing(name, "floor_lamp", {"": bm}, size, materials, ("shade", "stand", "bulb"), smooth_deg=40)


def build_street_lamp(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An old street lamp: cast post with a six-sided lantern."""
    bm = bmesh.new()
    post = [
        (0.2, 0.0),
        (0.2, 0.1),
        (0.16, 0.13),
        (0.13, 0.2),
        (0.12, 0.5),
        (0.14, 0.54),
        (0.08, 0.62),
        (0.055, 0.8),
        (0.05, 1.6),
        (0.045, 2.5),
        (0.07, 2.54),
        (0.07, 2.58),
        (0.045, 2.62),
        (0.045, 2.75),
        (0.12, 2.8),
        (0.12, 2.84),
    ]
    add_lathe(bm, [(0, 0), *post, (0, 2.84)], 0, 28)
    add_lathe(bm, [(0, 2.83), (0.125, 2.83), (0.205, 3.22), (0, 3.22)], 1, 6)
    for i in range(6):
        angle = math.pi / 3 * i
        c, s = math.cos(angle), math.sin(angle)
        add_tube(bm, [(0.127 * c, 0.127 * s, 2.82), (0.208 * c, 0.208 * s, 3.23)], 0.014, 0, 8)
    add_lathe(bm, [(0, 3.21), (0.25, 3.21), (0.25, 3.25), (0.12, 3.4), (0.06, 3.44), (0, 3.44)], 0, 6)
    add_lathe(bm, [(0, 3.42), (0.03, 3.43), (0.02, 3.48), (0.045, 3.53), (0.03, 3.57), (0, 3.6)], 0, 16)
    for side in (-1, 1):
        add_tube(bm, [(0, 0, 2.3), (side * 0.24, 0, 2.3)], 0.018, 0, 10)
        add_ball(bm, (side * 0.245, 0, 2.3), 0.03, 0, 12)
    return finish_thing(name, "street_lamp", {"": bm}, size, materials, ("post", "glass"), smooth_deg=35)


def build_lantern(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A hand lantern: glass between corner posts, a flame inside, a ring to carry it by."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.0125), (0.2, 0.2, 0.025), 0, bevel=0.005)
    add_box(bm, (0, 0, 0.035), (0.17, 0.17, 0.022), 0, bevel=0.004)
    add_box(bm, (0, 0, 0.252), (0.18, 0.18, 0.018), 0, bevel=0.004)
    add_box(bm, (0, 0, 0.285), (0.2, 0.2, 0.055), 0, bevel=0.004, taper=(0.3, 0.3))
    add_cylinder(bm, (0, 0, 0.31), 0.024, 0.025, 0, 20, bevel=0.003)
    for sx in (-1, 1):
        for sy in (-1, 1):
            add_box(bm, (sx * 0.075, sy * 0.075, 0.145), (0.014, 0.014, 0.21), 0, bevel=0.002)
    for turn in range(4):
        angle = math.pi / 2 * turn
        place = (0.073 * math.cos(angle), 0.073 * math.sin(angle), 0.145)
        add_box(bm, place, (0.003, 0.14, 0.205), 1, turn=(0, 0, 90 * turn))
    add_cylinder(bm, (0, 0, 0.044), 0.024, 0.07, 0, 20, bevel=0.003)
    add_flame(bm, (0, 0, 0.11), 0.085, 2)
    ring = [(0.036 * math.cos(a), 0, 0.364 + 0.036 * math.sin(a)) for a in (2 * math.pi * i / 28 for i in range(28))]
    add_tube(bm, ring, 0.0045, 0, 10, closed=True)
    return finish_thing(name, "lantern", {"": bm}, size, materials, ("frame", "glass", "flame"), smooth_deg=35)


def build_torch(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A burning torch that stands on its end."""
    bm = bmesh.new()
    add_tube(bm, [(0, 0, 0), (0, 0, 0.2), (0, 0, 0.42)], [0.016, 0.02, 0.026], 0, 16)
    add_lathe(
        bm,
        round_corners(
            [(0.02, 0.36), (0.03, 0.36), (0.048, 0.44), (0.042, 0.44), (0.026, 0.38), (0.02, 0.38)], 0.004, closed=True
        ),
        1,
        28,
        closed=True,
    )
    add_ball(bm, (0, 0, 0.425), (0.038, 0.038, 0.03), 0, 20)
    add_flame(bm, (0, 0, 0.415), 0.185, 2)
    for i in range(3):
        angle = 2 * math.pi * i / 3
        add_flame(bm, (0.02 * math.cos(angle), 0.02 * math.sin(angle), 0.42), 0.11, 2)
    return finish_thing(name, "torch", {"": bm}, size, materials, ("handle", "metal", "flame"), smooth_deg=45)
