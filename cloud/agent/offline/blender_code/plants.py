# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Trees and the smaller plants. Every leaf is a closed solid, so that it has a right side from everywhere."""

import math
import random

import bmesh
import bpy

from .core import add_ball, add_blob, add_cylinder, add_lathe, add_loft, add_tube, pose, smooth_curve
from .finish import finish_thing

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def add_leaf(
    bm: bmesh.types.BMesh, base: tuple[float, float, float], length: float, width: float, slot: int = 0,
    turn: tuple[float, float, float] = (0, 0, 0), droop: float = 0.3, steps: int = 6,
) -> None:  # fmt: skip
    """A pointed leaf from `base` along +X, folded at its rib, hanging by `droop` of its length."""
    rings = []
    for i in range(steps + 1):
        t = i / steps
        x, z = length * t, length * (0.35 * t - (droop + 0.35) * t * t)
        half = width / 2 * math.sin(math.pi * min(1.0, 0.08 + 0.92 * t) ** 0.8)
        thick = max(width * 0.03, half * 0.12)
        if i in (0, steps):
            rings.append([(x, 0.0, z)])
        else:
            rings.append(
                [(x, -half, z + half * 0.25), (x, 0, z + thick), (x, half, z + half * 0.25), (x, 0, z - thick)]
            )
    add_loft(bm, rings, slot, pose(base, turn))


def add_branching_trunk(
    bm: bmesh.types.BMesh, height: float, radius: float, slot: int, tips: list[tuple[float, float, float]]
) -> None:
    """A trunk with a flared root, and a branch to each of `tips`."""
    trunk = [(0, 0, 0), (0.02 * height, 0, height * 0.25), (0, 0.01 * height, height * 0.5), (0, 0, height * 0.8)]
    radii = [1.75, 1.35, 1.1, 1.0, 0.95, 0.88, 0.8, 0.7, 0.62, 0.55, 0.48, 0.4, 0.3]
    add_tube(bm, smooth_curve(trunk, 4), [radius * share for share in radii], slot, segments=14)
    for i, (x, y, z) in enumerate(tips):
        start = height * (0.36 + 0.05 * (i % 4))
        bend = (x * 0.45, y * 0.45, start + (z - start) * 0.38)
        add_tube(
            bm,
            smooth_curve([(0, 0, start), bend, (x, y, z)], 3),
            [radius * s for s in (0.55, 0.5, 0.42, 0.34, 0.28, 0.2, 0.14)],
            slot,
            10,
        )


def build_tree(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 1
) -> bpy.types.Object:
    """A broad-leaved tree: branching trunk under a crown of leafy clumps."""
    dice, bm = random.Random(seed), bmesh.new()
    clumps = [((0.0, 0.0, 3.45), 1.05)]
    for ring, count, out, z in ((0, 6, 0.98, 2.55), (1, 5, 0.68, 3.2)):
        for i in range(count):
            angle = 2 * math.pi * (i + 0.5 * ring) / count + dice.uniform(-0.2, 0.2)
            reach = out * dice.uniform(0.88, 1.1)
            clumps.append(
                (
                    (math.cos(angle) * reach, math.sin(angle) * reach, z + dice.uniform(-0.18, 0.18)),
                    dice.uniform(0.66, 0.84),
                )
            )
    for i, (center, radius) in enumerate(clumps):
        add_blob(bm, center, (radius, radius, radius * 0.86), 0, seed=seed * 20 + i, rough=0.22, detail=4, grain=2.4)
    tips = [center for center, _ in clumps[1:7]]
    add_branching_trunk(bm, 4.2, 0.17, 1, tips)
    return finish_thing(name, "tree", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=60)


def build_birch(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 3
) -> bpy.types.Object:
    """A slender tree with a narrow crown of small clumps."""
    dice, bm = random.Random(seed), bmesh.new()
    tips = []
    for i in range(16):
        share = i / 15
        angle, z = i * GOLDEN_ANGLE, 1.9 + 2.5 * share
        out = 0.72 * math.sin(math.pi * (0.22 + 0.7 * share))
        center = (math.cos(angle) * out, math.sin(angle) * out, z)
        radius = 0.66 * (1 - 0.42 * share) * dice.uniform(0.9, 1.1)
        add_blob(bm, center, (radius, radius, radius * 0.9), 0, seed=seed * 30 + i, rough=0.25, detail=3, grain=2.6)
        tips.append(center)
    add_branching_trunk(bm, 4.6, 0.09, 1, tips[:5])
    return finish_thing(name, "birch", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=60)


