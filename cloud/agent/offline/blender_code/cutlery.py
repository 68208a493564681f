"""Spoons, forks and knives."""

import math

import bmesh
import bpy

from .core import add_box, add_loft, add_tube, smooth_curve
from .finish import finish_thing


def build_spoon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A spoon lying on its back, its bowl at +Y."""
    bm = bmesh.new()
    line = cutlery_handle()
    for i in range(1, 11):
        t = i / 10
        half = 0.021 * math.sin(math.pi * (0.1 + 0.9 * t)) ** 0.62 if t < 1 else 0.0
        line.append((0.03 + 0.066 * t, max(half, 0.0006), 0.0045 + 0.004 * t, 0.0075 * math.sin(math.pi * t)))
    add_flat_bar(bm, line)
    return finish_thing(name, "spoon", {"": bm}, size, materials, ("body",), smooth_deg=60)


def cutlery_handle() -> list[tuple[float, float, float, float]]:
    """Stations (y, half width, z, dish) of a handle that widens to its end."""
    return [(-0.094, 0.0012, 0.005, 0), (-0.093, 0.006, 0.005, 0), (-0.086, 0.0095, 0.005, 0), (-0.06, 0.007, 0.007, 0),
            (-0.01, 0.0034, 0.012, 0), (0.02, 0.003, 0.009, 0), (0.03, 0.0045, 0.006, 0)]  # fmt: skip


def add_flat_bar(
    bm: bmesh.types.BMesh, stations: list[tuple[float, float, float, float]], thick: float = 0.0024
) -> None:
    """A bar along Y through stations (y, half width, z, how deep its middle is dished)."""
    rings = []
    shares = [-1.0, -0.75, -0.4, 0.0, 0.4, 0.75, 1.0]
    for y, half, z, dish in stations:
        edge = thick / 2 * 0.55
        lower = [(half * s, y, z - dish * (1 - s * s) - (edge if abs(s) == 1 else thick / 2)) for s in shares]
        upper = [(half * s, y, z - dish * (1 - s * s) + (edge if abs(s) == 1 else thick / 2)) for s in reversed(shares)]
        rings.append(lower + upper)
    add_loft(bm, rings, 0)


def build_fork(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A fork with four tines at +Y."""
    bm = bmesh.new()
    add_flat_bar(
        bm,
        [
            *cutlery_handle(),
            (0.037, 0.009, 0.0045, 0.0005),
            (0.046, 0.0125, 0.004, 0.001),
            (0.056, 0.013, 0.0045, 0.001),
        ],
    )
    for i in range(4):
        x = -0.0111 + 0.0074 * i
        path = [(x, 0.052, 0.0038), (x, 0.068, 0.0058), (x, 0.085, 0.0098), (x * 0.97, 0.095, 0.013)]
        add_tube(bm, smooth_curve(path, 3), [0.0018] * 7 + [0.0015, 0.0012, 0.0005], segments=8)
    return finish_thing(name, "fork", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_knife(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A knife lying flat, its blade at +Y."""
    bm = bmesh.new()
    outline = [
        (-0.004, 0.0, 0.006),
        (-0.009, 0.03, 0.006),
        (-0.011, 0.09, 0.006),
        (-0.006, 0.122, 0.0065),
        (0.005, 0.133, 0.007),
    ]
    rings = [
        [
            (low, y, z),
            (low * 0.4, y, z + 0.0011),
            (0.0075, y, z + 0.0014),
            (0.0075, y, z - 0.0014),
            (low * 0.4, y, z - 0.0011),
        ]
        for low, y, z in outline
    ]
    add_loft(bm, rings, 0)
    add_box(bm, (0.001, 0.0, 0.0062), (0.015, 0.012, 0.009), 0, bevel=0.002)
    handle = [
        (0.001, 0.002, 0.0065),
        (0.001, -0.04, 0.0065),
        (0.001, -0.085, 0.0065),
        (0.0, -0.103, 0.0065),
        (0.0, -0.107, 0.0065),
    ]
    add_tube(bm, handle, [0.0075, 0.009, 0.0085, 0.008, 0.004], 1, 16, flat=0.72)
    return finish_thing(name, "knife", {"": bm}, size, materials, ("blade", "handle"), smooth_deg=40)
