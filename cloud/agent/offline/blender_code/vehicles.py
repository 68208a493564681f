"""Road vehicles; the front looks to -Y. Wheels are children of their own."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, round_corners, smooth_curve
from .finish import finish_thing


def add_car_wheel(
    bm: bmesh.types.BMesh, center: tuple[float, float, float], radius: float, width: float, slots: tuple[int, int]
) -> None:
    """A tyre and a five-spoked rim that turn about X. Slots: tyre, rim."""
    x, y, z = center
    side = 1 if x >= 0 else -1
    half = width / 2
    tyre = [
        (radius * 0.62, -half),
        (radius * 0.92, -half),
        (radius, -half * 0.7),
        (radius, half * 0.7),
        (radius * 0.92, half),
        (radius * 0.62, half),
    ]
    add_lathe(bm, tyre, slots[0], 40, center, (0, 90 * side, 0), closed=True)
    rim = [
        (radius * 0.58, half * 0.3),
        (radius * 0.66, half * 0.9),
        (radius * 0.62, half * 1.02),
        (radius * 0.54, half * 0.8),
        (radius * 0.52, half * 0.1),
    ]
    add_lathe(
        bm,
        [*rim, (radius * 0.52, -half * 0.6), (radius * 0.64, -half * 0.6)],
        slots[1],
        40,
        center,
        (0, 90 * side, 0),
        closed=True,
    )
    add_cylinder(bm, (x - side * half * 0.2, y, z), radius * 0.55, half * 0.3, slots[0], 32, turn=(0, 90 * side, 0))
    for i in range(5):
        angle = 2 * math.pi * i / 5 + math.pi / 2
        middle = radius * 0.34
        place = (x + side * half * 0.55, y + middle * math.cos(angle), z + middle * math.sin(angle))
        add_box(
            bm,
            place,
            (half * 0.5, radius * 0.46, radius * 0.13),
            slots[1],
            radius * 0.02,
            turn=(math.degrees(angle), 0, 0),
        )
    add_cylinder(
        bm,
        (x + side * half * 0.1, y, z),
        radius * 0.15,
        half * 0.85,
        slots[1],
        20,
        bevel=radius * 0.03,
        turn=(0, 90 * side, 0),
    )


def add_body_shell(
    bm: bmesh.types.BMesh, stations: list[tuple[float, float, float, float, float]], slot: int, shoulder: float = 0.12
) -> None:
    """A car body's skin through stations along Y: (y, half width, bottom z, top z, how far the top draws in)."""
    rings = []
    for y, half, low, high, draw in stations:
        tall = high - low
        side = [
            (half * 0.9, low),
            (half * 0.985, low + tall * 0.16),
            (half, low + tall * 0.45),
            (half * 0.975, low + tall * (1 - shoulder * 2)),
            (half * (1 - draw * 0.35), high - tall * shoulder * 0.6),
            (half * (1 - draw), high),
        ]
        middle = [(half * (1 - draw) * 0.5, high + tall * 0.025), (0.0, high + tall * 0.035)]
        right = [(x, y, z) for x, z in side + middle]
        left = [(-x, y, z) for x, y, z in reversed(right[:-1])]
        rings.append(right + left)
    add_loft(bm, rings, slot)