def add_fir(bm: bmesh.types.BMesh, layers: int, seed: int, height: float, radius: float) -> None:
    """The needles (slot 0) and trunk (slot 1) of a fir: `layers` skirts with drooping, pointed edges."""
    dice = random.Random(seed)
    low = height * 0.14
    add_tube(
        bm, [(0, 0, 0), (0, 0, low * 0.5), (0, 0, height * 0.9)], [radius * 0.13, radius * 0.1, radius * 0.02], 1, 14
    )
    step = (height - low) / (layers + 0.6)
    for i in range(layers):
        share = i / layers
        out, foot = radius * (1 - share) ** 0.85 * 0.98 + radius * 0.06, low + step * i
        top = min(height, foot + step * 1.9)
        points = max(10, round(20 * (1 - share * 0.5)))
        twist = dice.uniform(0, math.pi)
        rings = [[], [], [], []]
        for k in range(points * 2):
            angle = twist + math.pi * k / points
            tip = k % 2 == 0
            reach = out * ((1.0 if tip else 0.8) + dice.uniform(-0.05, 0.05))
            c, s = math.cos(angle), math.sin(angle)
            sag = step * (0.16 if tip else -0.02)
            rings[0].append((c * out * 0.35, s * out * 0.35, foot + step * 0.35))
            rings[1].append((c * reach, s * reach, foot - sag + step * 0.1))
            rings[2].append((c * reach * 0.6, s * reach * 0.6, foot + step * 0.62))
            rings[3].append((c * out * 0.24, s * out * 0.24, foot + step * 1.2))
        add_loft(bm, [*rings, [(0, 0, top)]], 0)


def build_pine(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], layers: int = 6, seed: int = 1
) -> bpy.types.Object:
    """A fir of drooping skirts of needles."""
    bm = bmesh.new()
    add_fir(bm, max(3, layers), seed, size[2], min(size[0], size[1]) / 2)
    return finish_thing(name, "pine", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=50)


def star_outline(points: int, outer: float, inner: float) -> list[tuple[float, float]]:
    """The outline of a star with a point at the top."""
    radii = (outer, inner)
    angles = [math.pi / 2 + math.pi * i / points for i in range(2 * points)]
    return [(radii[i % 2] * math.cos(a), radii[i % 2] * math.sin(a)) for i, a in enumerate(angles)]


def add_star(
    bm: bmesh.types.BMesh,
    center: tuple[float, float, float],
    radius: float,
    slot: int = 0,
    points: int = 5,
    depth: float = 0.28,
) -> None:
    """A faceted star that faces -Y, thickest in its middle by `depth` of its radius."""
    outline = star_outline(points, radius, radius * 0.42)
    x, y, z = center
    rim = 0.04 * radius
    ring = [[(x + px, y + side * rim, z + pz) for px, pz in outline] for side in (-1, 1)]
    thick = radius * depth / 2
    add_loft(bm, [[(x, y - thick, z)], ring[0], ring[1], [(x, y + thick, z)]], slot)


def build_christmas_tree(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], layers: int = 6, ornaments: int = 24,
    star: bool = True, seed: int = 1,
) -> bpy.types.Object:  # fmt: skip
    """A fir in a pot with shining balls and a star, which are children of their own."""
    width, depth, height = size
    bm = bmesh.new()
    radius, tree_top = min(width, depth) / 2, height * (0.93 if star else 1.0)
    pot = height * 0.11
    add_fir(bm, max(3, layers), seed, tree_top - pot * 0.4, radius)
    for vert in bm.verts:
        vert.co.z += pot * 0.4
    r = radius * 0.3
    add_lathe(
        bm,
        [
            (r * 0.72, 0),
            (r * 0.98, pot * 0.72),
            (r * 1.12, pot * 0.72),
            (r * 1.15, pot),
            (r * 0.95, pot),
            (r * 0.9, pot * 0.85),
            (0, pot * 0.85),
        ],
        5,
        40,
    )
    parts = {"": bm}
    # Each ball sits on the edge of a skirt of needles.
    count = max(1, layers)
    low = (tree_top - pot * 0.4) * 0.14 + pot * 0.4
    step = (tree_top - low) / (count + 0.6)
    for i in range(ornaments):
        level = min(count - 1, int(count * (1 - math.sqrt(1 - (i + 0.5) / max(1, ornaments)))))
        share = level / count
        out = (radius * (1 - share) ** 0.85 * 0.98 + radius * 0.06) * 0.86
        angle = i * GOLDEN_ANGLE
        ball = bmesh.new()
        size_ball = radius * (0.105 - 0.035 * share)
        place = (math.cos(angle) * out, math.sin(angle) * out, low + step * (level + 0.22))
        add_ball(ball, place, size_ball, 2 + i % 2, 20)
        add_cylinder(ball, (place[0], place[1], place[2] + size_ball * 0.9), size_ball * 0.26, size_ball * 0.3, 3, 12)
        parts["Ornament" if i == 0 else f"Ornament {i + 1}"] = ball
    if star:
        top = bmesh.new()
        add_star(top, (0, 0, height - radius * 0.24), radius * 0.24, 4)
        add_cylinder(top, (0, 0, tree_top - height * 0.02), radius * 0.03, height * 0.045, 4, 12)
        parts["Star"] = top
    slots = ("leaves", "trunk", "ornaments", "ornaments2", "star", "pot")
    return finish_thing(name, "christmas_tree", parts, size, materials, slots, smooth_deg=50)


