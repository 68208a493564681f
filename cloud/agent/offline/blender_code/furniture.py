"""Seats, tables and beds."""

import math

import bmesh
import bpy

from .core import add_box, add_cylinder, add_lathe, add_prism, add_tube, round_corners
from .finish import finish_thing


def build_chair(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], slats: int = 4
) -> bpy.types.Object:
    """A dining chair with a slatted back; its front looks to -Y."""
    width, depth, height = size
    bm = bmesh.new()
    leg, seat_z = min(width, depth) * 0.095, height * 0.5
    board = height * 0.038
    x, front, back = width / 2 - leg / 2, -depth * 0.44, depth * 0.36
    for side in (-1, 1):
        add_box(
            bm, (side * x, front, seat_z / 2), (leg, leg, seat_z), bevel=leg * 0.12, turn=(180, 0, 0), taper=(0.7, 0.7)
        )
        # The back leg runs on as the post of the back, leaning.
        line = [(back + depth * 0.1, 0.0), (back, seat_z * 0.55), (back, seat_z), (back + depth * 0.14, height)]
        outline = [(y - leg / 2, z) for y, z in line] + [(y + leg / 2, z) for y, z in reversed(line)]
        add_prism(bm, outline, leg, bevel=leg * 0.12, position=(side * x, 0, 0), turn=(90, 0, 90))
        add_box(
            bm, (side * x, (front + back) / 2, seat_z * 0.82), (leg * 0.55, back - front, height * 0.06), bevel=0.002
        )
        add_box(
            bm, (side * x, (front + back) / 2, seat_z * 0.38), (leg * 0.5, back - front, height * 0.03), bevel=0.002
        )
    add_box(bm, (0, front, seat_z * 0.82), (2 * x, leg * 0.55, height * 0.06), bevel=0.002)
    add_box(bm, (0, back, seat_z * 0.82), (2 * x, leg * 0.55, height * 0.06), bevel=0.002)
    seat_y = (front + back) / 2 - depth * 0.015
    add_box(bm, (0, seat_y, seat_z), (width, back - front + leg * 1.6, board), bevel=board * 0.4, segments=3)
    lean = math.degrees(math.atan2(depth * 0.14, height - seat_z))
    for share, rail in ((0.97, 0.16), (0.3, 0.09)):
        z = seat_z + (height - seat_z) * share - (height * rail / 2 if share > 0.9 else 0)
        y = back + depth * 0.14 * (z - seat_z) / (height - seat_z)
        add_box(bm, (0, y, z), (2 * x, leg * 0.5, height * rail * 0.8), bevel=0.003, turn=(-lean, 0, 0))
    for i in range(slats):
        slat_x = (i + 0.5) / slats * 2 * (x - leg / 2) - (x - leg / 2)
        low, high = seat_z + (height - seat_z) * 0.28, height * 0.93
        middle = (low + high) / 2
        y = back + depth * 0.14 * (middle - seat_z) / (height - seat_z)
        add_box(bm, (slat_x, y, middle), (width * 0.07, leg * 0.3, high - low), bevel=0.002, turn=(-lean, 0, 0))
    surface = (seat_z + board / 2, width * 0.42, depth * 0.38)
    return finish_thing(name, "chair", {"": bm}, size, materials, ("frame",), surface=surface)


def build_table(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], shape: str = "rectangular", legs: int = 4
) -> bpy.types.Object:
    """A table on tapered legs with an apron; `shape` "round", of the larger of x and y, stands on a turned foot."""
    width, depth, height = size
    bm = bmesh.new()
    board = height * 0.05
    if shape == "round":
        radius = max(width, depth) / 2
        add_cylinder(bm, (0, 0, height - board), radius, board, segments=64, bevel=board * 0.4)
        add_cylinder(bm, (0, 0, height - board * 2.2), radius * 0.62, board * 1.3, segments=48, bevel=board * 0.2)
        column = [
            (0.3, 0.05),
            (0.3, 0.09),
            (0.16, 0.13),
            (0.13, 0.22),
            (0.2, 0.36),
            (0.2, 0.45),
            (0.12, 0.6),
            (0.12, 0.78),
            (0.18, 0.86),
            (0.2, 0.92),
        ]
        add_lathe(bm, [(r * radius * 0.62, z * height) for r, z in column], segments=40)
        for i in range(max(3, legs)):
            angle = 360 * i / max(3, legs) + 45
            out = radius * 0.62
            foot = [
                (0.0, 0.16),
                (0.45, 0.1),
                (0.85, 0.02),
                (1.0, 0.0),
                (1.0, 0.035),
                (0.8, 0.07),
                (0.45, 0.17),
                (0.0, 0.26),
            ]
            outline = [(x * out, y * height) for x, y in foot]
            add_prism(bm, outline, radius * 0.13, bevel=0.006, turn=(90, 0, angle))
        surface = (height, radius * 0.7071, radius * 0.7071)
        size = (2 * radius, 2 * radius, height)
    else:
        leg, inset = min(0.075, min(width, depth) * 0.1), min(width, depth) * 0.06
        add_box(bm, (0, 0, height - board / 2), (width, depth, board), bevel=board * 0.3, segments=3)
        x, y = width / 2 - leg / 2 - inset, depth / 2 - leg / 2 - inset
        for sx in (-1, 1):
            for sy in (-1, 1):
                add_box(
                    bm,
                    (sx * x, sy * y, (height - board) / 2 + 0.001),
                    (leg, leg, height - board + 0.002),
                    bevel=leg * 0.1,
                    turn=(180, 0, 0),
                    taper=(0.6, 0.6),
                )
            add_box(bm, (sx * x, 0, height - board * 1.9), (leg * 0.4, 2 * y, board * 1.9), bevel=0.002)
        for sy in (-1, 1):
            add_box(bm, (0, sy * y, height - board * 1.9), (2 * x, leg * 0.4, board * 1.9), bevel=0.002)
        surface = (height, width / 2, depth / 2)
    return finish_thing(name, "table", {"": bm}, size, materials, ("top",), surface=surface)


