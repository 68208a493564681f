"""Fruit, vegetables and baking."""

import math
import random

import bmesh
import bpy

from .candles import add_flame
from .core import add_ball, add_blob, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube
from .finish import finish_thing
from .plants import GOLDEN_ANGLE, add_leaf


def build_bread(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A loaf with slashes in its crust."""
    bm = bmesh.new()
    outline = [
        (-0.055, 0.0),
        (0.055, 0.0),
        (0.06, 0.05),
        (0.066, 0.07),
        (0.05, 0.1),
        (0.0, 0.11),
        (-0.05, 0.1),
        (-0.066, 0.07),
        (-0.06, 0.05),
    ]
    add_prism(bm, outline, 0.28, 0, 0.018, (0, 0, 0), (90, 0, 90), segments=3)
    for i in range(4):
        add_ball(bm, (-0.09 + 0.06 * i, 0, 0.104), (0.012, 0.045, 0.009), 0, 18, (0, 0, 24))
    return finish_thing(name, "bread", {"": bm}, size, materials, ("body",), smooth_deg=50)


def build_cheese(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A wedge of cheese with round hollows in its cut side."""
    bm = bmesh.new()
    tall = 0.07
    outline = [(-0.08, 0.0), (0.07, -0.058), (0.078, -0.02), (0.078, 0.02), (0.07, 0.058)]
    add_prism(bm, outline, tall, 0, 0.003, (0, 0, tall / 2), (0, 0, 0))
    for x, z, r in ((-0.02, 0.03, 0.011), (0.025, 0.045, 0.014), (0.05, 0.02, 0.009), (-0.045, 0.05, 0.006)):
        y = -0.058 * (x + 0.08) / 0.15
        ring = [
            (x + r * math.cos(a), y + 0.0006 - 0.3867 * r * math.cos(a), z + r * math.sin(a))
            for a in (2 * math.pi * k / 20 for k in range(20))
        ]
        add_tube(bm, ring, r * 0.18, 0, 8, closed=True)
    return finish_thing(name, "cheese", {"": bm}, size, materials, ("body",), smooth_deg=35)


def build_cake(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], tiers: int = 2, candles: int = 6
) -> bpy.types.Object:
    """An iced cake in tiers with dripping icing, cherries and candles."""
    bm = bmesh.new()
    count = max(1, tiers)
    low, tall = 0.0, 0.09
    for tier in range(count):
        radius = 0.14 * (1 - 0.36 * tier / max(1, count - 1) if count > 1 else 1.0)
        add_cylinder(bm, (0, 0, low), radius, tall, 1, 56, bevel=0.006)
        across = 96
        rings = []
        for z, grow in ((0, 0.001), (0, 0.006), (1, 0.008), (2, 0.004), (2, -0.006)):
            ring = []
            for k in range(across):
                angle = 2 * math.pi * k / across
                drip = 0.4 + 0.3 * math.sin(angle * 7) + 0.2 * math.sin(angle * 11 + tier)
                height = (low + tall * (0.92 - 0.5 * max(0.05, drip)), low + tall * 0.93, low + tall + 0.008)[z]
                reach = radius + grow
                ring.append((reach * math.cos(angle), reach * math.sin(angle), height))
            rings.append(ring)
        inner = [
            (x * (radius - 0.004) / (radius + 0.001), y * (radius - 0.004) / (radius + 0.001), z)
            for x, y, z in rings[0]
        ]
        add_loft(bm, [[(0, 0, low + tall - 0.004)], inner, *rings], 0)
        low += tall
    top, radius = low + 0.008, 0.14 * (1 - 0.36 if count > 1 else 1.0)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        x, y = radius * 0.82 * math.cos(angle), radius * 0.82 * math.sin(angle)
        add_lathe(bm, [(0, -0.002), (0.014, -0.002), (0.013, 0.004), (0.006, 0.01), (0, 0.012)], 0, 16, (x, y, top))
        add_ball(bm, (x, y, top + 0.013), 0.0085, 4, 16)
    for i in range(candles):
        angle = 2 * math.pi * (i + 0.5) / candles
        x, y = radius * 0.48 * math.cos(angle), radius * 0.48 * math.sin(angle)
        add_cylinder(bm, (x, y, top - 0.004), 0.0038, 0.05, 2, 14)
        add_flame(bm, (x, y, top + 0.044), 0.018, 3)
    return finish_thing(name, "cake", {"": bm}, size, materials, ("icing", "sponge", "candles", "flame", "cherries"),
                        surface=(top, radius * 0.3, radius * 0.3), smooth_deg=50)  # fmt: skip


