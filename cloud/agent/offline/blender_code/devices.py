"""Computers, phones and pencils."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_prism, add_tube, round_corners
from .finish import finish_thing


def build_monitor(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A flat screen on its stand; it faces -Y."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.28), (0.62, 0.03, 0.36), 0, 0.008)
    add_box(bm, (0, 0.025, 0.28), (0.4, 0.035, 0.22), 0, 0.015)
    add_box(bm, (0, -0.0142, 0.285), (0.596, 0.004, 0.325), 1, 0.001)
    add_box(bm, (0, -0.0155, 0.108), (0.05, 0.003, 0.006), 1, 0.001)
    add_box(bm, (0, 0.04, 0.14), (0.07, 0.022, 0.27), 0, 0.006)
    outline = round_corners([(-0.13, -0.1), (0.13, -0.1), (0.13, 0.1), (-0.13, 0.1)], 0.03, 5, closed=True)
    add_prism(bm, outline, 0.012, 0, 0.003, (0, 0.0, 0.006), (0, 0, 0))
    return finish_thing(name, "monitor", {"": bm}, size, materials, ("body", "screen"))


def add_key_rows(
    bm: bmesh.types.BMesh, center: tuple[float, float, float], width: float, depth: float, rows: int, slot: int
) -> None:
    """Rows of key caps on a flat top, the lowest with a space bar."""
    x0, y0, z = center
    pitch = depth / rows
    count = max(6, round(width / pitch))
    step = width / count
    for row in range(rows):
        y = y0 + depth / 2 - pitch * (row + 0.5)
        if row == rows - 1:
            side = count // 4
            for i in range(side):
                for way in (-1, 1):
                    add_box(
                        bm,
                        (x0 + way * (width / 2 - step * (i + 0.5)), y, z),
                        (step * 0.86, pitch * 0.84, pitch * 0.3),
                        slot,
                        pitch * 0.06,
                        segments=1,
                    )
            add_box(
                bm,
                (x0, y, z),
                (step * (count - 2 * side) - step * 0.14, pitch * 0.84, pitch * 0.3),
                slot,
                pitch * 0.06,
                segments=1,
            )
            continue
        for i in range(count):
            add_box(
                bm,
                (x0 - width / 2 + step * (i + 0.5), y, z),
                (step * 0.86, pitch * 0.84, pitch * 0.3),
                slot,
                pitch * 0.06,
                segments=1,
            )


def build_laptop(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An open laptop; its lid is a child. It faces -Y."""
    bm, lid = bmesh.new(), bmesh.new()
    outline = round_corners([(-0.17, -0.115), (0.17, -0.115), (0.17, 0.115), (-0.17, 0.115)], 0.012, 4, closed=True)
    add_prism(bm, outline, 0.014, 0, 0.003, (0, 0, 0.007), (0, 0, 0))
    add_key_rows(bm, (0, 0.035, 0.0145), 0.3, 0.105, 6, 2)
    add_box(bm, (0, -0.065, 0.0138), (0.11, 0.068, 0.0014), 2, 0.0004)
    lean = 18
    s, c = math.sin(math.radians(lean)), math.cos(math.radians(lean))
    base = (0, 0.112, 0.012)
    add_prism(
        lid,
        [(x, y) for x, y in outline],
        0.007,
        0,
        0.002,
        (0, base[1] + s * 0.115, base[2] + c * 0.115),
        (90 - lean, 0, 0),
    )
    middle = (0, base[1] + s * 0.118 - c * 0.0032, base[2] + c * 0.118 + s * 0.0032)
    add_box(lid, middle, (0.318, 0.0016, 0.2), 1, 0.0004, turn=(-lean, 0, 0))
    add_cylinder(lid, (-0.12, 0.113, 0.0125), 0.0055, 0.24, 2, 14, turn=(0, 90, 0))
    return finish_thing(name, "laptop", {"": bm, "Lid": lid}, size, materials, ("body", "screen", "keys"))


def build_phone(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A smartphone lying on its back."""
    bm = bmesh.new()
    outline = round_corners([(-0.037, -0.077), (0.037, -0.077), (0.037, 0.077), (-0.037, 0.077)], 0.011, 5, closed=True)
    add_prism(bm, outline, 0.008, 0, 0.0022, (0, 0, 0.004), (0, 0, 0), segments=3)
    glass = [(x * 0.94, y * 0.97) for x, y in outline]
    add_prism(bm, glass, 0.001, 1, 0.0002, (0, 0, 0.0079), (0, 0, 0))
    for y in (0.03, 0.012):
        add_box(bm, (0.037, y, 0.004), (0.0016, 0.012, 0.002), 0, 0.0004)
    return finish_thing(name, "phone", {"": bm}, size, materials, ("body", "screen"), surface=(0.0084, 0.035, 0.07))


def build_keyboard(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A computer keyboard with a block of numbers."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.009), (0.44, 0.14, 0.018), 0, 0.005)
    add_key_rows(bm, (-0.06, 0, 0.02), 0.3, 0.12, 6, 1)
    add_key_rows(bm, (0.165, -0.01, 0.02), 0.08, 0.1, 5, 1)
    return finish_thing(name, "keyboard", {"": bm}, size, materials, ("body", "keys"))


def build_mouse(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A computer mouse; its buttons are at +Y."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0.012), (0.031, 0.055, 0.026), 0, 36)
    for vert in bm.verts:
        vert.co.z = max(0.0, vert.co.z) if vert.co.z > 0.001 else 0.0005 * (1 + vert.co.z)
    add_tube(bm, [(-0.0035, 0.028, 0.0305), (0.0035, 0.028, 0.0305)], 0.007, 1, 20)
    return finish_thing(name, "mouse", {"": bm}, size, materials, ("body", "wheel"), smooth_deg=60)


def build_pencil(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A six-sided pencil lying along Y, its point at -Y."""
    bm = bmesh.new()
    add_tube(bm, [(0, -0.068, 0.004), (0, 0.08, 0.004)], 0.004, 0, 6)
    add_tube(bm, [(0, -0.0675, 0.004), (0, -0.089, 0.004)], [0.0039, 0.001], 1, 18)
    add_tube(bm, [(0, -0.0885, 0.004), (0, -0.095, 0.004)], [0.0011, 0.0], 2, 12)
    add_cylinder(bm, (0, 0.0885, 0.004), 0.0038, 0.0095, 2, 18, turn=(90, 0, 0))
    add_cylinder(bm, (0, 0.095, 0.004), 0.0036, 0.008, 3, 18, bevel=0.0008, turn=(90, 0, 0))
    return finish_thing(name, "pencil", {"": bm}, size, materials, ("body", "wood", "lead", "eraser"), smooth_deg=35)