def build_desk(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], drawers: int = 3
) -> bpy.types.Object:
    """A writing desk: a pedestal of drawers at the right, a panel at the left."""
    width, depth, height = size
    bm = bmesh.new()
    board = height * 0.045
    add_box(bm, (0, 0, height - board / 2), (width, depth, board), bevel=board * 0.25)
    ped = width * 0.3
    ped_x, low = width * 0.47 - ped / 2, height - board
    add_box(bm, (ped_x, 0, low / 2 + 0.001), (ped, depth * 0.9, low + 0.002), bevel=0.004)
    add_box(bm, (-width * 0.455, 0, low / 2 + 0.001), (board, depth * 0.9, low + 0.002), bevel=0.004)
    add_box(bm, (0, depth * 0.38, low * 0.72), (width * 0.9, board * 0.6, low * 0.5), bevel=0.003)
    tall = low * 0.92 / max(1, drawers)
    for i in range(drawers):
        z = low * 0.05 + tall * (i + 0.5)
        add_box(bm, (ped_x, -depth * 0.45, z), (ped * 0.9, 0.03, tall * 0.9), bevel=0.006)
        add_tube(bm, drawer_handle(ped_x, -depth * 0.45 - 0.012, z, ped * 0.3), 0.006, 1, segments=10)
    return finish_thing(name, "desk", {"": bm}, size, materials, ("top", "handles"),
                        surface=(height, width / 2, depth / 2))  # fmt: skip


def drawer_handle(x: float, y: float, z: float, width: float) -> list[tuple[float, ...]]:
    """The path of a bow handle on a front that looks to -Y."""
    half, reach = width / 2, 0.03
    return round_corners(
        [(x - half, y, z), (x - half, y - reach, z), (x + half, y - reach, z), (x + half, y, z)], 0.015
    )


def build_stool(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], legs: int = 4
) -> bpy.types.Object:
    """A round stool on splayed legs with a ring of rungs."""
    width, _, height = size
    bm = bmesh.new()
    radius, board = width / 2 * 0.94, height * 0.08
    add_cylinder(bm, (0, 0, height - board), radius, board, segments=48, bevel=board * 0.45)
    count = max(3, legs)
    rungs = []
    for i in range(count):
        angle = 2 * math.pi * (i + 0.5) / count
        c, s = math.cos(angle), math.sin(angle)
        foot, top = radius * 0.98, radius * 0.62
        thick = width * 0.045
        add_tube(
            bm, [(c * foot, s * foot, 0), (c * top, s * top, height - board * 0.6)], [thick * 0.75, thick], segments=16
        )
        share = 0.35 + 0.08 * (i % 2)
        reach = foot + (top - foot) * share
        rungs.append((c * reach, s * reach, height * share))
    for i in range(count):
        x1, y1, z1 = rungs[i]
        x2, y2, _ = rungs[(i + 1) % count]
        add_tube(bm, [(x1, y1, z1), (x2, y2, z1)], width * 0.026, segments=12)
    return finish_thing(
        name, "stool", {"": bm}, size, materials, ("frame",), surface=(height, radius * 0.7, radius * 0.7)
    )


def build_bench(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A park bench: wooden slats on two iron ends with arms."""
    width, depth, height = size
    bm = bmesh.new()
    seat_z, thick = height * 0.5, 0.032
    for i in range(4):
        y = -depth * 0.38 + i * depth * 0.19
        add_box(bm, (0, y, seat_z), (width, depth * 0.165, thick), bevel=0.006)
    for i in range(3):
        z = height * (0.64 + 0.145 * i)
        y = depth * 0.33 + (z - seat_z) * 0.25
        add_box(bm, (0, y, z), (width, thick * 0.8, height * 0.12), bevel=0.006, turn=(-14, 0, 0))
    for side in (-1, 1):
        x = side * width * 0.42
        bar = 0.018
        frame = [
            (x, -depth * 0.45, 0),
            (x, -depth * 0.4, seat_z - thick * 0.7),
            (x, depth * 0.34, seat_z - thick * 0.7),
            (x, depth * 0.48, 0),
        ]
        add_tube(bm, round_corners(frame, 0.08), bar, 1, segments=12)
        post = [
            (x, depth * 0.3, seat_z - thick * 0.7),
            (x, depth * 0.36, height * 0.6),
            (x, depth * 0.46, height * 0.97),
        ]
        add_tube(bm, round_corners(post, 0.06), bar, 1, segments=12)
        arm = [(x, -depth * 0.38, seat_z - thick), (x, -depth * 0.4, height * 0.74), (x, depth * 0.4, height * 0.76)]
        add_tube(bm, round_corners(arm, 0.06), bar, 1, segments=12)
    return finish_thing(name, "bench", {"": bm}, size, materials, ("slats", "frame"),
                        surface=(seat_z + thick / 2, width / 2, depth * 0.42))  # fmt: skip
