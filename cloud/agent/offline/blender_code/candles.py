"""Flames and candles."""

import math

import bmesh
import bpy

from .core import add_lathe, add_tube, smooth_curve
from .finish import finish_thing


def add_flame(bm: bmesh.types.BMesh, base: tuple[float, float, float], height: float, slot: int) -> None:
    """A drop-shaped flame that stands on `base`."""
    shape = [(0.0, 0.0), (0.13, 0.08), (0.2, 0.24), (0.18, 0.42), (0.09, 0.72), (0.03, 0.92), (0.0, 1.0)]
    profile = [(max(0.0, r) * height, z * height) for r, z in smooth_curve(shape, 3)]
    profile[0], profile[-1] = (0.0, 0.0), (0.0, height)
    add_lathe(bm, profile, slot, 20, base)


def add_candle(
    bm: bmesh.types.BMesh,
    base: tuple[float, float, float],
    radius: float,
    height: float,
    slots: tuple[int, int, int],
    lit: bool,
) -> None:
    """A candle with a hollow of molten wax, drips, a wick and, where `lit`, a flame. Slots: wax, wick, flame."""
    x, y, z = base
    rim = radius * 0.16
    profile = [
        (0, 0),
        (radius * 0.94, 0),
        (radius, rim * 0.5),
        (radius, height - rim),
        (radius * 0.95, height),
        (radius * 0.82, height),
        (radius * 0.68, height - rim * 1.2),
        (0, height - rim * 1.8),
    ]
    add_lathe(bm, profile, slots[0], 40, base)
    for i, length in enumerate((0.42, 0.25, 0.33, 0.16)):
        angle = 2 * math.pi * i / 4 + 0.5 * i
        dx, dy = x + math.cos(angle) * radius * 0.98, y + math.sin(angle) * radius * 0.98
        low = z + height * (1 - length)
        path = [(dx, dy, z + height - rim), (dx, dy, low + radius * 0.3), (dx, dy, low + radius * 0.12), (dx, dy, low)]
        add_tube(bm, path, [radius * 0.09, radius * 0.1, radius * 0.14, radius * 0.03], slots[0], 10)
    wick = radius * 0.6
    add_tube(
        bm,
        [(x, y, z + height - rim * 2), (x, y, z + height + wick * 0.6), (x + wick * 0.15, y, z + height + wick)],
        radius * 0.05,
        slots[1],
        8,
    )
    if lit:
        add_flame(bm, (x, y, z + height + wick * 0.45), radius * 1.7, slots[2])


def build_candle(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], lit: bool = True
) -> bpy.types.Object:
    """A thick candle with drips of wax."""
    bm = bmesh.new()
    add_candle(bm, (0, 0, 0), 0.036, 0.135 if lit else 0.178, (0, 1, 2), lit)
    return finish_thing(name, "candle", {"": bm}, size, materials, ("wax", "wick", "flame"), smooth_deg=45)


def build_candlestick(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A turned candlestick with a lit candle."""
    bm = bmesh.new()
    shape = [
        (0.062, 0.0),
        (0.065, 0.004),
        (0.05, 0.012),
        (0.018, 0.024),
        (0.01, 0.04),
        (0.017, 0.055),
        (0.009, 0.07),
        (0.008, 0.11),
        (0.014, 0.125),
        (0.01, 0.138),
        (0.034, 0.15),
        (0.036, 0.155),
        (0.016, 0.156),
        (0.017, 0.172),
    ]
    add_lathe(bm, [(0, 0), *shape, (0, 0.172)], 0, 40)
    add_candle(bm, (0, 0, 0.165), 0.0135, 0.14, (1, 2, 3), True)
    return finish_thing(
        name, "candlestick", {"": bm}, size, materials, ("stand", "wax", "wick", "flame"), smooth_deg=45
    )
