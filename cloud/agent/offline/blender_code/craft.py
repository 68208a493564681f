"""What sails and flies: boats, rockets, planes, balloons."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, smooth_curve
from .finish import finish_thing


def add_hull(
    bm: bmesh.types.BMesh, length: float, half: float, height: float, slot: int, wall: float = 0.05, floor: float = 0.3
) -> None:
    """An open boat's hull, bow at -Y: planked outside, hollow inside, with a rail around its edge."""
    outer, inner, rail = [], [], []
    stations = 16
    for i in range(stations + 1):
        t = i / stations
        y = (t - 0.5) * length
        beam = half * (math.sin(math.pi * (0.03 + 0.74 * t)) ** 0.75) * (1.0 if t < 0.75 else 1 - (t - 0.75) * 0.6)
        beam = max(beam, 0.02 if i else 0.012)
        sheer = height * (0.8 + 0.5 * (t - 0.58) ** 2 * 2.2)
        keel = height * (0.62 * max(0.0, 0.22 - t) / 0.22) ** 1.6 if t < 0.22 else height * 0.05 * max(0.0, t - 0.8) * 5
        section = [(0.0, 0.0), (0.3, 0.02), (0.62, 0.14), (0.82, 0.36), (0.94, 0.64), (1.0, 1.0)]
        right = [(beam * x, y, keel + (sheer - keel) * z) for x, z in section]
        outer.append(right)
        thin = max(beam - wall, beam * 0.35)
        deep = keel + (sheer - keel) * floor
        inner.append(
            [
                (
                    thin * x,
                    y + (wall if i == 0 else -wall if i == stations else 0),
                    max(deep, keel + (sheer - keel) * z),
                )
                for x, z in section
            ]
        )
        rail.append((beam, y, sheer))
    rings = []
    for right, hollow in zip(outer, inner, strict=True):
        ring = [*right, *reversed([(x, y, min(z, right[-1][2])) for x, y, z in hollow[1:]])]
        left = [(-x, y, z) for x, y, z in reversed(ring)]
        rings.append([*ring, (0.0, hollow[0][1], hollow[0][2]), *left[:-1]])
    add_loft(bm, rings, slot)
    for right, inward in ((outer[0], wall / 2), (outer[-1], -wall / 2)):
        # Bow and stern are closed by a board each.
        outline = [(x, z) for x, _, z in right] + [(-x, z) for x, _, z in reversed(right[1:])]
        add_prism(bm, outline, wall, slot, 0.0, (0, right[0][1] + inward, 0))
    for side in (-1, 1):
        add_tube(bm, [(side * x, y, z) for x, y, z in rail], wall * 0.6, slot, 10)


def add_sail(
    bm: bmesh.types.BMesh,
    tack: tuple[float, float, float],
    head: tuple[float, float, float],
    clew: tuple[float, float, float],
    belly: float,
    slot: int,
) -> None:
    """A three-cornered sail that swells to +X by `belly`."""
    rows, columns, thick = 12, 8, 0.012
    rings = []
    for i in range(rows + 1):
        t = i / rows * 0.985
        left = [a + (b - a) * t for a, b in zip(tack, head, strict=True)]
        right = [a + (b - a) * t for a, b in zip(clew, head, strict=True)]
        front, back = [], []
        for k in range(columns + 1):
            s = k / columns
            x, y, z = (a + (b - a) * s for a, b in zip(left, right, strict=True))
            swell = belly * math.sin(math.pi * s) * math.sin(math.pi * min(1.0, 0.15 + 0.85 * t)) * (1 - t * 0.5)
            front.append((x + swell + thick / 2, y, z))
            back.append((x + swell - thick / 2, y, z))
        rings.append(front + back[::-1])
    add_loft(bm, rings, slot)


