"""Chests, parcels, cases, and what stands in a living room."""

import math

import bmesh
import bpy

from .candles import add_flame
from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, round_corners, smooth_curve
from .finish import finish_thing


def build_chest(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A treasure chest with iron bands and a lock; the curved lid is a child."""
    bm, lid = bmesh.new(), bmesh.new()
    for i in range(3):
        add_box(bm, (0, 0, 0.07 + 0.12 * i), (0.86, 0.5, 0.117), 0, 0.006)
    add_box(bm, (0, 0, 0.02), (0.88, 0.52, 0.04), 1, 0.006)
    arc = [(-0.25 * math.cos(a), 0.368 + 0.215 * math.sin(a)) for a in (math.pi * i / 7 for i in range(8))]
    for i in range(7):
        (y1, z1), (y2, z2) = arc[i], arc[i + 1]
        plank = [(y1, z1), (y2, z2), (y2 * 0.88, 0.368 + (z2 - 0.368) * 0.88), (y1 * 0.88, 0.368 + (z1 - 0.368) * 0.88)]
        add_prism(lid, plank, 0.86, 0, 0.003, (0, 0, 0), (90, 0, 90))
    add_prism(lid, [(y * 0.93, 0.368 + (z - 0.368) * 0.93) for y, z in arc], 0.84, 0, 0.0, (0, 0, 0), (90, 0, 90))
    for x in (-0.4, -0.14, 0.14, 0.4):
        outer = [(y * 1.05, 0.368 + (z - 0.368) * 1.05) for y, z in arc]
        inner = [(y * 0.97, 0.368 + (z - 0.368) * 0.97) for y, z in reversed(arc)]
        add_prism(lid, outer + inner, 0.06, 1, 0.003, (x, 0, 0), (90, 0, 90))
        for y in (-1, 1):
            add_box(bm, (x, y * 0.252, 0.19), (0.06, 0.014, 0.35), 1, 0.003)
            for z in (0.07, 0.3):
                add_ball(bm, (x, y * 0.261, z), 0.011, 2, 10)
    add_box(bm, (0, -0.262, 0.3), (0.13, 0.03, 0.13), 2, 0.008)
    add_cylinder(bm, (0, -0.274, 0.31), 0.016, 0.008, 1, 16, turn=(90, 0, 0))
    add_box(lid, (0, -0.268, 0.39), (0.07, 0.03, 0.09), 2, 0.006)
    for side in (-1, 1):
        ring = [
            (side * 0.44, -0.08, 0.24),
            (side * 0.475, -0.08, 0.2),
            (side * 0.475, 0.08, 0.2),
            (side * 0.44, 0.08, 0.24),
        ]
        add_tube(bm, round_corners(ring, 0.02), 0.012, 1, 10)
    return finish_thing(name, "chest", {"": bm, "Lid": lid}, size, materials, ("body", "metal", "lock"))


def build_box(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A closed cardboard box with tape over its flaps."""
    width, depth, height = size
    bm = bmesh.new()
    add_box(bm, (0, 0, height / 2 - 0.002), (width - 0.002, depth - 0.002, height - 0.004), 0, 0.004)
    for side in (-1, 1):
        add_box(bm, (0, side * depth * 0.2485, height - 0.0035), (width, depth * 0.493, 0.006), 0, 0.0012)
        add_box(bm, (side * (width / 2 - 0.0005), 0, height * 0.86), (0.0016, min(0.05, depth * 0.2), height * 0.28), 1)
    add_box(bm, (0, 0, height - 0.001), (width + 0.001, min(0.05, depth * 0.2), 0.002), 1)
    return finish_thing(
        name, "box", {"": bm}, size, materials, ("body", "tape"), surface=(height, width / 2, depth / 2)
    )


def build_gift(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A present with lid, ribbon and bow."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.105), (0.28, 0.28, 0.21), 0, 0.004)
    add_box(bm, (0, 0, 0.225), (0.3, 0.3, 0.055), 0, 0.005)
    add_box(bm, (0, 0, 0.107), (0.05, 0.285, 0.214), 1, 0.001)
    add_box(bm, (0, 0, 0.107), (0.285, 0.05, 0.214), 1, 0.001)
    add_box(bm, (0, 0, 0.2255), (0.05, 0.305, 0.058), 1, 0.001)
    add_box(bm, (0, 0, 0.2255), (0.305, 0.05, 0.058), 1, 0.001)
    for i in range(4):
        angle = math.pi / 4 + math.pi / 2 * i
        c, s = math.cos(angle), math.sin(angle)
        loop = [(0, 0.256), (0.05, 0.31), (0.1, 0.325), (0.115, 0.295), (0.08, 0.262), (0, 0.256)]
        path = smooth_curve([(c * r, s * r, z) for r, z in loop], 4)
        add_tube(bm, path, 0.019, 1, 10, flat=0.13)
    add_ball(bm, (0, 0, 0.268), (0.028, 0.028, 0.022), 1, 18)
    return finish_thing(name, "gift", {"": bm}, size, materials, ("paper", "ribbon"), smooth_deg=40)


def build_suitcase(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A leather suitcase, upright, with corners, straps and a handle."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.23), (0.7, 0.23, 0.45), 0, 0.035, segments=4)
    for y in (-1, 1):
        for x in (-0.2, 0.2):
            add_box(bm, (x, y * 0.114, 0.23), (0.045, 0.012, 0.44), 0, 0.003)
            add_box(bm, (x, y * 0.121, 0.33), (0.055, 0.008, 0.045), 1, 0.003)
    for x in (-0.2, 0.2):
        add_box(bm, (x, 0, 0.455), (0.045, 0.23, 0.012), 0, 0.003)
    for sx in (-1, 1):
        for sy in (-1, 1):
            for z in (0.03, 0.43):
                add_ball(bm, (sx * 0.325, sy * 0.09, z), 0.03, 1, 14)
    handle = round_corners([(-0.09, 0, 0.44), (-0.09, 0, 0.51), (0.09, 0, 0.51), (0.09, 0, 0.44)], 0.03, 5)
    add_tube(bm, handle, 0.012, 0, 12)
    return finish_thing(name, "suitcase", {"": bm}, size, materials, ("body", "metal"), surface=(0.455, 0.07, 0.1))


def build_trash_can(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A ribbed dustbin with a lid."""
    bm = bmesh.new()
    across = 72
    rings = []
    for r, z, rib in (
        (0.19, 0.0, 0.0),
        (0.195, 0.03, 0.0),
        (0.2, 0.06, 0.006),
        (0.225, 0.55, 0.006),
        (0.228, 0.58, 0.0),
        (0.235, 0.6, 0.0),
    ):
        rings.append(
            [
                ((r + rib * math.sin(18 * a)) * math.cos(a), (r + rib * math.sin(18 * a)) * math.sin(a), z)
                for a in (2 * math.pi * k / across for k in range(across))
            ]
        )
    add_loft(bm, rings, 0)
    add_lathe(bm, [(0, 0.59), (0.245, 0.59), (0.25, 0.6), (0.245, 0.625), (0.15, 0.67), (0, 0.685)], 0, 48)
    add_tube(
        bm,
        round_corners([(-0.06, 0, 0.66), (-0.06, 0, 0.73), (0.06, 0, 0.73), (0.06, 0, 0.66)], 0.025, 4),
        0.011,
        0,
        10,
    )
    for side in (-1, 1):
        add_tube(
            bm,
            round_corners(
                [
                    (side * 0.21, -0.05, 0.45),
                    (side * 0.25, -0.05, 0.45),
                    (side * 0.25, 0.05, 0.45),
                    (side * 0.21, 0.05, 0.45),
                ],
                0.015,
                4,
            ),
            0.009,
            0,
            10,
        )
    return finish_thing(name, "trash_can", {"": bm}, size, materials, ("body",), smooth_deg=40)


def build_basket(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A woven basket with a handle."""
    bm = bmesh.new()
    add_lathe(bm, [(0, 0), (0.14, 0), (0.145, 0.008), (0.14, 0.016), (0, 0.016)], 0, 40)
    stakes, rows = 24, 9
    for row in range(rows):
        z = 0.018 + 0.0165 * row
        radius = 0.145 + 0.05 * (z / 0.17)
        path = []
        for k in range(stakes * 4):
            angle = 2 * math.pi * k / (stakes * 4)
            r = radius + 0.0055 * math.cos(stakes / 2 * angle + math.pi * row)
            path.append((r * math.cos(angle), r * math.sin(angle), z))
        add_tube(bm, path, 0.0095, 0, 6, closed=True)
    for k in range(stakes):
        angle = 2 * math.pi * k / stakes
        c, s = math.cos(angle), math.sin(angle)
        add_tube(bm, [(0.138 * c, 0.138 * s, 0.006), (0.193 * c, 0.193 * s, 0.17)], 0.005, 0, 6)
    rim = [(0.197 * math.cos(a), 0.197 * math.sin(a), 0.17) for a in (2 * math.pi * k / 48 for k in range(48))]
    add_tube(bm, rim, 0.012, 0, 10, closed=True)
    bow = [(0.195 * math.cos(a), 0, 0.165 + 0.2 * math.sin(a)) for a in (math.pi * i / 20 for i in range(21))]
    add_tube(bm, bow, 0.011, 0, 10)
    return finish_thing(name, "basket", {"": bm}, size, materials, ("body",), inside=(0.016, 0.09, 0.09), smooth_deg=50)


def build_rug(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A rug with a border and fringes at its short ends."""
    width, depth, height = size
    bm = bmesh.new()
    fringe = min(0.06, width * 0.04)
    add_box(bm, (0, 0, height * 0.45), (width - 2 * fringe, depth, height * 0.9), 1, height * 0.3)
    add_box(bm, (0, 0, height / 2), (width - 2 * fringe - depth * 0.2, depth * 0.8, height), 0, height * 0.2)
    for side in (-1, 1):
        count = max(8, round(depth / 0.05))
        for i in range(count):
            y = -depth / 2 + depth * (i + 0.5) / count
            add_tube(
                bm,
                [(side * (width / 2 - fringe * 1.2), y, height * 0.3), (side * width / 2, y, height * 0.3)],
                height * 0.25,
                1,
                6,
            )
    return finish_thing(
        name, "rug", {"": bm}, size, materials, ("body", "border"), surface=(height, width * 0.4, depth * 0.4)
    )


def build_mirror(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A standing mirror, tilted in its frame; it faces -Y."""
    bm = bmesh.new()
    outline = [
        (
            0.24 * math.copysign(abs(math.cos(a)) ** 0.7, math.cos(a)),
            0.85 + 0.66 * math.copysign(abs(math.sin(a)) ** 0.7, math.sin(a)),
        )
        for a in (2 * math.pi * i / 56 for i in range(56))
    ]
    add_prism(bm, outline, 0.012, 1, 0.001)
    add_prism(bm, outline, 0.012, 0, 0.002, (0, 0.011, 0))
    add_tube(bm, [(x, 0.004, z) for x, z in outline], 0.022, 0, 12, closed=True)
    for side in (-1, 1):
        add_tube(bm, [(side * 0.285, 0.004, 0.1), (side * 0.285, 0.004, 1.1)], 0.018, 0, 14)
        add_ball(bm, (side * 0.285, 0.004, 1.12), 0.03, 0, 16)
        add_tube(bm, [(side * 0.23, 0.004, 0.85), (side * 0.285, 0.004, 0.85)], 0.014, 0, 12)
        add_tube(
            bm,
            smooth_curve(
                [
                    (side * 0.285, -0.2, 0.015),
                    (side * 0.285, -0.1, 0.09),
                    (side * 0.285, 0.1, 0.09),
                    (side * 0.285, 0.2, 0.015),
                ],
                4,
            ),
            0.017,
            0,
            12,
        )
    add_tube(bm, [(-0.285, 0.004, 0.12), (0.285, 0.004, 0.12)], 0.015, 0, 12)
    return finish_thing(name, "mirror", {"": bm}, size, materials, ("frame", "glass"), smooth_deg=40)


def build_picture(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A framed picture that faces -Y."""
    width, depth, height = size
    bm = bmesh.new()
    bar = min(width, height) * 0.11
    add_box(bm, (0, depth * 0.2, height / 2), (width - bar, depth * 0.5, height - bar), 1)
    outer = [(-width / 2, 0.0), (width / 2, 0.0), (width / 2, height), (-width / 2, height)]
    rings = []
    for share, y in (
        (0.0, depth / 2),
        (0.0, -depth * 0.2),
        (0.25, -depth / 2),
        (0.55, -depth * 0.35),
        (1.0, -depth * 0.1),
        (1.0, depth / 2),
    ):
        inset = bar * share
        rings.append([(x - math.copysign(inset, x), y, z + (inset if z == 0 else -inset)) for x, z in outer])
    add_loft(bm, rings, 0, closed=True)
    return finish_thing(name, "picture", {"": bm}, size, materials, ("frame", "canvas"), smooth_deg=25)


def build_fireplace(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A brick fireplace with a burning log fire; it faces -Y."""
    bm = bmesh.new()
    add_box(bm, (0, 0.2, 0.57), (1.28, 0.1, 1.1), 0)
    rows, tall = 13, 1.1 / 13
    for row in range(rows):
        z = tall * (row + 0.5)
        opening = 0.42 if z < 0.72 else 0.0
        x, i = -0.65, 0
        while x < 0.649:
            long = 0.11 if i == 0 and row % 2 else 0.22
            end = min(0.65, x + long)
            pieces = [(x, min(end, -opening)), (max(x, opening), end)] if opening else [(x, end)]
            for left, right in pieces:
                if right - left > 0.02:
                    add_box(
                        bm,
                        ((left + right) / 2, -0.02, z),
                        (right - left - 0.008, 0.44, tall - 0.008),
                        0,
                        0.004,
                        segments=1,
                    )
            x, i = end, i + 1
    add_box(bm, (0, 0.02, 1.15), (1.4, 0.52, 0.1), 1, 0.015)
    add_box(bm, (0, -0.05, 0.02), (1.4, 0.6, 0.04), 0, 0.008)
    for k, (y, z) in enumerate(((-0.06, 0.1), (0.06, 0.1), (0.0, 0.19))):
        add_tube(bm, [(-0.28 + 0.03 * k, y, z), (0.28 - 0.02 * k, y + 0.02, z)], 0.055, 3, 12)
    for x, high in ((-0.14, 0.3), (0.0, 0.42), (0.15, 0.28)):
        add_flame(bm, (x, 0.0, 0.17), high, 2)
    return finish_thing(
        name, "fireplace", {"": bm}, size, materials, ("body", "mantel", "flame", "logs"), surface=(1.2, 0.65, 0.22)
    )
