"""Street furniture, flags, tents and umbrellas."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, smooth_curve
from .finish import finish_thing
from .houses import add_window


def build_umbrella(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], ribs: int = 8
) -> bpy.types.Object:
    """An open parasol whose cloth hangs between its ribs."""
    bm = bmesh.new()
    count = max(4, ribs)
    rings = []
    for share in (0.08, 0.3, 0.55, 0.8, 1.0):
        ring = []
        for k in range(count * 6):
            angle = 2 * math.pi * k / (count * 6)
            sag = math.sin(math.pi * ((k / 6) % 1.0))
            reach = share * (1 - 0.07 * sag * share)
            z = 2.1 - 0.52 * share**1.7 - 0.03 * sag * share
            ring.append((reach * math.cos(angle), reach * math.sin(angle), z))
        rings.append(ring)
    under = [[(x, y, z - 0.012) for x, y, z in ring] for ring in rings]
    add_loft(bm, [[(0, 0, 2.115)], *rings, *reversed(under), [(0, 0, 2.095)]], 0)
    add_tube(bm, [(0, 0, 0), (0, 0, 2.14)], 0.022, 1, 16)
    add_ball(bm, (0, 0, 2.16), 0.035, 1, 16)
    for i in range(count):
        angle = 2 * math.pi * i / count
        c, s = math.cos(angle), math.sin(angle)
        path = [(c * share, s * share, 2.085 - 0.52 * share**1.7) for share in (0.0, 0.3, 0.55, 0.8, 0.99)]
        add_tube(bm, smooth_curve(path, 2), 0.008, 1, 8)
        add_tube(bm, [(0, 0, 1.62), (c * 0.5, s * 0.5, 2.085 - 0.52 * 0.5**1.7)], 0.007, 1, 8)
    add_cylinder(bm, (0, 0, 1.58), 0.034, 0.08, 1, 18, bevel=0.006)
    return finish_thing(name, "umbrella", {"": bm}, size, materials, ("canopy", "pole"), smooth_deg=40)


def build_flag(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A waving flag on its pole; the cloth is a child."""
    bm, cloth = bmesh.new(), bmesh.new()
    add_lathe(bm, [(0, 0), (0.1, 0), (0.1, 0.03), (0.045, 0.06), (0.03, 0.1), (0.022, 2.9), (0, 2.9)], 1, 24)
    add_ball(bm, (0, 0, 2.94), 0.06, 2, 20)
    rings = []
    for i in range(31):
        t = i / 30
        x = 0.01 + 1.2 * t
        wave = [
            (x, 0.09 * t**0.6 * math.sin(9 * t + 1.2 * v), 2.06 + 0.76 * v - 0.08 * t * t)
            for v in (k / 10 for k in range(11))
        ]
        rings.append([(a, b - 0.004, c) for a, b, c in wave] + [(a, b + 0.004, c) for a, b, c in reversed(wave)])
    add_loft(cloth, rings, 0)
    return finish_thing(
        name, "flag", {"": bm, "Cloth": cloth}, size, materials, ("cloth", "pole", "knob"), smooth_deg=60
    )