def build_palm(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], fronds: int = 11, seed: int = 1
) -> bpy.types.Object:
    """A palm: a ringed, leaning trunk with a crown of feathered fronds."""
    dice, bm = random.Random(seed), bmesh.new()
    path = smooth_curve([(0, 0, 0), (0.1, 0, 1.3), (0.36, 0, 2.7), (0.55, 0, 4.0)], 8)
    radii = [(0.2 - 0.1 * i / 24 + (0.09 if i == 0 else 0)) * (1.09 if i % 2 else 0.95) for i in range(len(path))]
    add_tube(bm, path, radii, 1, segments=16)
    crown = (0.55, 0.0, 4.0)
    for i in range(fronds):
        turn = 360 * i / fronds + dice.uniform(-8, 8)
        rise, droop = (30, 0.75) if i % 2 else (12, 0.55)
        add_frond(bm, crown, 1.9 * dice.uniform(0.92, 1.05), turn, rise, droop)
    for i in range(3):
        angle = 2 * math.pi * i / 3
        add_ball(bm, (0.55 + 0.15 * math.cos(angle), 0.15 * math.sin(angle), 3.9), 0.115, 1, 16)
    return finish_thing(name, "palm", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=45)


def add_frond(
    bm: bmesh.types.BMesh, base: tuple[float, float, float], length: float, turn: float, rise: float, droop: float
) -> None:
    """A feathered leaf: a bending rib with leaflets at both sides."""
    place = pose(base, (0, -rise, turn))
    spine = [(length * t, 0.0, -length * droop * t * t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    curve = smooth_curve(spine, 4)
    add_tube(bm, [place @ pose(p).to_translation() for p in curve], [0.03 - 0.027 * i / 16 for i in range(17)], 0, 6)
    for i in range(2, 17):
        x, _, z = curve[i]
        reach = length * 0.42 * math.sin(math.pi * (0.15 + 0.8 * i / 17)) + 0.05
        for side in (-1, 1):
            tip = place @ pose((x + reach * 0.55, side * reach * 0.8, z - reach * 0.35)).to_translation()
            root = place @ pose((x, 0, z)).to_translation()
            add_tube(bm, [root, root.lerp(tip, 0.35), tip], [0.03, 0.06, 0.0], 0, 4, flat=0.3)


def build_bush(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 1
) -> bpy.types.Object:
    """A rounded shrub of leafy clumps."""
    dice, bm = random.Random(seed), bmesh.new()
    add_blob(bm, (0, 0, 0.5), (0.42, 0.42, 0.4), 0, seed=seed, rough=0.22, detail=4, grain=3.0)
    for i in range(9):
        angle = i * GOLDEN_ANGLE
        out, z = 0.36 - 0.02 * i, 0.3 + 0.05 * i
        radius = dice.uniform(0.25, 0.31)
        add_blob(bm, (math.cos(angle) * out, math.sin(angle) * out, z), (radius,) * 3, 0, seed * 9 + i, 0.25, 3, 3.0)
    for i in range(4):
        angle = math.pi / 2 * i
        add_tube(
            bm,
            [(0.1 * math.cos(angle), 0.1 * math.sin(angle), 0), (0.22 * math.cos(angle), 0.22 * math.sin(angle), 0.35)],
            0.025,
            1,
            8,
        )
    return finish_thing(name, "bush", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=60)


def build_hedge(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 1
) -> bpy.types.Object:
    """A clipped hedge: a row of leafy blocks with a lively skin."""
    dice, bm = random.Random(seed), bmesh.new()
    width, depth, height = size
    count = max(2, round(width / (depth * 0.55)))
    for i in range(count):
        x = (i + 0.5) / count * width - width / 2
        for row in range(2):
            half = (width / count * 0.85, depth * 0.52, height * 0.33)
            add_blob(
                bm,
                (x, dice.uniform(-0.02, 0.02), height * (0.3 + 0.4 * row)),
                half,
                0,
                seed * 40 + i * 2 + row,
                0.14,
                4,
                4.0,
            )
        add_cylinder(bm, (x, 0, 0), depth * 0.05, height * 0.3, 1, 10)
    return finish_thing(name, "hedge", {"": bm}, size, materials, ("leaves", "trunk"), smooth_deg=60)
