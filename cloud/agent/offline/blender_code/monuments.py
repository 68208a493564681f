# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Castles, mills, churches, temples and tall buildings."""

import math

import bmesh
import bpy

from .buildings import add_arch_trim, add_arched_door, add_block_ring, add_merlon, add_round_window, arch_points
from .core import add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, pose
from .finish import finish_thing
from .houses import add_gable_roof, add_window, gable_walls
from .stonework import add_column


def add_castle_tower(bm: bmesh.types.BMesh, x: float, y: float, radius: float, height: float, roof: bool) -> None:
    """A round tower of the castle at (x, y), with battlements or a pointed roof and a flag."""
    part = bmesh.new()
    add_lathe(part, [(0, 0), (radius * 1.1, 0), (radius, 0.5), (radius, height), (0, height)], 0, 40)
    rows = max(3, round(height / 1.15))
    for i in range(rows):
        add_block_ring(
            part,
            radius + 0.06,
            height * i / rows,
            height / rows,
            12,
            4 if (i * 5) % 7 == 0 else 0,
            0.5 * (i % 2),
            0.14,
            0.07,
        )
    crown = radius * 1.18
    add_lathe(
        part,
        [
            (0, height - 0.4),
            (radius, height - 0.4),
            (crown, height),
            (crown, height + 0.6),
            (crown - 0.35, height + 0.6),
            (crown - 0.35, height + 0.2),
            (0, height + 0.2),
        ],
        0,
        40,
    )
    for i in range(10):
        add_merlon(part, crown + 0.02, crown - 0.36, 2 * math.pi * i / 10, 0.19, height + 0.55, 0.6)
    for i in range(2):
        add_round_window(part, radius, -90 + 75 * i, height * 0.6, 0.35, 0.9, (3, 4))
    if roof:
        add_lathe(
            part,
            [(0, height + 0.15), (radius * 0.98, height + 0.15), (radius * 0.98, height + 0.9), (0, height + 0.9)],
            0,
            40,
        )
        add_lathe(
            part,
            [
                (0, height + 0.8),
                (radius * 1.12, height + 0.8),
                (radius * 1.12, height + 0.9),
                (radius * 0.5, height + 2.3),
                (0, height + 3.6),
            ],
            1,
            40,
        )
        add_cylinder(part, (0, 0, height + 3.4), 0.04, 1.4, 4, 10)
        rings = []
        for i in range(9):
            fx, fy = 0.02 + 0.11 * i, 0.06 * math.sin(1.1 * i)
            rings.append(
                [
                    (fx, fy - 0.01, height + 4.2),
                    (fx, fy - 0.01, height + 4.75),
                    (fx, fy + 0.01, height + 4.75),
                    (fx, fy + 0.01, height + 4.2),
                ]
            )
        add_loft(part, rings, 5)
    place_part(bm, part, x, y)


def place_part(bm: bmesh.types.BMesh, part: bmesh.types.BMesh, x: float, y: float) -> None:
    """Copy `part`, moved in x and y, into `bm` with its own slots, and free it."""
    part.verts.index_update()
    verts = [bm.verts.new((vert.co.x + x, vert.co.y + y, vert.co.z)) for vert in part.verts]
    for face in part.faces:
        bm.faces.new([verts[vert.index] for vert in face.verts]).material_index = face.material_index
    part.free()


def add_curtain_wall(
    bm: bmesh.types.BMesh, start: tuple[float, float], end: tuple[float, float], height: float
) -> None:
    """A castle's wall between two places: blocks on both faces, teeth on top."""
    (x1, y1), (x2, y2) = start, end
    length, turn = math.hypot(x2 - x1, y2 - y1), math.atan2(y2 - y1, x2 - x1)
    frame = pose(((x1 + x2) / 2, (y1 + y2) / 2, 0), (0, 0, math.degrees(turn)))
    tilt = (0, 0, math.degrees(turn))
    add_box(bm, frame @ pose((0, 0, height / 2)).to_translation(), (length, 0.8, height), 0, turn=tilt)
    rows, count = round(height / 0.6), round(length / 1.1)
    for row in range(rows):
        for i in range(count - row % 2):
            along = -length / 2 + length * (i + 0.5 + 0.5 * (row % 2)) / count
            slot = 4 if (i * 3 + row * 5) % 9 == 0 else 0
            place = frame @ pose((along, 0, height * (row + 0.5) / rows)).to_translation()
            add_box(bm, place, (length / count * 0.96, 0.92, height / rows * 0.93), slot, turn=tilt)
    teeth = round(length / 0.9)
    for i in range(teeth):
        along = -length / 2 + length * (i + 0.5) / teeth
        for side in (-1, 1):
            place = frame @ pose((along, side * 0.32, height + 0.28)).to_translation()
            add_box(bm, place, (length / teeth * 0.58, 0.24, 0.6), 0, turn=tilt)


