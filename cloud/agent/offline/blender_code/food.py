"""Fruit, vegetables and baking."""

import math
import random

import bmesh
import bpy

from .core import add_ball, add_blob, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, smooth_curve
from .finish import finish_thing
from .plants import GOLDEN_ANGLE, add_leaf
from .tableware import add_flame


def add_turned(bm: bmesh.types.BMesh, points: list[tuple[float, float]], slot: int, segments: int = 40, steps: int = 5) -> None:
    """A smooth body turned about z, whose first and last points lie on the axis."""
    curve = [(max(0.0, r), z) for r, z in smooth_curve(points, steps)]
    inner = [point for point in curve[1:-1] if point[0] > 1e-5]
    add_lathe(bm, [(0.0, points[0][1]), *inner, (0.0, points[-1][1])], slot, segments)


def build_apple(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An apple with a dimple, stem and leaf."""
    bm = bmesh.new()
    add_turned(bm, [(0, 0.005), (0.012, 0.001), (0.026, 0.006), (0.037, 0.028), (0.04, 0.05), (0.032, 0.07), (0.016, 0.074), (0.005, 0.068), (0, 0.064)], 0)
    add_tube(bm, smooth_curve([(0, 0, 0.062), (0.001, 0, 0.075), (0.006, 0, 0.087)], 4), 0.0016, 1, 8)
    add_leaf(bm, (0.002, 0, 0.078), 0.03, 0.014, 2, (0, -18, 40), 0.4)
    return finish_thing(name, "apple", {"": bm}, size, materials, ("body", "stem", "leaf"), smooth_deg=60)


def build_pear(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A pear with a stem."""
    bm = bmesh.new()
    add_turned(bm, [(0, 0.004), (0.014, 0.0), (0.034, 0.016), (0.04, 0.04), (0.03, 0.066), (0.018, 0.088), (0.012, 0.1), (0.004, 0.103), (0, 0.102)], 0)
    add_tube(bm, smooth_curve([(0, 0, 0.1), (0.002, 0, 0.11), (0.007, 0, 0.12)], 4), 0.0017, 1, 8)
    return finish_thing(name, "pear", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_orange(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An orange with the star of its stem."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.038), (0.04, 0.04, 0.038), 0, 40)
    for i in range(5):
        add_ball(bm, (0.0035 * math.cos(i * 1.2566), 0.0035 * math.sin(i * 1.2566), 0.0755), (0.004, 0.0018, 0.0008), 1, 10, (0, 0, 72 * i))
    return finish_thing(name, "orange", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_lemon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A lemon lying along X."""
    bm = bmesh.new()
    line = [(-0.045 + 0.09 * i / 10, 0, 0.0325) for i in range(11)]
    add_tube(bm, smooth_curve(line, 2), [r[0] for r in smooth_curve([(x,) for x in (0.002, 0.008, 0.02, 0.028, 0.032, 0.0325, 0.031, 0.026, 0.017, 0.006, 0.001)], 2)], 0, 28)
    return finish_thing(name, "lemon", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_cherry(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A pair of cherries on one stem."""
    bm = bmesh.new()
    for side in (-1, 1):
        add_ball(bm, (side * 0.017, 0, 0.0115), (0.0125, 0.0125, 0.0115), 0, 24)
        add_tube(bm, smooth_curve([(side * 0.017, 0, 0.021), (side * 0.012, 0, 0.042), (0.0, 0, 0.058)], 5), 0.0008, 1, 8)
    add_leaf(bm, (0, 0, 0.057), 0.026, 0.012, 1, (0, -5, 15), 0.3)
    return finish_thing(name, "cherry", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_strawberry(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A strawberry on its point's side, seeds and green crown."""
    bm = bmesh.new()
    profile = [(0, 0.0), (0.006, 0.003), (0.013, 0.015), (0.0185, 0.03), (0.016, 0.04), (0.007, 0.044), (0, 0.043)]
    add_turned(bm, profile, 0)
    for i in range(34):
        z = 0.005 + 0.033 * (i + 0.5) / 34
        r = next(a + (b - a) * (z - lo) / (hi - lo) for (a, lo), (b, hi) in zip(profile, profile[1:], strict=False) if lo <= z <= hi)
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
    path = [(0.1 * math.sin(a), 0.085 - 0.1 * math.cos(a), 0.02) for a in (math.radians(-62 + 124 * i / 16) for i in range(17))]
    radii = [0.006, 0.0075, 0.011, 0.0145, 0.017, 0.0185, 0.0192, 0.0195, 0.0195, 0.0193, 0.0188, 0.018, 0.0165, 0.014, 0.0105, 0.0075, 0.006]
    add_tube(bm, path, radii, 0, 10)
    add_tube(bm, [path[0], (path[0][0] - 0.008, path[0][1] + 0.014, 0.021)], [0.0062, 0.0052], 1, 10)
    add_tube(bm, [path[-1], (path[-1][0] + 0.002, path[-1][1] + 0.004, 0.02)], [0.0062, 0.004], 1, 10)
    return finish_thing(name, "banana", {"": bm}, size, materials, ("body", "tip"), smooth_deg=60)


def build_carrot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A carrot lying along X, its green at +X."""
    bm = bmesh.new()
    path = [(-0.1 + 0.0095 * i, 0, 0.017) for i in range(15)]
    radii = [0.0005] + [(0.003 + 0.0135 * (i / 14) ** 0.7) * (0.96 if i % 3 == 0 else 1.0) for i in range(1, 14)] + [0.009]
    add_tube(bm, path, radii, 0, 20)
    for i in range(7):
        angle = 2 * math.pi * i / 7
        dy, dz = math.cos(angle), math.sin(angle)
        tip = (0.1 - 0.008 * (i % 3), 0.02 * dy, 0.019 + 0.014 * dz)
        add_tube(bm, smooth_curve([(0.03, 0.002 * dy, 0.017 + 0.002 * dz), (0.06, 0.007 * dy, 0.018 + 0.006 * dz), tip], 3), [0.0016, 0.002, 0.003, 0.004, 0.0045, 0.003, 0.0006], 1, 8)
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
    add_tube(bm, smooth_curve([(0, 0, 0.2), (0, 0, 0.235), (0.018, 0.008, 0.262), (0.04, 0.014, 0.275)], 4), [0.03, 0.024, 0.019, 0.017, 0.016, 0.0155, 0.015, 0.015, 0.015, 0.0155, 0.016, 0.017, 0.018], 1, 8)
    return finish_thing(name, "pumpkin", {"": bm}, size, materials, ("body", "stem"), smooth_deg=60)


def build_egg(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An egg upright."""
    bm = bmesh.new()
    profile = [(0.0225 * math.sin(a) * (1 + 0.12 * math.cos(a)), 0.029 - 0.029 * math.cos(a)) for a in (math.pi * i / 20 for i in range(21))]
    add_lathe(bm, [(0.0, 0.0), *profile[1:-1], (0.0, 0.058)], 0, 36)
    return finish_thing(name, "egg", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_bread(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A loaf with slashes in its crust."""
    bm = bmesh.new()
    outline = [(-0.055, 0.0), (0.055, 0.0), (0.06, 0.05), (0.066, 0.07), (0.05, 0.1), (0.0, 0.11), (-0.05, 0.1), (-0.066, 0.07), (-0.06, 0.05)]
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
        ring = [(x + r * math.cos(a), y + 0.0006 - 0.3867 * r * math.cos(a), z + r * math.sin(a)) for a in (2 * math.pi * k / 20 for k in range(20))]
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
        inner = [(x * (radius - 0.004) / (radius + 0.001), y * (radius - 0.004) / (radius + 0.001), z) for x, y, z in rings[0]]
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
        rings.append([((r + 0.0012 * (-1) ** k) * math.cos(math.pi * k / 28), (r + 0.0012 * (-1) ** k) * math.sin(math.pi * k / 28), z) for k in range(56)])
    add_loft(bm, rings, 1)
    for i in range(4):
        ring = [((0.029 - 0.0075 * i) * math.cos(a), (0.029 - 0.0075 * i) * math.sin(a), 0.046 + 0.0095 * i + 0.0095 * a / (2 * math.pi)) for a in (2 * math.pi * k / 30 for k in range(31))]
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
    inner = [[((major - 0.3 * (major - math.hypot(x, y))) * x / math.hypot(x, y), (major - 0.3 * (major - math.hypot(x, y))) * y / math.hypot(x, y), high) for x, y, _ in ring] for ring in (rings[14], rings[0])]
    add_loft(bm, [*rings, inner[0], inner[1]], 0, closed=True)
    for i in range(sprinkles):
        turn, a = i * GOLDEN_ANGLE, math.pi / 2 + dice.uniform(-0.85, 0.85)
        r, z = major + minor * 1.1 * math.cos(a), high + high * 1.1 * math.sin(a)
        x, y = r * math.cos(turn), r * math.sin(turn)
        heading = dice.uniform(0, math.pi)
        dx, dy = 0.0028 * math.cos(heading), 0.0028 * math.sin(heading)
        add_tube(bm, [(x - dx, y - dy, z), (x + dx, y + dy, z)], 0.0009, 2 + i % 2, 6)
    return finish_thing(name, "donut", {"": bm}, size, materials, ("icing", "dough", "sprinkles", "sprinkles2"), smooth_deg=60)


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
            add_ball(bm, (radius * 0.93 * math.cos(angle), radius * 0.93 * math.sin(angle), z - radius * 0.42), (0.011, 0.011, 0.008), i % 2, 14)
        z += radius * 1.35
    return finish_thing(name, "ice_cream", {"": bm}, size, materials, ("scoop", "scoop2", "cone"), smooth_deg=55)


def build_pizza(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], slices: int = 9, seed: int = 1
) -> bpy.types.Object:
    """A pizza with salami and basil."""
    dice, bm = random.Random(seed), bmesh.new()
    add_lathe(bm, [(0, 0), (0.15, 0), (0.158, 0.006), (0.16, 0.014), (0.156, 0.022), (0.148, 0.024), (0.14, 0.018), (0.135, 0.012), (0, 0.012)], 1, 72)
    add_lathe(bm, [(0, 0.008), (0.139, 0.008), (0.137, 0.015), (0.1, 0.0165), (0, 0.0165)], 0, 72)
    for i in range(slices):
        out, angle = 0.115 * math.sqrt((i + 0.5) / max(1, slices)), i * GOLDEN_ANGLE
        add_cylinder(bm, (out * math.cos(angle), out * math.sin(angle), 0.0155), 0.019, 0.004, 2, 24, bevel=0.0012)
    for i in range(6):
        out, angle = dice.uniform(0.03, 0.11), i * GOLDEN_ANGLE + 1.0
        add_leaf(bm, (out * math.cos(angle), out * math.sin(angle), 0.0195), 0.026, 0.014, 3, (0, -6, dice.uniform(0, 360)), 0.2)
    return finish_thing(name, "pizza", {"": bm}, size, materials, ("cheese", "crust", "pepperoni", "basil"), smooth_deg=45)


def build_burger(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A burger with lettuce, tomato and cheese."""
    bm = bmesh.new()
    add_cylinder(bm, (0, 0, 0), 0.056, 0.022, 0, 48, bevel=0.009)
    add_cylinder(bm, (0, 0, 0.02), 0.058, 0.018, 1, 48, bevel=0.007)
    add_box(bm, (0, 0, 0.0395), (0.098, 0.098, 0.004), 4, 0.0015, turn=(0, 0, 45))
    add_cylinder(bm, (0, 0, 0.041), 0.052, 0.007, 3, 40, bevel=0.002)
    rings = []
    for r, lift in ((0.03, 0.0), (0.05, 0.5), (0.062, 1.0)):
        rings.append([(r * math.cos(math.pi * k / 36), r * math.sin(math.pi * k / 36), 0.0485 + lift * 0.003 * math.sin(9 * math.pi * k / 36)) for k in range(72)])
    add_loft(bm, [*rings, *[[(x, y, z + 0.002) for x, y, z in ring] for ring in reversed(rings)]], 2, closed=True)
    add_lathe(bm, [(0, 0.049), (0.05, 0.049), (0.057, 0.055), (0.056, 0.068), (0.044, 0.085), (0.022, 0.094), (0, 0.096)], 0, 48)
    for i in range(30):
        out, angle = 0.042 * math.sqrt((i + 0.5) / 30), i * GOLDEN_ANGLE
        z = 0.0955 - 0.011 * (out / 0.042) ** 2
        add_ball(bm, (out * math.cos(angle), out * math.sin(angle), z), (0.0022, 0.0014, 0.001), 4, 8, (0, 0, math.degrees(angle * 2)))
    return finish_thing(name, "burger", {"": bm}, size, materials, ("bun", "patty", "lettuce", "tomato", "cheese"), smooth_deg=45)