def build_sign(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A wooden sign post with two boards that point apart."""
    bm = bmesh.new()
    add_box(bm, (0, 0.02, 0.78), (0.09, 0.08, 1.56), 1, 0.01)
    add_box(bm, (0, 0.02, 1.57), (0.1, 0.09, 0.06), 1, 0.01, taper=(0.4, 0.4))
    for z, way in ((1.32, 1), (1.0, -1)):
        outline = [
            (-0.4 * way, z - 0.11),
            (0.3 * way, z - 0.11),
            (0.45 * way, z),
            (0.3 * way, z + 0.11),
            (-0.4 * way, z + 0.11),
        ]
        add_prism(bm, outline if way > 0 else outline[::-1], 0.035, 0, 0.006, (0, -0.035, 0))
        for dz in (-0.05, 0.05):
            add_ball(bm, (0, -0.053, z + dz), (0.011, 0.005, 0.011), 1, 12)
    return finish_thing(name, "sign", {"": bm}, size, materials, ("board", "post"))


def build_stop_sign(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An eight-sided road sign with a white rim and bar."""
    bm = bmesh.new()
    add_cylinder(bm, (0, 0.03, 0), 0.03, 2.1, 2, 18)
    for radius, y, slot in ((0.4, 0.0, 1), (0.37, -0.008, 0)):
        outline = [
            (radius * math.cos(math.pi / 4 * i + math.pi / 8), 1.82 + radius * math.sin(math.pi / 4 * i + math.pi / 8))
            for i in range(8)
        ]
        add_prism(bm, outline, 0.012, slot, 0.002, (0, y, 0))
    add_box(bm, (0, -0.0145, 1.82), (0.48, 0.006, 0.13), 1, 0.002)
    return finish_thing(name, "stop_sign", {"": bm}, size, materials, ("board", "rim", "post"))


def build_traffic_light(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A traffic light on its post; the lamps look to -Y."""
    bm = bmesh.new()
    add_cylinder(bm, (0, 0.06, 0), 0.11, 0.1, 0, 24, bevel=0.02)
    add_cylinder(bm, (0, 0.06, 0.08), 0.05, 2.0, 0, 20)
    add_box(bm, (0, 0.02, 2.36), (0.32, 0.22, 0.86), 0, 0.04)
    for i, slot in enumerate((3, 2, 1)):
        z = 2.1 + 0.26 * i
        add_ball(bm, (0, -0.085, z), (0.095, 0.035, 0.095), slot, 24)
        hood = [(0.115 * math.cos(a), -0.15, z + 0.115 * math.sin(a)) for a in (math.pi * k / 14 for k in range(15))]
        inner = [(x * 0.92, y, z + (h - z) * 0.92) for x, y, h in reversed(hood)]
        add_loft(bm, [[*hood, *inner], [(x, y + 0.11, h) for x, y, h in [*hood, *inner]]], 0)
    return finish_thing(name, "traffic_light", {"": bm}, size, materials, ("body", "red", "amber", "green"))


def build_traffic_cone(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A striped road cone on a square foot."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.02), (0.36, 0.36, 0.04), 0, 0.012)
    add_lathe(bm, [(0, 0.035), (0.14, 0.035), (0.13, 0.06), (0.034, 0.595), (0.028, 0.6), (0, 0.6)], 0, 40)
    for low, high in ((0.2, 0.3), (0.4, 0.48)):
        r1, r2 = 0.1408 - 0.1795 * low, 0.1408 - 0.1795 * high
        add_lathe(
            bm, [(r1 - 0.006, low), (r1 + 0.003, low), (r2 + 0.003, high), (r2 - 0.006, high)], 1, 40, closed=True
        )
    return finish_thing(name, "traffic_cone", {"": bm}, size, materials, ("body", "stripe"), smooth_deg=40)


def build_mailbox(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An American mailbox on a post, door to -Y, flag up."""
    bm = bmesh.new()
    add_box(bm, (0, 0, 0.47), (0.1, 0.1, 0.94), 1, 0.01)
    add_box(bm, (0, 0, 0.93), (0.2, 0.4, 0.04), 1, 0.006)
    outline = [(-0.13, 0.94), (0.13, 0.94)] + [
        (0.13 * math.cos(a), 1.1 + 0.13 * math.sin(a)) for a in (math.pi * i / 14 for i in range(15))
    ]
    add_prism(bm, outline, 0.48, 0, 0.008)
    add_prism(bm, [(x * 1.04, 1.08 + (z - 1.08) * 1.04) for x, z in outline], 0.02, 0, 0.004, (0, -0.24, 0))
    add_box(bm, (0, -0.256, 1.17), (0.05, 0.02, 0.025), 1, 0.005)
    add_box(bm, (0.138, -0.05, 1.15), (0.012, 0.02, 0.2), 2, 0.002)
    add_box(bm, (0.138, -0.01, 1.225), (0.012, 0.1, 0.055), 2, 0.002)
    return finish_thing(name, "mailbox", {"": bm}, size, materials, ("body", "post", "flag"))


def build_hydrant(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A fire hydrant with three caps."""
    bm = bmesh.new()
    shape = [
        (0.19, 0.0),
        (0.19, 0.04),
        (0.13, 0.06),
        (0.125, 0.5),
        (0.16, 0.51),
        (0.16, 0.55),
        (0.14, 0.56),
        (0.125, 0.64),
        (0.07, 0.7),
        (0.0, 0.72),
    ]
    add_lathe(bm, [(0, 0), *shape], 0, 40)
    add_cylinder(bm, (0, 0, 0.7), 0.04, 0.09, 1, 6, bevel=0.006)
    for turn, radius in ((90, 0.065), (-90, 0.065), (0, 0.085)):
        side = (0, turn, 0) if turn else (90, 0, 0)
        x = 0.09 * (1 if turn > 0 else -1) if turn else 0.0
        place = (x, 0 if turn else -0.09, 0.38)
        add_cylinder(bm, place, radius, 0.09, 0, 28, bevel=0.01, turn=side)
        far = (x * 1.9, 0 if turn else -0.175, 0.38)
        add_cylinder(bm, far, radius * 0.85, 0.03, 1, 24, bevel=0.008, turn=side)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        add_cylinder(bm, (0.16 * math.cos(angle), 0.16 * math.sin(angle), 0.035), 0.015, 0.022, 1, 6)
    return finish_thing(name, "hydrant", {"": bm}, size, materials, ("body", "caps"), smooth_deg=40)


def build_tent(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A ridge tent, open flaps to -Y, with poles, guy lines and pegs."""
    bm = bmesh.new()
    half, high, long = 0.85, 1.5, 2.0
    rings = []
    for i in range(9):
        y = -long / 2 + long * i / 8
        sag = 0.06 * math.sin(math.pi * i / 8)
        side = [
            (half, 0.0),
            (half * 0.66 - sag * 0.5, high * 0.32),
            (half * 0.32 - sag * 0.6, high * 0.66),
            (0.0, high - sag),
        ]
        outer = [(x, y, z) for x, z in side] + [(-x, y, z) for x, z in reversed(side[:-1])]
        rings.append(outer + [(x * 0.975, y, max(0.0, z - 0.02)) for x, y, z in reversed(outer)])
    add_loft(bm, rings, 0)
    back = [(-half * 0.98, 0.0), (half * 0.98, 0.0), (0.0, high - 0.02)]
    add_prism(bm, back, 0.02, 0, 0.0, (0, long / 2 - 0.02, 0))
    add_box(bm, (0, 0, 0.01), (half * 1.94, long * 0.98, 0.02), 1)
    for side in (-1, 1):
        flap = [
            (side * 0.05, -long / 2 + 0.02, high - 0.06),
            (side * 0.42, -long / 2 - 0.2, 0.0),
            (side * half * 0.97, -long / 2 + 0.02, 0.0),
        ]
        shifted = [(x, y + 0.015, z) for x, y, z in flap]
        add_loft(bm, [flap, shifted], 0)
        for y in (-1, 1):
            end = (side * 1.1, y * (long / 2 + 0.15), 0.02)
            add_tube(bm, [(0, y * long / 2, high - 0.01), end], 0.006, 2, 6)
            add_tube(bm, [(end[0], end[1], 0.0), (end[0] + side * 0.03, end[1], 0.09)], [0.006, 0.014], 2, 8)
    for y in (-1, 1):
        add_tube(bm, [(0, y * (long / 2 - 0.03), 0), (0, y * (long / 2 - 0.03), high + 0.08)], 0.022, 2, 12)
    return finish_thing(name, "tent", {"": bm}, size, materials, ("canvas", "inside", "poles"), smooth_deg=40)


def build_igloo(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An igloo of snow blocks with its entrance to -Y."""
    bm = bmesh.new()
    dome = [(1.44 * math.cos(a), 1.52 * math.sin(a)) for a in (math.pi / 2 * i / 14 for i in range(14))]
    add_lathe(bm, [(0, 0), *dome, (0, 1.52)], 1, 48)
    rows = 7
    for row in range(rows):
        a1, a2 = math.pi / 2 * row / rows * 0.94, math.pi / 2 * (row + 1) / rows * 0.94
        count = max(5, round(18 * math.cos((a1 + a2) / 2)))
        for i in range(count):
            t1 = 2 * math.pi * (i + 0.5 * (row % 2)) / count + 0.012
            t2 = t1 + 2 * math.pi / count - 0.024
            rings = []
            for reach, gap in ((0.94, 0.0), (0.99, 0.0), (1.0, 0.012)):
                ring = []
                for t, a in (
                    (t1 + gap, a1 + 0.012 + gap),
                    (t2 - gap, a1 + 0.012 + gap),
                    (t2 - gap, a2 - 0.012 - gap),
                    (t1 + gap, a2 - 0.012 - gap),
                ):
                    ring.append(
                        (
                            1.5 * reach * math.cos(a) * math.cos(t),
                            1.5 * reach * math.cos(a) * math.sin(t),
                            1.58 * reach * math.sin(a),
                        )
                    )
                rings.append(ring)
            add_loft(bm, rings, 0)
    add_ball(bm, (0, 0, 1.5), (0.24, 0.24, 0.08), 0, 20)
    outer = [(0.52 * math.cos(a), 0.42 + 0.42 * math.sin(a)) for a in (math.pi * i / 12 for i in range(13))]
    for k in range(3):
        y = -1.35 - 0.24 * k
        outline = (
            [(0.52, 0.0), *outer, (-0.52, 0.0), (-0.36, 0.0)]
            + [(x * 0.69, z * 0.82) for x, z in reversed(outer)]
            + [(0.36, 0.0)]
        )
        add_prism(bm, outline, 0.23, 0, 0.015, (0, y, 0))
    add_prism(bm, [(0.37, 0.0), *[(x * 0.7, z * 0.83) for x, z in outer], (-0.37, 0.0)], 0.04, 2, 0.0, (0, -1.5, 0))
    return finish_thing(name, "igloo", {"": bm}, size, materials, ("body", "gap", "inside"), smooth_deg=30)


def build_window(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A window with cross bars and a sill; it faces -Y."""
    bm = bmesh.new()
    add_window(bm, (0, 0, 0.7), 1.0, 1.2, (1, 0))
    return finish_thing(name, "window", {"": bm}, size, materials, ("frame", "glass"))


def build_road(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A straight road along Y with dashed and edge lines."""
    width, depth, height = size
    bm = bmesh.new()
    add_box(bm, (0, 0, height / 2 - 0.002), (width, depth, height - 0.004), 0, 0.01)
    dashes = max(1, round(depth / 2.0))
    for i in range(dashes):
        add_box(
            bm, (0, -depth / 2 + depth * (i + 0.5) / dashes, height - 0.004), (0.12, depth / dashes * 0.5, 0.008), 1
        )
    for side in (-1, 1):
        add_box(bm, (side * (width / 2 - 0.2), 0, height - 0.004), (0.1, depth - 0.04, 0.008), 1)
    return finish_thing(
        name, "road", {"": bm}, size, materials, ("body", "lines"), surface=(height, width / 2, depth / 2)
    )
