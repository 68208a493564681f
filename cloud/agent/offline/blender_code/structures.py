"""Fences, walls, bridges, stairs, columns and what else stands about outdoors."""

import math

import bmesh
import bpy

from .core import add_box, add_cylinder, add_prism, add_tube, round_corners
from .finish import finish_thing


def build_fence(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], pickets: int = 11
) -> bpy.types.Object:
    """A picket fence along X with a post at each end."""
    width, depth, height = size
    bm = bmesh.new()
    post = min(0.1, depth * 0.85)
    for side in (-1, 1):
        x = side * (width / 2 - post / 2)
        add_box(bm, (x, 0, height * 0.485), (post, post, height * 0.97), bevel=0.008)
        add_box(bm, (x, 0, height * 0.975), (post * 1.1, post * 1.1, height * 0.05), bevel=0.008, taper=(0.5, 0.5))
    for z in (0.28, 0.7):
        add_box(bm, (0, depth * 0.1, height * z), (width - post, depth * 0.32, height * 0.075), bevel=0.006)
    span = width - 2 * post
    step = span / max(1, pickets)
    half = min(0.045, step * 0.36)
    for i in range(pickets):
        x = -span / 2 + step * (i + 0.5)
        outline = [
            (-half, 0.05 * height),
            (half, 0.05 * height),
            (half, height * 0.84),
            (0, height * 0.93),
            (-half, height * 0.84),
        ]
        add_prism(bm, outline, depth * 0.2, 0, 0.004, (x, -depth * 0.14, 0))
    return finish_thing(name, "fence", {"": bm}, size, materials, ("body",))


def build_wall(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A wall of single bricks in running bond under a coping of stone."""
    width, depth, height = size
    bm = bmesh.new()
    cap = min(0.1, height * 0.08)
    rows = max(3, round((height - cap) / 0.1))
    tall = (height - cap) / rows
    count = max(2, round(width / 0.3))
    long = width / count
    add_box(bm, (0, 0, (height - cap) / 2), (width - 0.03, depth * 0.84, height - cap))
    for row in range(rows):
        shift = 0.5 * (row % 2)
        for i in range(count + row % 2):
            left = max(-width / 2, -width / 2 + long * (i - shift))
            right = min(width / 2, -width / 2 + long * (i + 1 - shift))
            gap = 0.008
            add_box(
                bm,
                ((left + right) / 2, 0, tall * (row + 0.5)),
                (right - left - gap, depth * 0.93, tall - gap),
                0,
                0.004,
                segments=1,
            )
    slabs = max(1, round(width / 0.75))
    for i in range(slabs):
        x = -width / 2 + width * (i + 0.5) / slabs
        add_box(bm, (x, 0, height - cap / 2), (width / slabs - 0.004, depth, cap), 1, cap * 0.15)
    return finish_thing(
        name, "wall", {"": bm}, size, materials, ("body", "cap"), surface=(height, width / 2, depth / 2)
    )


def build_gate(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A two-winged wooden gate between stone posts; the wings are children."""
    bm = bmesh.new()
    for side in (-1, 1):
        for i in range(6):
            add_box(
                bm, (side * 0.92, 0, 0.14 + 0.27 * i), (0.34 + 0.01 * (i % 2), 0.34 + 0.01 * (i % 2), 0.262), 1, 0.025
            )
        add_box(bm, (side * 0.92, 0, 1.66), (0.42, 0.42, 0.1), 1, 0.02)
        add_box(bm, (side * 0.92, 0, 1.77), (0.34, 0.34, 0.14), 1, 0.01, taper=(0.15, 0.15))
    parts = {"": bm}
    for side, label in ((-1, "Left Wing"), (1, "Right Wing")):
        wing = bmesh.new()
        for i in range(6):
            x = side * (0.07 + 0.125 * i)
            top = 1.18 + 0.32 * (abs(x) / 0.75) ** 2
            add_box(wing, (x, 0, (0.08 + top) / 2), (0.108, 0.035, top - 0.08), 0, 0.008)
        for z in (0.3, 0.95):
            add_box(wing, (side * 0.385, 0.03, z), (0.76, 0.03, 0.1), 0, 0.006)
            add_box(wing, (side * 0.62, -0.022, z), (0.3, 0.012, 0.05), 2, 0.004)
            add_cylinder(wing, (side * 0.76, -0.02, z - 0.05), 0.022, 0.1, 2, 14)
        add_box(wing, (side * 0.385, 0.03, 0.625), (0.9, 0.025, 0.08), 0, 0.006, turn=(0, side * -41, 0))
        parts[label] = wing
    ring = [
        (0.05 + 0.045 * math.cos(a), -0.03, 0.68 + 0.045 * math.sin(a)) for a in (math.pi * i / 10 for i in range(20))
    ]
    add_tube(parts["Right Wing"], ring, 0.009, 2, 8, closed=True)
    return finish_thing(name, "gate", parts, size, materials, ("body", "posts", "metal"))


def build_stairs(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], steps: int = 8
) -> bpy.types.Object:
    """Straight stairs that rise towards +Y, solid underneath, each tread with a nose."""
    width, depth, height = size
    bm = bmesh.new()
    count = max(1, steps)
    rise, run = height / count, depth / count
    outline = [(-depth / 2 + run * 0.06, 0.0), (depth / 2, 0.0)]
    for i in range(count, 0, -1):
        y = -depth / 2 + run * i
        outline += [(y, rise * i - rise * 0.1), (y - run * 0.94, rise * i - rise * 0.1)]
    outline = list(dict.fromkeys((round(y, 6), round(z, 6)) for y, z in outline))
    add_prism(bm, outline, width * 0.96, 0, 0.0, (0, 0, 0), (90, 0, 90))
    for i in range(count):
        y = -depth / 2 + run * (i + 0.5)
        add_box(bm, (0, y, rise * (i + 1) - rise * 0.09), (width, run * 1.06, rise * 0.18), 0, rise * 0.05)
    return finish_thing(name, "stairs", {"": bm}, size, materials, ("body",))