def build_boat(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A sailing boat: planked hull, deck, cabin, mast with boom, mainsail and jib; bow at -Y."""
    bm, sails = bmesh.new(), bmesh.new()
    add_hull(bm, 4.4, 0.85, 0.85, 0, wall=0.05, floor=0.6)
    add_box(bm, (0, 0.35, 0.62), (0.85, 0.3, 0.06), 0, 0.01)
    add_box(bm, (0, 1.25, 0.62), (0.95, 0.3, 0.06), 0, 0.01)
    add_box(bm, (0, -0.45, 0.72), (0.9, 1.0, 0.36), 3, 0.08, taper=(0.82, 0.88), segments=3)
    for side in (-1, 1):
        for y in (-0.68, -0.25):
            add_cylinder(bm, (side * 0.38, y, 0.75), 0.075, 0.06, 2, 18, bevel=0.01, turn=(0, 90 * side, 0))
    add_tube(bm, [(0, -0.45, 0.3), (0, -0.45, 2.5), (0, -0.45, 5.0)], [0.055, 0.05, 0.03], 2, 16)
    add_tube(bm, [(0, -0.45, 1.25), (0, 1.85, 1.22)], 0.035, 2, 12)
    add_tube(bm, [(0, -2.05, 0.85), (0, -2.6, 1.0)], [0.045, 0.03], 2, 12)
    add_tube(bm, [(0, -2.55, 0.99), (0, -0.45, 4.85)], 0.008, 2, 6)
    add_tube(bm, [(0, 2.15, 0.8), (0, -0.45, 4.9)], 0.008, 2, 6)
    add_box(bm, (0, 2.2, 0.42), (0.05, 0.3, 0.75), 2, 0.015, turn=(6, 0, 0))
    add_sail(sails, (0, -0.42, 1.28), (0, -0.43, 4.8), (0, 1.8, 1.27), 0.28, 1)
    add_sail(sails, (0, -2.4, 1.15), (0, -0.55, 4.5), (0, -0.6, 1.2), 0.2, 1)
    return finish_thing(
        name, "boat", {"": bm, "Sail": sails}, size, materials, ("hull", "sail", "mast", "stripe"), smooth_deg=40
    )


def build_rowboat(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An open rowing boat with thwarts and two oars laid in it; bow at -Y."""
    bm = bmesh.new()
    add_hull(bm, 3.4, 0.62, 0.58, 0, wall=0.035, floor=0.18)
    for y, width in ((-0.55, 1.02), (0.3, 1.14), (1.15, 1.0)):
        add_box(bm, (0, y, 0.36), (width, 0.24, 0.035), 0, 0.008)
    for side in (-1, 1):
        add_tube(bm, [(side * 0.3, -1.0, 0.42), (side * 0.32, 0.9, 0.4)], 0.022, 1, 12)
        add_box(bm, (side * 0.323, 1.12, 0.4), (0.13, 0.5, 0.018), 1, 0.006)
    return finish_thing(
        name, "rowboat", {"": bm}, size, materials, ("hull", "oars"), inside=(0.12, 0.3, 0.9), smooth_deg=40
    )


def build_rocket(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], fins: int = 4
) -> bpy.types.Object:
    """A storybook rocket on its fins: pointed nose, round window, engine bell."""
    bm = bmesh.new()
    line = smooth_curve([(0.46, 0.62), (0.6, 1.1), (0.68, 1.9), (0.66, 2.7), (0.54, 3.45), (0.36, 4.0)], 5)
    add_lathe(bm, [(0, 0.62), *line, (0, 4.0)], 0, 56)
    nose = smooth_curve([(0.365, 3.98), (0.25, 4.3), (0.12, 4.62), (0.035, 4.83)], 4)
    add_lathe(bm, [(0, 3.98), *nose, (0, 4.87)], 1, 48)
    add_lathe(bm, [(0, 4.8), (0.032, 4.8), (0.02, 4.9), (0.012, 5.05), (0, 5.06)], 3, 16)
    for z, r in ((1.0, 0.585), (3.42, 0.553)):
        add_lathe(
            bm,
            [(r - 0.04, z - 0.06), (r + 0.02, z - 0.06), (r + 0.02, z + 0.06), (r - 0.04, z + 0.06)],
            1,
            56,
            closed=True,
        )
    bell = [
        (0.26, 0.64),
        (0.24, 0.5),
        (0.3, 0.34),
        (0.42, 0.18),
        (0.38, 0.18),
        (0.26, 0.33),
        (0.2, 0.5),
        (0.0, 0.5),
        (0.0, 0.64),
    ]
    add_lathe(bm, list(reversed(bell)), 3, 40)
    for i in range(max(3, fins)):
        turn = 360 * i / max(3, fins) + 45
        edge = smooth_curve([(0.38, 1.75), (0.72, 1.3), (0.95, 0.7), (0.98, 0.0)], 4)
        outline = [*edge, (0.9, 0.0), (0.75, 0.42), (0.4, 0.72)]
        add_prism(bm, outline, 0.1, 1, 0.03, (0, 0, 0), (90, 0, turn))
    for z, r in ((2.75, 0.26), (1.95, 0.2)):
        y = -0.64 if z > 2.5 else -0.66
        add_lathe(
            bm,
            [(r, -0.08), (r, 0.05), (r * 0.94, 0.08), (r * 0.76, 0.08), (r * 0.74, -0.08)],
            3,
            40,
            (0, y, z),
            (90, 0, 0),
            closed=True,
        )
        add_ball(bm, (0, y + 0.0, z), (r * 0.78, 0.05, r * 0.78), 2, 32)
        for k in range(8):
            angle = 2 * math.pi * k / 8
            add_ball(bm, (r * 0.87 * math.cos(angle), y - 0.08, z + r * 0.87 * math.sin(angle)), 0.02, 3, 10)
    return finish_thing(name, "rocket", {"": bm}, size, materials, ("body", "accent", "window", "metal"), smooth_deg=40)