def build_castle(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A castle: four corner towers, walls, a gatehouse at -Y and a keep."""
    bm, door = bmesh.new(), bmesh.new()
    half, high = 5.6, 3.6
    for sx in (-1, 1):
        for sy in (-1, 1):
            add_castle_tower(bm, sx * half, sy * half, 1.4, 5.2, True)
        add_curtain_wall(bm, (sx * half, -half), (sx * half, half), high)
        add_curtain_wall(bm, (sx * 1.6, -half), (sx * half, -half), high)
        add_castle_tower(bm, sx * 1.75, -half - 0.2, 0.8, 4.6, False)
    add_curtain_wall(bm, (-half, half), (half, half), high)
    add_box(bm, (0, -half, 2.15), (2.4, 1.3, 4.3), 0, 0.03)
    for i in range(3):
        add_box(bm, (-0.65 + 0.65 * i, -half - 0.5, 4.5), (0.4, 0.26, 0.5), 0, 0.03)
    add_arched_door(door, (0, -half - 0.68, 0.0), 1.5, 2.6, (2, 3), thick=0.14)
    add_arch_trim(bm, (0, -half - 0.62, 0), 1.52, 2.62, 4, thick=0.4, rim=0.22)
    # The keep stands in the court; a paved yard joins all parts.
    add_box(bm, (0, 0, 0.05), (2 * half, 2 * half, 0.1), 4)
    keep = 6.4
    add_box(bm, (0, 1.0, keep / 2), (4.2, 4.2, keep), 0, 0.03)
    for side in (-1, 1):
        for i in range(5):
            for x, y in ((-1.8 + 0.9 * i, 1.0 + side * 1.96), (side * 1.96, -0.8 + 0.9 * i)):
                add_box(bm, (x, y, keep + 0.25), (0.5, 0.5, 0.6), 0, 0.03, segments=1)
        for z in (2.6, 4.6):
            add_prism(bm, arch_points(0.45, 1.1), 0.2, 3, 0.0, (side * 1.0, -1.1, z))
            add_arch_trim(bm, (side * 1.0, -1.1, z), 0.45, 1.1, 4, thick=0.3, rim=0.13)
    add_castle_tower(bm, 0.0, 1.6, 1.15, keep + 1.2, True)
    slots = ("walls", "roof", "door", "windows", "trim", "flag")
    return finish_thing(name, "castle", {"": bm, "Door": door}, size, materials, slots)


def build_windmill(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A tower mill with a cap, gallery and four lattice sails, which are one child; it faces -Y."""
    bm, sails, door = bmesh.new(), bmesh.new(), bmesh.new()
    add_lathe(bm, [(0, 0), (2.0, 0), (2.0, 0.3), (1.85, 0.5), (1.25, 5.4), (0, 5.4)], 0, 12)
    cap = [(0, 5.3), (1.42, 5.3), (1.45, 5.5), (1.3, 6.1), (0.9, 6.6), (0.35, 6.9), (0, 6.95)]
    add_lathe(bm, cap, 1, 36)
    add_lathe(bm, [(1.5, 2.25), (2.15, 2.25), (2.15, 2.4), (1.5, 2.4)], 3, 12, closed=True)
    for i in range(12):
        angle = 2 * math.pi * i / 12
        c, s = math.cos(angle), math.sin(angle)
        add_box(bm, (2.07 * c, 2.07 * s, 2.7), (0.07, 0.07, 0.65), 3, 0.01, turn=(0, 0, math.degrees(angle)))
        add_tube(bm, [(1.65 * c, 1.65 * s, 1.6), (2.05 * c, 2.05 * s, 2.28)], 0.05, 3, 8)
    ring = [(2.07 * math.cos(2 * math.pi * i / 12), 2.07 * math.sin(2 * math.pi * i / 12), 3.0) for i in range(12)]
    add_tube(bm, ring, 0.045, 3, 8, closed=True)
    for x, z in ((0.0, 3.4), (0.0, 4.5)):
        add_window(bm, (x, -1.47 + (z - 3.4) * 0.13, z), 0.5, 0.65, (4, 3))
    add_arched_door(door, (0, -1.92, 0.02), 0.95, 1.75, (3, 4), thick=0.3)
    add_arch_trim(bm, (0, -1.8, 0), 0.97, 1.77, 0, thick=0.6, rim=0.15)
    hub = (0.0, -1.75, 6.0)
    add_cylinder(bm, (0, -0.9, 6.0), 0.16, 0.85, 3, 20, turn=(90, 0, 0))
    add_cylinder(sails, (0, -1.6, 6.0), 0.24, 0.3, 2, 24, bevel=0.04, turn=(90, 0, 0))
    for i in range(4):
        frame = pose(hub, (0, 90 * i + 45, 0))
        turn = (0, 90 * i + 45, 0)
        add_box(sails, frame @ pose((0, 0, 1.55)).to_translation(), (0.11, 0.11, 3.1), 2, 0.015, turn=turn)
        for k in range(8):
            add_box(sails, frame @ pose((0.3, 0, 0.75 + 0.32 * k)).to_translation(), (0.66, 0.05, 0.05), 2, turn=turn)
        for x in (0.31, 0.6):
            add_box(sails, frame @ pose((x, 0, 1.87)).to_translation(), (0.05, 0.05, 2.3), 2, turn=turn)
        add_box(sails, frame @ pose((0.32, 0.022, 1.87)).to_translation(), (0.58, 0.016, 2.24), 5, turn=turn)
    slots = ("walls", "roof", "sails", "door", "windows", "cloth")
    return finish_thing(name, "windmill", {"": bm, "Sails": sails, "Door": door}, size, materials, slots)


def build_barn(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A boarded barn with white trim and a double door at its gable, -Y."""
    bm, door = bmesh.new(), bmesh.new()
    part, roof = bmesh.new(), bmesh.new()
    width, depth, eaves, ridge = 5.4, 5.6, 2.8, 4.9
    gable_walls(part, width, depth, eaves, ridge, 0)
    add_gable_roof(roof, width, depth, eaves, ridge, 0.35, 1)
    # Both are made with the ridge along X; the barn's gable looks to -Y.
    for mesh in (part, roof):
        for vert in mesh.verts:
            vert.co.x, vert.co.y = -vert.co.y, vert.co.x
        place_part(bm, mesh, 0, 0)
    front = -width / 2
    for i in range(22):
        x = -depth / 2 + depth * (i + 0.5) / 22
        top = eaves + (ridge - eaves) * (1 - abs(x) / (depth / 2))
        add_box(bm, (x, front, top / 2), (0.2, 0.05, top - 0.06), 0, 0.01)
    for side in (-1, 1):
        add_box(bm, (side * (depth / 2), front - 0.02, eaves / 2), (0.18, 0.1, eaves), 3, 0.01)
        leaf = side * 0.66
        add_box(door, (leaf, front - 0.06, 1.15), (1.28, 0.08, 2.3), 2, 0.01)
        for x in (leaf - 0.58, leaf + 0.58):
            add_box(door, (x, front - 0.11, 1.15), (0.12, 0.05, 2.3), 3, 0.008)
        for z in (0.06, 1.15, 2.24):
            add_box(door, (leaf, front - 0.11, z), (1.28, 0.05, 0.12), 3, 0.008)
        for z in (0.6, 1.7):
            add_box(
                door, (leaf, front - 0.1, z), (1.5, 0.04, 0.1), 3, 0.006, turn=(0, side * 42 * (1 if z < 1 else -1), 0)
            )
    add_box(bm, (0, front - 0.02, 3.5), (0.9, 0.1, 0.9), 3, 0.01)
    add_box(bm, (0, front - 0.05, 3.5), (0.7, 0.1, 0.7), 2, 0.01)
    slots = ("walls", "roof", "door", "trim")
    return finish_thing(name, "barn", {"": bm, "Door": door}, size, materials, slots)


def build_skyscraper(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], floors: int = 14
) -> bpy.types.Object:
    """A tower block: bands of glass between floors, pilasters, an entrance and a roof house."""
    bm = bmesh.new()
    count = max(3, floors)
    tall = 40.0 / (count + 1.5)
    add_box(bm, (0, 0, 20.0 - tall * 0.25), (11.2, 11.2, 40.0 - tall * 0.5), 1)
    add_box(bm, (0, 0, tall * 0.1), (12.0, 12.0, tall * 0.2), 0, 0.05)
    for i in range(count + 1):
        z = tall * (i + 1)
        add_box(bm, (0, 0, z), (11.6, 11.6, tall * 0.3), 0, 0.05)
    top = tall * (count + 1)
    for i in range(7):
        along = -5.55 + 1.85 * i
        for side in (-1, 1):
            add_box(bm, (along, side * 5.65, top / 2), (0.36, 0.36, top), 0, 0.04)
            add_box(bm, (side * 5.65, along, top / 2), (0.36, 0.36, top), 0, 0.04)
    add_box(bm, (0, 0, top + tall * 0.25), (6.0, 6.0, tall * 0.5), 0, 0.05)
    add_box(bm, (0, -5.85, tall * 0.42), (3.2, 0.5, tall * 0.84), 0, 0.05)
    add_box(bm, (0, -6.02, tall * 0.36), (2.4, 0.3, tall * 0.66), 1, 0.02)
    return finish_thing(name, "skyscraper", {"": bm}, size, materials, ("walls", "windows"))


def build_church(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A church: nave, steeple with a cross at -Y, pointed windows."""
    bm, door = bmesh.new(), bmesh.new()
    part, roof = bmesh.new(), bmesh.new()
    gable_walls(part, 6.4, 4.6, 3.0, 5.2, 0)
    add_gable_roof(roof, 6.4, 4.6, 3.0, 5.2, 0.3, 1)
    for mesh in (part, roof):
        for vert in mesh.verts:
            vert.co.x, vert.co.y = -vert.co.y, vert.co.x
        place_part(bm, mesh, 0, 1.4)
    add_box(bm, (0, -2.6, 3.1), (2.4, 2.4, 6.2), 0, 0.03)
    add_box(bm, (0, -2.6, 6.25), (2.7, 2.7, 0.2), 0, 0.04)
    add_lathe(bm, [(0, 6.3), (1.85, 6.3), (1.75, 6.5), (0.0, 9.6)], 1, 4, (0, -2.6, 0), (0, 0, 45))
    add_box(bm, (0, -2.6, 9.9), (0.1, 0.1, 0.9), 4, 0.015)
    add_box(bm, (0, -2.6, 10.05), (0.5, 0.1, 0.1), 4, 0.015)
    for side in (-1, 1):
        for i in range(3):
            add_prism(bm, arch_points(0.7, 1.7), 0.12, 3, 0.0, (side * 2.3, -0.4 + 1.8 * i, 1.0), (90, 0, side * 90))
            add_arch_trim(bm, (side * 2.3, -0.4 + 1.8 * i, 1.0), 0.7, 1.7, 0, side * 90, 0.24, 0.14)
        add_prism(bm, arch_points(0.55, 1.2), 0.12, 3, 0.0, (side * 1.2, -2.6, 4.4), (90, 0, side * 90))
        add_arch_trim(bm, (side * 1.2, -2.6, 4.4), 0.55, 1.2, 0, side * 90, 0.22, 0.12)
    add_prism(bm, arch_points(0.55, 1.2), 0.12, 3, 0.0, (0, -3.8, 4.4))
    add_arch_trim(bm, (0, -3.8, 4.4), 0.55, 1.2, 0, 0, 0.22, 0.12)
    add_cylinder(bm, (0, -3.72, 3.35), 0.45, 0.14, 3, 28, turn=(90, 0, 0))
    add_lathe(bm, [(0.42, 0), (0.58, 0), (0.58, 0.2), (0.42, 0.2)], 0, 32, (0, -3.7, 3.35), (90, 0, 0), closed=True)
    add_arched_door(door, (0, -3.84, 0.02), 1.1, 2.1, (2, 4), thick=0.12)
    add_arch_trim(bm, (0, -3.8, 0), 1.12, 2.12, 0, 0, 0.3, 0.18)
    add_box(bm, (0, -4.1, 0.06), (1.7, 0.7, 0.12), 0, 0.02)
    slots = ("walls", "roof", "door", "windows", "cross")
    return finish_thing(name, "church", {"": bm, "Door": door}, size, materials, slots)


def build_temple(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], columns: int = 6
) -> bpy.types.Object:
    """A Greek temple: steps, a ring of columns about its hall, entablature and pediments; it faces -Y."""
    bm = bmesh.new()
    for i in range(3):
        add_box(bm, (0, 0, 0.12 + 0.24 * i), (8.0 - 0.5 * i, 11.0 - 0.5 * i, 0.24), 0, 0.02)
    base, tall = 0.71, 3.4
    across = max(2, columns)
    along = max(2, round(across * 1.5))
    places = {(-3.0 + 6.0 * i / (across - 1), side * 4.5) for i in range(across) for side in (-1, 1)}
    places |= {(side * 3.0, -4.5 + 9.0 * i / (along - 1)) for i in range(along) for side in (-1, 1)}
    for x, y in sorted(places):
        add_column(bm, (x, y, base), 0.32, tall, 10)
    add_box(bm, (0, 0, base + tall / 2), (4.2, 6.6, tall + 0.02), 0, 0.03)
    top = base + tall
    add_box(bm, (0, 0, top + 0.22), (7.0, 10.0, 0.46), 0, 0.02)
    add_box(bm, (0, 0, top + 0.5), (7.4, 10.4, 0.14), 0, 0.03)
    add_prism(bm, [(-3.5, top + 0.56), (3.5, top + 0.56), (0, top + 1.85)], 9.7, 0, 0.02)
    slope = math.degrees(math.atan2(1.3, 3.6))
    for side in (-1, 1):
        add_box(bm, (side * 1.83, 0, top + 1.27), (3.95, 10.4, 0.14), 0, 0.02, turn=(0, side * slope, 0))
    return finish_thing(name, "temple", {"": bm}, size, materials, ("body",), smooth_deg=28)