def build_ladder(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], rungs: int = 8
) -> bpy.types.Object:
    """An upright ladder."""
    width, depth, height = size
    bm = bmesh.new()
    rail = min(0.05, width * 0.12)
    for side in (-1, 1):
        add_box(bm, (side * (width - rail) / 2, 0, height / 2), (rail, depth, height), bevel=0.008)
    for i in range(rungs):
        z = height * (i + 0.7) / (rungs + 0.4)
        add_cylinder(
            bm,
            (-width / 2 + rail * 0.3, 0, z),
            min(0.018, depth * 0.3),
            width - rail * 0.6,
            segments=16,
            turn=(0, 90, 0),
        )
    return finish_thing(name, "ladder", {"": bm}, size, materials, ("body",))


def build_door(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A panelled door in its frame; the leaf is a child."""
    bm, leaf = bmesh.new(), bmesh.new()
    for side in (-1, 1):
        add_box(bm, (side * 0.455, 0, 1.02), (0.09, 0.16, 2.04), 1, 0.01)
    add_box(bm, (0, 0, 2.055), (1.0, 0.16, 0.09), 1, 0.01)
    add_box(bm, (0, 0, 0.012), (0.86, 0.14, 0.024), 1, 0.004)
    add_box(leaf, (0, 0, 1.02), (0.83, 0.045, 2.0), 0, 0.005)
    for side in (-1, 1):
        for z, tall in ((0.45, 0.62), (1.12, 0.44), (1.66, 0.4)):
            for face in (-1, 1):
                add_box(leaf, (side * 0.19, face * 0.022, z), (0.27, 0.03, tall), 0, 0.014)
    for face in (-1, 1):
        add_cylinder(leaf, (0.35, face * 0.02, 1.0), 0.026, 0.025, 2, 20, bevel=0.004, turn=(face * -90, 0, 0))
        add_tube(
            leaf,
            round_corners([(0.35, face * 0.02, 1.0), (0.35, face * 0.07, 1.0), (0.23, face * 0.07, 1.0)], 0.02),
            0.01,
            2,
            12,
        )
    return finish_thing(name, "door", {"": bm, "Leaf": leaf}, size, materials, ("panel", "frame", "handle"))