def build_cupcake(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A cupcake: pleated case, swirled icing, a cherry."""
    bm = bmesh.new()
    rings = []
    for r, z in ((0.026, 0.0), (0.0365, 0.042)):
        rings.append(
            [
                (
                    (r + 0.0012 * (-1) ** k) * math.cos(math.pi * k / 28),
                    (r + 0.0012 * (-1) ** k) * math.sin(math.pi * k / 28),
                    z,
                )
                for k in range(56)
            ]
        )
    add_loft(bm, rings, 1)
    for i in range(4):
        ring = [
            (
                (0.029 - 0.0075 * i) * math.cos(a),
                (0.029 - 0.0075 * i) * math.sin(a),
                0.046 + 0.0095 * i + 0.0095 * a / (2 * math.pi),
            )
            for a in (2 * math.pi * k / 30 for k in range(31))
        ]
        add_tube(bm, ring, [0.0115 - 0.0016 * i] * 31, 0, 14)
    add_ball(bm, (0, 0, 0.052), (0.03, 0.03, 0.018), 0, 24)
    add_ball(bm, (0, 0, 0.068), (0.014, 0.014, 0.016), 0, 20)
    add_ball(bm, (0, 0, 0.085), 0.0085, 2, 20)
    return finish_thing(name, "cupcake", {"": bm}, size, materials, ("icing", "case", "cherry"), smooth_deg=50)


def build_donut(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], sprinkles: int = 40, seed: int = 1
) -> bpy.types.Object:
    """A ring doughnut with wavy icing and sprinkles."""
    dice, bm = random.Random(seed), bmesh.new()
    major, minor, high = 0.034, 0.021, 0.02
    angles = [2 * math.pi * i / 24 for i in range(24)]
    add_lathe(bm, [(major + minor * math.cos(a), high + high * math.sin(a)) for a in angles], 1, 64, closed=True)
    rings, across = [], 96
    for step in range(15):
        ring = []
        for k in range(across):
            turn = 2 * math.pi * k / across
            wave = 0.16 * math.sin(turn * 6) + 0.1 * math.sin(turn * 11 + 1)
            low = -0.12 + wave
            a = low + (math.pi - 2 * low) * step / 14
            edge = 1.0 if step in (0, 14) else 1.09
            r, z = major + minor * edge * math.cos(a), high + high * edge * math.sin(a)
            ring.append((r * math.cos(turn), r * math.sin(turn), z))
        rings.append(ring)
    inner = [
        [
            (
                (major - 0.3 * (major - math.hypot(x, y))) * x / math.hypot(x, y),
                (major - 0.3 * (major - math.hypot(x, y))) * y / math.hypot(x, y),
                high,
            )
            for x, y, _ in ring
        ]
        for ring in (rings[14], rings[0])
    ]
    add_loft(bm, [*rings, inner[0], inner[1]], 0, closed=True)
    for i in range(sprinkles):
        turn, a = i * GOLDEN_ANGLE, math.pi / 2 + dice.uniform(-0.85, 0.85)
        r, z = major + minor * 1.1 * math.cos(a), high + high * 1.1 * math.sin(a)
        x, y = r * math.cos(turn), r * math.sin(turn)
        heading = dice.uniform(0, math.pi)
        dx, dy = 0.0028 * math.cos(heading), 0.0028 * math.sin(heading)
        add_tube(bm, [(x - dx, y - dy, z), (x + dx, y + dy, z)], 0.0009, 2 + i % 2, 6)
    return finish_thing(
        name, "donut", {"": bm}, size, materials, ("icing", "dough", "sprinkles", "sprinkles2"), smooth_deg=60
    )


def build_ice_cream(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], scoops: int = 2
) -> bpy.types.Object:
    """Scoops of ice cream in a waffle cone that stands on its point."""
    bm = bmesh.new()
    add_lathe(bm, [(0, 0), (0.004, 0.0), (0.036, 0.1), (0.038, 0.104), (0.038, 0.112), (0.034, 0.112), (0, 0.1)], 2, 40)
    for k in range(10):
        for way in (-1, 1):
            path = []
            for i in range(9):
                z = 0.008 + 0.092 * i / 8
                angle = 2 * math.pi * k / 10 + way * 0.9 * i / 8
                r = 0.004 + 0.032 * z / 0.1
                path.append((r * math.cos(angle), r * math.sin(angle), z))
            add_tube(bm, path, 0.0009, 2, 6)
    z = 0.118
    for i in range(max(1, scoops)):
        radius = 0.037 - 0.004 * i
        add_blob(bm, (0, 0, z), (radius, radius, radius), i % 2, i + 2, 0.06, 4, 2.5)
        for k in range(12):
            angle = 2 * math.pi * k / 12
            add_ball(
                bm,
                (radius * 0.93 * math.cos(angle), radius * 0.93 * math.sin(angle), z - radius * 0.42),
                (0.011, 0.011, 0.008),
                i % 2,
                14,
            )
        z += radius * 1.35
    return finish_thing(name, "ice_cream", {"": bm}, size, materials, ("scoop", "scoop2", "cone"), smooth_deg=55)


def build_pizza(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], slices: int = 9, seed: int = 1
) -> bpy.types.Object:
    """A pizza with salami and basil."""
    dice, bm = random.Random(seed), bmesh.new()
    add_lathe(
        bm,
        [
            (0, 0),
            (0.15, 0),
            (0.158, 0.006),
            (0.16, 0.014),
            (0.156, 0.022),
            (0.148, 0.024),
            (0.14, 0.018),
            (0.135, 0.012),
            (0, 0.012),
        ],
        1,
        72,
    )
    add_lathe(bm, [(0, 0.008), (0.139, 0.008), (0.137, 0.015), (0.1, 0.0165), (0, 0.0165)], 0, 72)
    for i in range(slices):
        out, angle = 0.115 * math.sqrt((i + 0.5) / max(1, slices)), i * GOLDEN_ANGLE
        add_cylinder(bm, (out * math.cos(angle), out * math.sin(angle), 0.0155), 0.019, 0.004, 2, 24, bevel=0.0012)
    for i in range(6):
        out, angle = dice.uniform(0.03, 0.11), i * GOLDEN_ANGLE + 1.0
        add_leaf(
            bm,
            (out * math.cos(angle), out * math.sin(angle), 0.0195),
            0.026,
            0.014,
            3,
            (0, -6, dice.uniform(0, 360)),
            0.2,
        )
    return finish_thing(
        name, "pizza", {"": bm}, size, materials, ("cheese", "crust", "pepperoni", "basil"), smooth_deg=45
    )


def build_burger(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A burger with lettuce, tomato and cheese."""
    bm = bmesh.new()
    add_cylinder(bm, (0, 0, 0), 0.056, 0.022, 0, 48, bevel=0.009)
    add_cylinder(bm, (0, 0, 0.02), 0.058, 0.018, 1, 48, bevel=0.007)
    add_box(bm, (0, 0, 0.0395), (0.098, 0.098, 0.004), 4, 0.0015, turn=(0, 0, 45))
    add_cylinder(bm, (0, 0, 0.041), 0.052, 0.007, 3, 40, bevel=0.002)
    rings = []
    for r, lift in ((0.03, 0.0), (0.05, 0.5), (0.062, 1.0)):
        rings.append(
            [
                (
                    r * math.cos(math.pi * k / 36),
                    r * math.sin(math.pi * k / 36),
                    0.0485 + lift * 0.003 * math.sin(9 * math.pi * k / 36),
                )
                for k in range(72)
            ]
        )
    add_loft(bm, [*rings, *[[(x, y, z + 0.002) for x, y, z in ring] for ring in reversed(rings)]], 2, closed=True)
    add_lathe(
        bm,
        [(0, 0.049), (0.05, 0.049), (0.057, 0.055), (0.056, 0.068), (0.044, 0.085), (0.022, 0.094), (0, 0.096)],
        0,
        48,
    )
    for i in range(30):
        out, angle = 0.042 * math.sqrt((i + 0.5) / 30), i * GOLDEN_ANGLE
        z = 0.0955 - 0.011 * (out / 0.042) ** 2
        add_ball(
            bm,
            (out * math.cos(angle), out * math.sin(angle), z),
            (0.0022, 0.0014, 0.001),
            4,
            8,
            (0, 0, math.degrees(angle * 2)),
        )
    return finish_thing(
        name, "burger", {"": bm}, size, materials, ("bun", "patty", "lettuce", "tomato", "cheese"), smooth_deg=45
    )


def build_lollipop(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A lollipop with a spiral, upright on its stick; it faces -Y."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.155), (0.035, 0.009, 0.035), 0, 36)
    add_tube(bm, [(0, 0, 0), (0, 0, 0.13)], 0.0022, 2, 12)
    for side in (-1, 1):
        path = []
        for i in range(49):
            r, angle = 0.031 * i / 48, 4.4 * math.pi * i / 48
            path.append(
                (r * math.cos(angle), side * 0.0087 * math.sqrt(1 - (r / 0.035) ** 2), 0.155 + r * math.sin(angle))
            )
        add_tube(bm, path, 0.0016, 1, 8)
    return finish_thing(name, "lollipop", {"": bm}, size, materials, ("candy", "swirl", "stick"), smooth_deg=60)
