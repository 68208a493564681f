"""Carts and trains: what runs on spoked wheels."""

import math

import bmesh
import bpy

from .core import add_box, add_cylinder, add_lathe, add_prism, add_tube
from .finish import finish_thing


def add_spoked_wheel(
    bm: bmesh.types.BMesh,
    center: tuple[float, float, float],
    radius: float,
    width: float,
    slots: tuple[int, int],
    spokes: int = 10,
) -> None:
    """A wooden cart wheel with an iron tyre that turns about X. Slots: wood, iron."""
    x, y, z = center
    half = width / 2
    add_lathe(
        bm,
        [(radius * 0.84, -half), (radius * 0.97, -half), (radius * 0.97, half), (radius * 0.84, half)],
        slots[0],
        40,
        center,
        (0, 90, 0),
        closed=True,
    )
    add_lathe(
        bm,
        [(radius * 0.96, -half * 0.9), (radius, -half * 0.9), (radius, half * 0.9), (radius * 0.96, half * 0.9)],
        slots[1],
        40,
        center,
        (0, 90, 0),
        closed=True,
    )
    for i in range(spokes):
        angle = 2 * math.pi * i / spokes
        c, s = math.cos(angle), math.sin(angle)
        add_tube(
            bm, [(x, y, z), (x, y + c * radius * 0.87, z + s * radius * 0.87)], [half * 0.65, half * 0.5], slots[0], 8
        )
    hub = [
        (0.0, -half * 1.6),
        (radius * 0.12, -half * 1.6),
        (radius * 0.18, -half * 0.6),
        (radius * 0.18, half * 0.6),
        (radius * 0.12, half * 1.6),
        (0.0, half * 1.6),
    ]
    add_lathe(bm, hub, slots[0], 24, center, (0, 90, 0))


def build_wagon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A wooden cart with four spoked wheels and a drawbar at -Y."""
    bm = bmesh.new()
    for i in range(5):
        add_box(bm, (-0.4 + 0.2 * i, 0.2, 0.66), (0.192, 1.9, 0.04), 0, 0.006)
    for side in (-1, 1):
        for z in (0.78, 0.98):
            add_box(bm, (side * 0.5, 0.2, z), (0.03, 1.9, 0.17), 0, 0.006)
        for y in (-0.68, 0.2, 1.08):
            add_box(bm, (side * 0.53, y, 0.86), (0.045, 0.07, 0.5), 0, 0.006)
    for y in (-0.75, 1.15):
        for z in (0.78, 0.98):
            add_box(bm, (0, y, z), (1.02, 0.03, 0.17), 0, 0.006)
    parts = {"": bm}
    for y in (-0.45, 0.85):
        add_box(bm, (0, y, 0.6), (0.7, 0.12, 0.1), 0, 0.01)
        add_cylinder(bm, (-0.62, y, 0.42), 0.035, 1.24, 2, 14, turn=(0, 90, 0))
        add_box(bm, (0, y, 0.5), (0.12, 0.1, 0.2), 0, 0.01)
        for side in (-1, 1):
            wheel = bmesh.new()
            add_spoked_wheel(wheel, (side * 0.62, y, 0.42), 0.42, 0.07, (1, 2))
            parts["Wheel" if len(parts) == 1 else f"Wheel {len(parts)}"] = wheel
    add_tube(bm, [(0, -0.45, 0.56), (0, -0.9, 0.5), (0, -1.45, 0.42)], 0.032, 0, 10)
    add_tube(bm, [(-0.2, -1.43, 0.42), (0.2, -1.43, 0.42)], 0.026, 0, 10)
    return finish_thing(name, "wagon", parts, size, materials, ("body", "wheels", "metal"), surface=(0.68, 0.45, 0.9))


def build_train(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A steam locomotive; its chimney end looks to -Y."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.78), (1.7, 4.7, 0.22), 2, 0.03)
    add_cylinder(bm, (0, 1.0, 1.62), 0.72, 3.05, 0, 40, bevel=0.05, turn=(90, 0, 0))
    add_cylinder(bm, (0, -1.95, 1.62), 0.75, 0.3, 1, 40, bevel=0.06, turn=(90, 0, 0))
    for y in (-1.2, -0.3, 0.6):
        add_lathe(
            bm, [(0.7, -0.04), (0.745, -0.04), (0.745, 0.04), (0.7, 0.04)], 4, 40, (0, y, 1.62), (90, 0, 0), closed=True
        )
    add_lathe(
        bm,
        [
            (0, 2.2),
            (0.2, 2.2),
            (0.17, 2.3),
            (0.15, 2.65),
            (0.28, 2.85),
            (0.28, 2.92),
            (0.2, 2.92),
            (0.2, 2.8),
            (0, 2.8),
        ],
        1,
        28,
        (0, -1.7, 0),
    )
    add_lathe(bm, [(0, 2.2), (0.24, 2.2), (0.24, 2.5), (0.16, 2.62), (0, 2.66)], 4, 28, (0, -0.75, 0))
    add_lathe(bm, [(0, 2.2), (0.17, 2.2), (0.15, 2.42), (0.05, 2.5), (0, 2.5)], 4, 24, (0, 0.15, 0))
    add_box(bm, (0, 1.6, 1.62), (1.75, 1.35, 1.6), 0, 0.04)
    add_prism(
        bm,
        [(1.0 * math.cos(a), 2.42 + 0.34 * math.sin(a)) for a in (math.pi * i / 12 for i in range(13))],
        1.65,
        2,
        0.02,
        (0, 1.6, 0),
    )
    for side in (-1, 1):
        add_box(bm, (side * 0.86, 1.6, 1.98), (0.06, 0.8, 0.55), 3, 0.03)
        add_box(bm, (side * 0.5, 0.92, 2.05), (0.42, 0.06, 0.42), 3, 0.03)
        add_cylinder(bm, (side * 0.72, -2.3, 0.95), 0.13, 0.22, 4, 20, bevel=0.02, turn=(90, 0, 0))
        add_box(bm, (side * 0.84, -0.1, 0.56), (0.05, 2.5, 0.09), 4, 0.02)
        add_cylinder(bm, (side * 0.82, -1.3, 0.6), 0.2, 0.6, 1, 24, bevel=0.03, turn=(90, 0, 0))
    add_cylinder(bm, (0, -2.2, 2.0), 0.2, 0.25, 4, 24, bevel=0.03, turn=(90, 0, 0))
    for i in range(7):
        x = -0.72 + 0.24 * i
        add_tube(bm, [(x * 0.55, -2.25, 0.75), (x, -2.5 - 0.16 * (1 - abs(x)), 0.12)], 0.035, 2, 8)
    add_box(bm, (0, -2.32, 0.78), (1.9, 0.14, 0.3), 2, 0.03)
    parts = {"": bm}
    for y, radius in ((-1.75, 0.3), (-0.85, 0.45), (0.15, 0.45), (1.15, 0.45)):
        for side in (-1, 1):
            wheel = bmesh.new()
            add_spoked_wheel(wheel, (side * 0.7, y, radius), radius, 0.13, (2, 1), 10)
            parts["Wheel" if len(parts) == 1 else f"Wheel {len(parts)}"] = wheel
        add_cylinder(bm, (-0.7, y, radius), 0.06, 1.4, 1, 12, turn=(0, 90, 0))
        add_box(bm, (0, y, 0.6), (1.1, 0.2, 0.4), 1, 0.02)
    return finish_thing(
        name, "train", parts, size, materials, ("body", "metal", "accent", "windows", "trim"), smooth_deg=40
    )