def build_ufo(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], lights: int = 12
) -> bpy.types.Object:
    """A flying saucer with a glass dome and a ring of lights."""
    bm = bmesh.new()
    shell = smooth_curve([(0.35, 0.0), (0.6, 0.06), (1.2, 0.24), (1.5, 0.42), (1.2, 0.56), (0.72, 0.68)], 5)
    add_lathe(bm, [(0, 0), *shell, (0, 0.68)], 0, 64)
    dome = [(0.7 * math.cos(a), 0.64 + 0.46 * math.sin(a)) for a in (math.pi / 2 * i / 10 for i in range(10))]
    add_lathe(bm, [(0, 0.64), *dome, (0, 1.1)], 1, 48)
    add_lathe(bm, [(0.66, 0.66), (0.76, 0.66), (0.76, 0.72), (0.66, 0.74)], 0, 56, closed=True)
    for i in range(lights):
        angle = 2 * math.pi * i / lights
        add_ball(bm, (1.27 * math.cos(angle), 1.27 * math.sin(angle), 0.53), (0.09, 0.09, 0.06), 2, 16)
    return finish_thing(name, "ufo", {"": bm}, size, materials, ("body", "dome", "lights"), smooth_deg=45)


def add_wing(
    bm: bmesh.types.BMesh,
    root: tuple[float, float, float],
    tip: tuple[float, float, float],
    chords: tuple[float, float],
    thick: float,
    slot: int,
) -> None:
    """A wing between two places of its front edge, with an aerofoil's section; `chords` run to +Y."""
    section = [(0.0, 0.0), (0.05, 0.38), (0.3, 0.5), (0.7, 0.28), (1.0, 0.0), (0.7, -0.16), (0.3, -0.3), (0.05, -0.26)]
    rings = []
    upright = abs(tip[2] - root[2]) > abs(tip[0] - root[0])
    for place, chord, scale in ((root, chords[0], 1.0), (tip, chords[1], chords[1] / chords[0])):
        x, y, z = place
        rings.append(
            [
                (x + h * thick * scale, y + s * chord, z) if upright else (x, y + s * chord, z + h * thick * scale)
                for s, h in section
            ]
        )
    add_loft(bm, rings, slot)