def build_car(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A hatchback: smooth body, glass cabin with pillars and roof, lights, mirrors, bumpers and four wheels."""
    bm = bmesh.new()
    body = [
        (-2.08, 0.5, 0.36, 0.62, 0.3),
        (-2.03, 0.68, 0.29, 0.7, 0.25),
        (-1.85, 0.8, 0.23, 0.76, 0.2),
        (-1.3, 0.87, 0.2, 0.86, 0.16),
        (-0.75, 0.88, 0.2, 0.93, 0.12),
        (0.3, 0.88, 0.2, 0.95, 0.12),
        (1.2, 0.88, 0.2, 0.97, 0.13),
        (1.75, 0.84, 0.24, 0.97, 0.16),
        (2.0, 0.76, 0.3, 0.92, 0.2),
        (2.08, 0.62, 0.38, 0.84, 0.28),
    ]
    keys = [(y, half, low, high, draw) for y, half, low, high, draw in smooth_curve(body, 3)]
    add_body_shell(bm, keys, 0)
    add_cabin(bm, [(-0.98, 0.9), (-0.22, 1.38), (0.95, 1.42), (1.72, 0.94)], 0.75, 0.6, 0)
    add_car_trim(bm)
    parts = {"": bm}
    for i, (x, y) in enumerate(((-1, -1.3), (1, -1.3), (-1, 1.28), (1, 1.28))):
        # The arch behind each wheel is a dark disc in the body's side.
        add_cylinder(bm, (x * 0.62, y, 0.36), 0.4, 0.275, 6, 36, turn=(0, 90 * x, 0))
        wheel = bmesh.new()
        add_car_wheel(wheel, (x * 0.8, y, 0.325), 0.325, 0.22, (2, 3))
        parts["Wheel" if i == 0 else f"Wheel {i + 1}"] = wheel
    slots = ("body", "windows", "tyres", "rims", "lights", "tail_lights", "trim")
    return finish_thing(name, "car", parts, size, materials, slots, smooth_deg=38)


def add_cabin(
    bm: bmesh.types.BMesh, line: list[tuple[float, float]], half_low: float, half_high: float, slot: int
) -> None:
    """A glass house (slot 1) under a roof: `line` is its side view (y, z) from bonnet over roof to boot."""
    roof_z = max(z for _, z in line)
    low_z = min(z for _, z in line)
    rings = []
    for y, z in smooth_curve(line, 5):
        share = (z - low_z) / (roof_z - low_z)
        half = half_low + (half_high - half_low) * share
        rings.append(
            [
                (half_low, y, low_z - 0.1),
                (half, y, z),
                (0, y, z + 0.025 * share),
                (-half, y, z),
                (-half_low, y, low_z - 0.1),
            ]
        )
    add_loft(bm, rings, 1)
    top = [(y, z) for y, z in smooth_curve(line, 5) if (z - low_z) / (roof_z - low_z) > 0.93]
    skin = []
    for y, z in top:
        half = half_high * 1.03
        skin.append(
            [
                (half, y, z - 0.05),
                (half, y, z + 0.015),
                (half * 0.6, y, z + 0.032),
                (-half * 0.6, y, z + 0.032),
                (-half, y, z + 0.015),
                (-half, y, z - 0.05),
            ]
        )
    add_loft(bm, skin, slot)
    for side in (-1, 1):
        edge = []
        for y, z in smooth_curve(line, 5):
            share = (z - low_z) / (roof_z - low_z)
            edge.append((side * (half_low + (half_high - half_low) * share) * 1.0, y, z))
        add_tube(bm, edge, 0.032, slot, 8)
        middle = (line[1][0] + line[2][0]) / 2
        add_tube(
            bm,
            [(side * half_low * 1.005, middle, low_z - 0.05), (side * half_high * 1.01, middle - 0.02, roof_z)],
            0.035,
            slot,
            8,
        )


def add_car_trim(bm: bmesh.types.BMesh) -> None:
    """Lights, grille, bumpers, sills, handles, mirrors and plates of the car."""
    for side in (-1, 1):
        add_ball(bm, (side * 0.6, -1.95, 0.62), (0.15, 0.1, 0.075), 4, 20, (0, 0, side * 24))
        add_box(bm, (side * 0.62, 1.99, 0.74), (0.26, 0.12, 0.13), 5, 0.03, turn=(0, 0, side * -16))
        add_box(bm, (side * 0.84, -0.0, 0.24), (0.1, 1.9, 0.1), 6, 0.02)
        for y in (0.16, 1.0):
            add_box(bm, (side * 0.875, y, 0.78), (0.03, 0.16, 0.03), 3, 0.008)
        add_ball(bm, (side * 0.9, -0.66, 0.98), (0.1, 0.06, 0.065), 0, 16)
        add_tube(bm, [(side * 0.78, -0.62, 0.9), (side * 0.88, -0.65, 0.96)], 0.022, 6, 8)
    add_box(bm, (0, -2.04, 0.52), (0.62, 0.08, 0.16), 6, 0.03)
    add_box(bm, (0, -2.06, 0.53), (0.56, 0.06, 0.02), 3, 0.006)
    add_box(bm, (0, -2.0, 0.32), (1.0, 0.14, 0.1), 6, 0.04)
    add_box(bm, (0, 2.02, 0.36), (1.2, 0.14, 0.14), 6, 0.04)
    for y in (-2.085, 2.09):
        add_box(bm, (0, y, 0.42 if y < 0 else 0.56), (0.42, 0.025, 0.1), 4 if y < 0 else 3, 0.006)


def build_boxy(
    name: str, kind: str, size: tuple[float, float, float], materials: dict[str, dict], slots: tuple[str, ...],
    bm: bmesh.types.BMesh, axles: tuple[float, ...], radius: float, half: float, dark: int,
) -> bpy.types.Object:  # fmt: skip
    """Put wheels (slots 2, 3) under a finished body at each of `axles` and finish the thing."""
    parts = {"": bm}
    for i, (side, y) in enumerate((side, y) for y in axles for side in (-1, 1)):
        add_cylinder(
            bm, (side * (half - 0.25), y, radius * 1.08), radius * 1.2, 0.255, dark, 32, turn=(0, 90 * side, 0)
        )
        wheel = bmesh.new()
        add_car_wheel(wheel, (side * (half - 0.08), y, radius), radius, 0.28, (2, 3))
        parts["Wheel" if i == 0 else f"Wheel {i + 1}"] = wheel
    return finish_thing(name, kind, parts, size, materials, slots, smooth_deg=38)


def build_truck(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A box lorry: cab in front, cargo box behind, six wheels."""
    bm = bmesh.new()
    cab = round_corners([(-2.95, 0.5), (-2.98, 1.25), (-2.6, 2.35), (-1.55, 2.4), (-1.5, 0.5)], 0.22, 4)
    add_prism(bm, cab, 2.05, 0, 0.05, (0, 0, 0), (90, 0, 90))
    add_box(bm, (0, -2.83, 1.72), (1.8, 0.06, 0.72), 1, 0.03, turn=(-19, 0, 0))
    for side in (-1, 1):
        add_box(bm, (side * 1.01, -2.12, 1.7), (0.05, 0.75, 0.6), 1, 0.02)
        add_box(bm, (side * 0.8, -2.98, 0.85), (0.26, 0.06, 0.18), 4, 0.03)
        add_box(bm, (side * 1.14, -2.72, 1.75), (0.1, 0.08, 0.36), 5, 0.02)
        add_tube(bm, [(side * 0.98, -2.66, 1.85), (side * 1.12, -2.7, 1.85)], 0.02, 5, 8)
    add_box(bm, (0, -2.98, 0.55), (2.08, 0.14, 0.24), 5, 0.04)
    add_box(bm, (0, -2.99, 1.02), (1.1, 0.06, 0.2), 5, 0.03)
    add_box(bm, (0, 0.3, 0.62), (1.1, 5.4, 0.24), 5, 0.02)
    add_box(bm, (0, 0.8, 1.73), (2.15, 4.3, 1.96), 6, 0.04)
    for i in range(6):
        for side in (-1, 1):
            add_box(bm, (side * 1.08, -1.05 + 0.74 * i, 1.73), (0.03, 0.06, 1.86), 6, 0.008)
    add_box(bm, (0, 2.96, 0.6), (2.0, 0.1, 0.2), 5, 0.03)
    slots = ("body", "windows", "tyres", "rims", "lights", "trim", "cargo")
    return build_boxy(name, "truck", size, materials, slots, bm, (-2.2, 1.2, 2.15), 0.42, 1.04, 5)


def build_bus(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A bus with a band of windows and a door at its right side."""
    bm = bmesh.new()
    outline = round_corners([(-4.5, 0.42), (-4.5, 2.95), (4.5, 2.95), (4.5, 0.42)], 0.3, 4)
    add_prism(bm, outline, 2.4, 0, 0.09, (0, 0, 0), (90, 0, 90), segments=3)
    for side in (-1, 1):
        for i in range(7):
            add_box(bm, (side * 1.19, -3.0 + 1.12 * i, 2.05), (0.06, 1.0, 0.85), 1, 0.03)
        add_box(bm, (side * 1.2, 0, 1.2), (0.04, 8.5, 0.08), 5, 0.01)
        add_box(bm, (side * 0.85, -4.5, 0.85), (0.34, 0.06, 0.2), 4, 0.04)
        add_box(bm, (side * 1.3, -4.35, 2.1), (0.1, 0.12, 0.4), 5, 0.03)
        add_tube(bm, [(side * 1.15, -4.3, 2.5), (side * 1.3, -4.38, 2.3)], 0.02, 5, 8)
    add_box(bm, (1.19, -3.85, 1.5), (0.06, 0.72, 1.9), 1, 0.02)
    add_box(bm, (1.22, -3.85, 1.5), (0.04, 0.03, 1.9), 5)
    add_box(bm, (0, -4.49, 1.95), (2.1, 0.06, 1.2), 1, 0.05)
    add_box(bm, (0, 4.49, 2.1), (1.9, 0.06, 0.9), 1, 0.05)
    add_box(bm, (0, -4.49, 2.72), (1.5, 0.06, 0.22), 5, 0.02)
    for y in (-4.5, 4.5):
        add_box(bm, (0, y, 0.5), (2.36, 0.14, 0.24), 5, 0.05)
    slots = ("body", "windows", "tyres", "rims", "lights", "trim")
    return build_boxy(name, "bus", size, materials, slots, bm, (-2.7, 2.7), 0.46, 1.17, 5)


def build_wheel(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A single wheel that stands on its tyre; its face looks to -Y."""
    bm = bmesh.new()
    add_car_wheel(bm, (0, 0, 0), 0.32, 0.2, (0, 1))
    for vert in bm.verts:
        vert.co.x, vert.co.y = vert.co.y, -vert.co.x
    return finish_thing(name, "wheel", {"": bm}, size, materials, ("tyre", "rim"), smooth_deg=38)
