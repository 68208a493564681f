# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Flowers, mushrooms, grass and what else grows low."""

import math
import random

import bmesh
import bpy

from .core import add_ball, add_lathe, add_loft, add_tube, pose, round_corners, smooth_curve
from .finish import finish_thing
from .plants import GOLDEN_ANGLE, add_leaf


def build_cactus(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], arms: int = 2, ribs: int = 12
) -> bpy.types.Object:
    """A ribbed saguaro with bent arms and a flower on top."""
    bm = bmesh.new()
    add_ribbed_stem(bm, [(0, 0, 0), (0, 0, 0.5), (0, 0, 1.0), (0, 0, 1.6)], 0.19, ribs)
    for i in range(arms):
        side = -1 if i % 2 else 1
        low = 0.55 + 0.14 * (i % 3)
        reach, top = 0.4 + 0.05 * (i // 2), low + 0.48
        turn = math.radians(55 * (i // 2))
        corner = [(0, 0, low), (side * reach, 0, low + 0.03), (side * reach, 0, top)]
        line = round_corners(corner, 0.17, 6)
        line.insert(1, tuple(a + (b - a) * 0.5 for a, b in zip(line[0], line[1], strict=True)))
        path = [(x * math.cos(turn), x * math.sin(turn), z) for x, _, z in line]
        add_ribbed_stem(bm, path, 0.115, max(6, ribs - 3))
    for i in range(7):
        angle = 2 * math.pi * i / 7
        add_ball(bm, (0.05 * math.cos(angle), 0.05 * math.sin(angle), 1.61), (0.05, 0.05, 0.028), 1, 12)
    return finish_thing(name, "cactus", {"": bm}, size, materials, ("body", "flower"), smooth_deg=60)


def add_ribbed_stem(bm: bmesh.types.BMesh, points: list, radius: float, ribs: int) -> None:
    """A stem along `points` whose section is a star of soft ribs, with a rounded end."""
    tip, before = points[-1], points[-2]
    rings = []
    path = smooth_curve([p[:3] for p in points], 4)
    top = [(radius * 0.97, 0.35), (radius * 0.86, 0.6), (radius * 0.62, 0.84), (radius * 0.3, 0.97)]
    along = [a - b for a, b in zip(tip, before, strict=True)]
    length = math.sqrt(sum(a * a for a in along))
    line = [(point, radius) for point in path]
    line[-1:] = [
        (tuple(t + a / length * radius * (rise - 0.6) for t, a in zip(tip, along, strict=True)), r) for r, rise in top
    ]
    for place, (point, thick) in enumerate(line):
        ahead = line[min(place + 1, len(line) - 1)][0]
        behind = line[max(place - 1, 0)][0]
        tilt = math.atan2(math.hypot(ahead[0] - behind[0], ahead[1] - behind[1]), ahead[2] - behind[2])
        heading = math.atan2(ahead[1] - behind[1], ahead[0] - behind[0])
        frame = (
            pose(point, (0, 0, math.degrees(heading)))
            @ pose(turn=(0, math.degrees(tilt), 0))
            @ pose(turn=(0, 0, -math.degrees(heading)))
        )
        ring = []
        for k in range(ribs * 4):
            angle = 2 * math.pi * k / (ribs * 4)
            reach = thick * (1.0 + 0.1 * math.cos(ribs * angle))
            ring.append(frame @ pose((reach * math.cos(angle), reach * math.sin(angle), 0)).to_translation())
        rings.append(ring)
    add_loft(bm, rings, 0)


def build_potted_plant(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], leaves: int = 14, seed: int = 1
) -> bpy.types.Object:
    """Long arching leaves in a clay pot."""
    dice, bm = random.Random(seed), bmesh.new()
    add_pot_shell(bm, 0.17, 0.27, 0, 2)
    for i in range(leaves):
        turn = math.degrees(i * GOLDEN_ANGLE)
        high = i / max(1, leaves - 1)
        length = dice.uniform(0.5, 0.6) * (1 - 0.2 * high)
        lift = 48 + 36 * high
        add_leaf(bm, (0, 0, 0.235), length, 0.11, 1, (0, -lift, turn), droop=0.6 - 0.35 * high, steps=8)
    return finish_thing(name, "potted_plant", {"": bm}, size, materials, ("pot", "leaves", "soil"), smooth_deg=50)


def add_pot_shell(bm: bmesh.types.BMesh, radius: float, height: float, slot: int, soil_slot: int) -> None:
    """A clay pot with a rim, filled with soil to just under it."""
    wall = radius * 0.1
    outer = [
        (radius * 0.68, 0),
        (radius * 0.7, height * 0.01),
        (radius * 0.93, height * 0.74),
        (radius * 1.02, height * 0.75),
    ]
    outer += [(radius * 1.04, height * 0.77), (radius * 1.07, height * 0.98), (radius * 1.05, height)]
    inner = [(radius * 0.94, height), (radius * 0.92, height * 0.98), (radius * 0.68 - wall, height * 0.08)]
    add_lathe(bm, [(0, 0), *outer, *inner, (0, height * 0.08)], slot, 40)
    add_lathe(
        bm,
        [
            (0, height * 0.5),
            (radius * 0.84, height * 0.5),
            (radius * 0.93, height * 0.87),
            (radius * 0.5, height * 0.9),
            (0, height * 0.91),
        ],
        soil_slot,
        40,
    )


def build_flower_pot(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A clay pot full of soil."""
    bm = bmesh.new()
    add_pot_shell(bm, 0.14, 0.28, 0, 1)
    return finish_thing(
        name, "flower_pot", {"": bm}, size, materials, ("body", "soil"), surface=(0.28 * 0.91, 0.08, 0.08)
    )


def add_stem(bm: bmesh.types.BMesh, height: float, radius: float, slot: int, leaf: float) -> None:
    """A slightly bent stem with two leaves."""
    add_tube(bm, smooth_curve([(0, 0, 0), (height * 0.03, 0, height * 0.4), (0, 0, height)], 5), radius, slot, 10)
    add_leaf(bm, (height * 0.02, 0, height * 0.2), leaf, leaf * 0.32, slot, (0, -42, 20), 0.5)
    add_leaf(bm, (height * 0.03, 0, height * 0.34), leaf * 0.85, leaf * 0.3, slot, (0, -46, 195), 0.5)


def build_flower(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], petals: int = 10
) -> bpy.types.Object:
    """A daisy: a ring of petals about a round middle, on a leafy stem."""
    bm = bmesh.new()
    add_stem(bm, 0.37, 0.005, 2, 0.13)
    face = pose((0, 0, 0.375), (24, 0, 0))
    for layer, count, reach in ((0, petals, 0.08), (1, petals, 0.07)):
        for i in range(count):
            turn = 360 * (i + 0.5 * layer) / count
            place = (
                face
                @ pose((0, 0, 0.004 * layer), (0, 0, turn))
                @ pose((reach * 0.56, 0, 0.002), (0, -10 - 9 * layer, 0))
            )
            petal = bmesh.new()
            add_ball(petal, (0, 0, 0), (reach * 0.5, 2.6 * reach / count, 0.004), 0, 12)
            petal.transform(place)
            copy_solid(bm, petal)
    middle = face @ pose((0, 0, 0.008)).to_translation()
    add_ball(bm, middle, (0.024, 0.024, 0.014), 1, 20, (24, 0, 0))
    return finish_thing(name, "flower", {"": bm}, size, materials, ("petals", "centre", "stem"), smooth_deg=60)


def copy_solid(bm: bmesh.types.BMesh, part: bmesh.types.BMesh) -> None:
    """Copy `part` into `bm` with the slots that it has, and free it."""
    part.verts.index_update()
    verts = [bm.verts.new(vert.co) for vert in part.verts]
    for face in part.faces:
        bm.faces.new([verts[vert.index] for vert in face.verts]).material_index = face.material_index
    part.free()


def add_petal_cup(
    bm: bmesh.types.BMesh,
    center: tuple[float, float, float],
    radius: float,
    height: float,
    turn: float,
    open_deg: float,
    slot: int,
) -> None:
    """One upright, hollow petal that stands on `center`, its back turned outwards by `turn` degrees."""
    rings = []
    steps, across = 7, 5
    for i in range(steps + 1):
        t = i / steps
        half = math.radians(58) * math.sin(math.pi * (0.12 + 0.86 * t)) ** 0.7
        out = radius * (0.28 + 0.9 * math.sin(math.pi * (0.06 + 0.56 * t)))
        thick = radius * 0.05
        outer = [
            (out * math.cos(a), out * math.sin(a), height * t)
            for a in (half * (2 * k / across - 1) for k in range(across + 1))
        ]
        inner = [
            ((out - thick) * math.cos(a), (out - thick) * math.sin(a), height * t)
            for a in (half * (1 - 2 * k / across) for k in range(across + 1))
        ]
        rings.append(outer + inner)
    add_loft(bm, rings, slot, pose(center, (0, 0, turn)) @ pose(turn=(0, open_deg, 0)))


def build_tulip(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A tulip: six cupped petals on a stem with long leaves."""
    bm = bmesh.new()
    add_tube(bm, [(0, 0, 0), (0.004, 0, 0.18), (0, 0, 0.345)], 0.0055, 1, 10)
    for turn, length in ((15, 0.25), (200, 0.2)):
        add_leaf(bm, (0, 0, 0.01), length, 0.035, 1, (0, -68, turn), 0.45, 8)
    add_ball(bm, (0, 0, 0.345), (0.016, 0.016, 0.012), 0, 16)
    for i in range(6):
        add_petal_cup(bm, (0, 0, 0.34), 0.036 if i % 2 else 0.031, 0.075, 60 * i, 4 if i % 2 else 0, 0)
    return finish_thing(name, "tulip", {"": bm}, size, materials, ("petals", "stem"), smooth_deg=60)


def build_rose(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A rose: cupped petals wound about a bud."""
    bm = bmesh.new()
    add_stem(bm, 0.39, 0.005, 1, 0.1)
    add_ball(bm, (0, 0, 0.385), (0.02, 0.02, 0.014), 1, 16)
    add_ball(bm, (0, 0, 0.415), (0.014, 0.014, 0.026), 0, 16)
    for i in range(15):
        level = i // 5
        radius, height = 0.019 + 0.0125 * level, 0.056 - 0.006 * level
        add_petal_cup(bm, (0, 0, 0.385), radius, height, 72 * i + 36 * level, 3 + 10 * level, 0)
    return finish_thing(name, "rose", {"": bm}, size, materials, ("petals", "stem"), smooth_deg=60)


def build_sunflower(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], petals: int = 18
) -> bpy.types.Object:
    """A tall sunflower; its face looks to -Y."""
    bm = bmesh.new()
    add_tube(bm, smooth_curve([(0, 0.03, 0), (0.03, 0.03, 0.7), (0, 0.02, 1.3), (0, 0, 1.48)], 5), 0.022, 2, 12)
    for height, turn in ((0.45, 20), (0.65, 190), (0.9, 60), (1.05, 150)):
        add_leaf(bm, (0.02, 0.03, height), 0.3, 0.17, 2, (0, -25, turn), 0.5)
    face = pose((0, -0.02, 1.48), (80, 0, 0))
    head = bmesh.new()
    for layer in range(2):
        for i in range(petals):
            add_leaf(
                head,
                (0, 0, -0.006 * layer),
                0.255 - 0.02 * layer,
                0.068,
                0,
                (0, -8 - 8 * layer, 360 * (i + 0.5 * layer) / petals),
                0.1,
            )
    add_ball(head, (0, 0, 0.012), (0.125, 0.125, 0.03), 1, 32)
    for i in range(60):
        out, angle = 0.115 * math.sqrt(i / 60), i * GOLDEN_ANGLE
        add_ball(
            head,
            (out * math.cos(angle), out * math.sin(angle), 0.012 + 0.03 * math.sqrt(1 - (out / 0.125) ** 2)),
            0.006,
            1,
            8,
        )
    add_ball(head, (0, 0, -0.012), (0.1, 0.1, 0.025), 2, 20)
    head.transform(face)
    copy_solid(bm, head)
    return finish_thing(name, "sunflower", {"": bm}, size, materials, ("petals", "centre", "stem"), smooth_deg=60)