def build_airplane(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An airliner on its wheels; its nose looks to -Y."""
    bm = bmesh.new()
    z = 1.25
    line = [
        (0, -4.4, z - 0.12),
        (0, -4.25, z - 0.1),
        (0, -3.9, z - 0.05),
        (0, -3.2, z),
        (0, 0, z),
        (0, 2.2, z + 0.03),
        (0, 3.6, z + 0.22),
        (0, 4.5, z + 0.36),
    ]
    add_tube(
        bm,
        smooth_curve(line, 3),
        [r[0] for r in smooth_curve([(0.02,), (0.22,), (0.4,), (0.55,), (0.56,), (0.52,), (0.3,), (0.06,)], 3)],
        0,
        32,
    )
    for side in (-1, 1):
        add_wing(bm, (side * 0.3, -0.9, z - 0.25), (side * 4.5, 1.2, z + 0.1), (1.9, 0.6), 0.3, 0)
        add_wing(bm, (side * 4.42, 1.25, z + 0.08), (side * 4.5, 1.5, z + 0.5), (0.55, 0.25), 0.06, 1)
        add_wing(bm, (side * 0.1, 3.35, z + 0.3), (side * 1.7, 4.1, z + 0.4), (0.95, 0.4), 0.14, 0)
        add_cylinder(bm, (side * 1.65, 0.6, z - 0.42), 0.24, 1.15, 0, 28, top=0.27, bevel=0.05, turn=(90, 0, 0))
        add_cylinder(bm, (side * 1.65, -0.5, z - 0.42), 0.2, 0.09, 3, 24, turn=(90, 0, 0))
        add_box(bm, (side * 1.65, 0.2, z - 0.25), (0.07, 0.8, 0.3), 0, 0.02)
        add_cylinder(bm, (side * 0.75, 0.75, 0.16), 0.045, z - 0.4, 3, 12)
        add_cylinder(bm, (side * 0.85, 0.75, 0.2), 0.2, 0.2, 4, 24, bevel=0.04, turn=(0, -90 * side, 0))
        for i in range(16):
            add_ball(bm, (side * 0.535, -2.75 + 0.33 * i, z + 0.14), (0.03, 0.065, 0.09), 2, 10)
        add_box(bm, (side * 0.21, -3.78, z + 0.24), (0.28, 0.24, 0.13), 2, 0.03, turn=(-38, 0, side * -30))
    add_wing(bm, (0, 3.1, z + 0.35), (0, 4.3, z + 1.75), (1.35, 0.6), 0.16, 1)
    add_cylinder(bm, (0, -3.1, 0.14), 0.04, z - 0.5, 3, 12)
    add_cylinder(bm, (-0.07, -3.1, 0.16), 0.16, 0.14, 4, 20, bevel=0.03, turn=(0, 90, 0))
    slots = ("body", "accent", "windows", "engine", "tyres")
    return finish_thing(name, "airplane", {"": bm}, size, materials, slots, smooth_deg=45)


def build_balloon(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A hot air balloon with striped gores and a wicker basket."""
    bm = bmesh.new()
    line = smooth_curve([(0.42, 1.55), (1.1, 2.35), (1.8, 3.3), (2.0, 4.2), (1.7, 5.2), (0.95, 5.82), (0.12, 6.0)], 4)
    gores = 16
    for i in range(gores):
        rings = []
        for r, z in line:
            angles = [2 * math.pi * (i + k / 4) / gores for k in range(5)]
            bulge = [1.0, 1.025, 1.033, 1.025, 1.0]
            outer = [(r * b * math.cos(a), r * b * math.sin(a), z) for a, b in zip(angles, bulge, strict=True)]
            rings.append(outer + [(x * 0.96, y * 0.96, z) for x, y, z in reversed(outer)])
        add_loft(bm, rings, i % 2)
    add_cylinder(bm, (0, 0, 5.95), 0.2, 0.06, 1, 24, bevel=0.02)
    add_lathe(
        bm,
        [
            (0.3, 0.0),
            (0.36, 0.03),
            (0.42, 0.62),
            (0.46, 0.65),
            (0.46, 0.72),
            (0.38, 0.72),
            (0.38, 0.65),
            (0.32, 0.08),
            (0.0, 0.08),
            (0.0, 0.0),
        ][::-1],
        2,
        12,
    )
    for k in range(4):
        z = 0.14 + 0.13 * k
        add_lathe(
            bm,
            [(0.3, z - 0.02), (0.385 + 0.04 * k / 4, z - 0.02), (0.385 + 0.04 * k / 4, z + 0.02), (0.3, z + 0.02)],
            2,
            12,
            closed=True,
        )
    for i in range(8):
        angle = 2 * math.pi * i / 8
        c, s = math.cos(angle), math.sin(angle)
        add_tube(bm, [(0.41 * c, 0.41 * s, 0.66), (0.46 * c, 0.46 * s, 1.65)], 0.014, 3, 6)
    return finish_thing(
        name, "balloon", {"": bm}, size, materials, ("envelope", "stripe", "basket", "ropes"), smooth_deg=45
    )
