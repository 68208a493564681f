# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Houses and towers. Doors, roofs and sails are children of their own."""

import math

import bmesh
import bpy

from .core import add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube, pose
from .finish import finish_thing


def add_block_ring(
    bm: bmesh.types.BMesh, radius: float, low: float, height: float, count: int, slot: int, offset: float = 0.0,
    depth: float = 0.12, gap: float = 0.06, skip: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """A course of curved stone blocks that stand out of a round wall; `skip` leaves out an arc (degrees)."""
    step = 2 * math.pi / count
    for i in range(count):
        middle = step * (i + offset)
        if skip and abs((math.degrees(middle) - skip[0] + 180) % 360 - 180) < skip[1] + math.degrees(step) / 2:
            continue
        half, joint = step / 2 * (1 - gap * 0.5), height * gap * 0.6
        edge = min(depth * 0.4, height * 0.08)
        rings = []
        for out, inset in ((radius - depth, 0.0), (radius - edge, 0.0), (radius, edge)):
            trim = half - inset / radius
            low_z, high_z = low + joint + inset, low + height - joint - inset
            angles = [middle - trim, middle, middle + trim]
            ring = [(out * math.cos(a), out * math.sin(a), low_z) for a in angles]
            rings.append(ring + [(out * math.cos(a), out * math.sin(a), high_z) for a in reversed(angles)])
        add_loft(bm, rings, slot)


def add_arched_door(
    bm: bmesh.types.BMesh, foot: tuple[float, float, float], width: float, height: float, slots: tuple[int, int],
    turn: float = 0.0, thick: float = 0.12,
) -> None:  # fmt: skip
    """A plank door with a round head, iron bands and a ring; it faces -Y before `turn`. Slots: wood, metal."""
    frame = pose(foot, (0, 0, turn))
    planks = 5
    for i in range(planks):
        x1, x2 = width * (i / planks - 0.5), width * ((i + 1) / planks - 0.5)
        gap = width * 0.008
        tops = [
            height - width / 2 + math.sqrt(max(0.0, (width / 2) ** 2 - x * x))
            for x in (x1 + gap, (x1 + x2) / 2, x2 - gap)
        ]
        outline = [(x1 + gap, 0), (x2 - gap, 0), (x2 - gap, tops[2]), ((x1 + x2) / 2, tops[1]), (x1 + gap, tops[0])]
        add_prism(bm, outline, thick, slots[0], width * 0.008, frame.to_translation(), (90, 0, turn))
    for share in (0.2, 0.62):
        place = frame @ pose((0, -thick * 0.5, height * share)).to_translation()
        add_box(bm, place, (width * 0.94, thick * 0.3, height * 0.05), slots[1], bevel=0.004, turn=(0, 0, turn))
    ring = [
        (width * 0.32 + width * 0.06 * math.cos(a), -thick * 0.62, height * 0.42 + width * 0.06 * math.sin(a))
        for a in (math.pi * i / 8 for i in range(16))
    ]
    add_tube(bm, [frame @ pose(point).to_translation() for point in ring], width * 0.013, slots[1], 8, closed=True)


def arch_points(width: float, height: float, steps: int = 10, grow: float = 0.0) -> list[tuple[float, float]]:
    """The outline of a round-headed opening from its right foot over the top to its left foot, grown outwards."""
    half = width / 2 + grow
    spring = height - width / 2
    line = [(half, 0.0)]
    line += [
        (half * math.cos(math.pi * i / steps), spring + half * math.sin(math.pi * i / steps)) for i in range(steps + 1)
    ]
    return [*line, (-half, 0.0)]


def add_arch_trim(
    bm: bmesh.types.BMesh, foot: tuple[float, float, float], width: float, height: float, slot: int, turn: float = 0.0,
    thick: float = 0.2, rim: float = 0.14,
) -> None:  # fmt: skip
    """The stone surround of a round-headed opening, faces -Y before `turn`."""
    outline = arch_points(width, height, grow=rim) + list(reversed(arch_points(width, height)))
    add_prism(bm, outline, thick, slot, rim * 0.12, foot, (90, 0, turn))


def build_tower(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], windows: int = 4, battlements: int = 12,
    segments: int = 48,
) -> bpy.types.Object:  # fmt: skip
    """A round castle tower of stone blocks: battlements, arrow slits, and a plank door at -Y."""
    bm, door = bmesh.new(), bmesh.new()
    wall, foot = 1.62, 1.78
    height = size[2] * 4.0 / size[0] if size[0] else 9.0
    top = height - 1.5
    add_lathe(
        bm,
        [(0, 0), (foot, 0), (foot, 0.35), (wall + 0.02, 0.75), (wall, 0.8), (wall - 0.04, top), (0, top)],
        0,
        segments,
    )
    courses = max(6, round(top / 0.48))
    tall = (top - 0.8) / courses
    for i in range(courses):
        skip = (-90, 22) if 0.8 + tall * i < 2.25 else None
        add_block_ring(
            bm, wall + 0.06, 0.8 + tall * i, tall, 20, 3 if (i * 7) % 5 == 0 else 0, 0.5 * (i % 2), 0.14, 0.07, skip
        )
    # The crown: corbels, a wider ring, and battlements about a floor.
    crown = 1.93
    for i in range(24):
        angle = 2 * math.pi * i / 24
        add_box(
            bm,
            (1.68 * math.cos(angle), 1.68 * math.sin(angle), top - 0.12),
            (0.42, 0.2, 0.34),
            0,
            0.02,
            turn=(0, 0, math.degrees(angle)),
        )
    add_lathe(
        bm,
        [
            (0, top),
            (crown, top),
            (crown, top + 0.75),
            (crown - 0.34, top + 0.75),
            (crown - 0.34, top + 0.32),
            (0, top + 0.32),
        ],
        0,
        segments,
    )
    add_lathe(
        bm,
        [(crown - 0.1, top + 0.02), (crown + 0.07, top + 0.02), (crown + 0.07, top + 0.16), (crown - 0.1, top + 0.2)],
        3,
        segments,
        closed=True,
    )
    for i in range(battlements):
        add_merlon(
            bm,
            crown + 0.03,
            crown - 0.37,
            2 * math.pi * (i + 0.5) / battlements,
            0.3 * math.pi / (battlements / 2),
            top + 0.7,
            0.8,
        )
    for i in range(windows):
        angle = -90 + 137.5 * (i + 1) if windows > 1 else -90
        z = 2.6 + (top - 4.2) * (i + 0.5) / windows
        add_round_window(bm, wall, angle, z, 0.36, 1.1, (2, 3))
    add_arched_door(door, (0, -wall - 0.1, 0.02), 1.15, 1.95, (1, 2), thick=0.2)
    add_box(bm, (0, -wall + 0.25, 0.9), (1.5, 0.6, 1.8), 0)
    add_arch_trim(bm, (0, -wall - 0.08, 0), 1.17, 1.97, 3, thick=0.42, rim=0.2)
    add_box(bm, (0, -wall - 0.2, 0.06), (1.6, 0.35, 0.12), 3, 0.02)
    slots = ("walls", "door", "windows", "trim")
    return finish_thing(name, "tower", {"": bm, "Door": door}, size, materials, slots, surface=(top + 0.32, 1.05, 1.05))


def add_merlon(
    bm: bmesh.types.BMesh,
    outer: float,
    inner: float,
    middle: float,
    half: float,
    low: float,
    height: float,
    slot: int = 0,
) -> None:
    """One tooth of a round battlement, a curved block with a sloped cap."""
    rings = []
    for z, trim in ((low, 0.0), (low + height * 0.78, 0.0), (low + height, 0.07)):
        angles = [middle - half * (1 - trim), middle, middle + half * (1 - trim)]
        ring = [((outer - trim) * math.cos(a), (outer - trim) * math.sin(a), z) for a in angles]
        rings.append(ring + [((inner + trim) * math.cos(a), (inner + trim) * math.sin(a), z) for a in reversed(angles)])
    add_loft(bm, rings, slot)


def add_round_window(
    bm: bmesh.types.BMesh, radius: float, angle: float, low: float, width: float, height: float, slots: tuple[int, int]
) -> None:
    """A round-headed window in a round wall, with its surround. Slots: opening, surround."""
    a = math.radians(angle)
    foot = (radius * math.cos(a), radius * math.sin(a), low)
    add_prism(bm, arch_points(width, height), 0.3, slots[0], 0.0, foot, (90, 0, angle + 90))
    add_arch_trim(bm, foot, width, height, slots[1], angle + 90, 0.38, width * 0.32)
    out = radius + 0.12
    add_box(
        bm,
        (out * math.cos(a), out * math.sin(a), low - width * 0.16),
        (width * 2.0, 0.3, width * 0.32),
        slots[1],
        0.015,
        turn=(0, 0, angle + 90),
    )


def build_lighthouse(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], stripes: int = 3
) -> bpy.types.Object:
    """A tapering striped lighthouse: gallery with railing, lit lantern room, domed roof."""
    bm, door = bmesh.new(), bmesh.new()
    low, high, foot, neck = 0.7, 8.9, 1.6, 0.98

    def radius_at(z: float) -> float:
        share = (z - low) / (high - low)
        return foot + (neck - foot) * share**0.8

    add_lathe(bm, [(0, 0), (2.0, 0), (2.0, 0.3), (1.88, 0.34), (1.88, 0.66), (1.8, 0.72), (0, 0.72)], 0, 48)
    bands = 2 * stripes + 1
    for i in range(bands):
        z1, z2 = low + (high - low) * i / bands, low + (high - low) * (i + 1) / bands
        grow = 0.015 if i % 2 else 0.0
        steps = [z1 + (z2 - z1) * k / 4 for k in range(5)]
        add_lathe(
            bm, [(0, z1 - 0.01), *[(radius_at(z) + grow, z) for z in steps], (0, z2 + 0.01)], 1 if i % 2 else 0, 48
        )
    add_lathe(
        bm,
        [
            (0, high - 0.35),
            (neck, high - 0.35),
            (neck + 0.42, high),
            (neck + 0.46, high + 0.04),
            (neck + 0.46, high + 0.16),
            (0, high + 0.16),
        ],
        2,
        48,
    )
    posts = 16
    for i in range(posts):
        angle = 2 * math.pi * i / posts
        x, y = (neck + 0.38) * math.cos(angle), (neck + 0.38) * math.sin(angle)
        add_cylinder(bm, (x, y, high + 0.12), 0.025, 0.62, 2, 10)
    for z in (high + 0.42, high + 0.72):
        ring = [
            ((neck + 0.38) * math.cos(a), (neck + 0.38) * math.sin(a), z)
            for a in (2 * math.pi * k / 48 for k in range(48))
        ]
        add_tube(bm, ring, 0.028, 2, 8, closed=True)
    add_cylinder(bm, (0, 0, high + 0.1), 0.72, 0.35, 0, 32)
    add_cylinder(bm, (0, 0, high + 0.42), 0.66, 1.15, 3, 24)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        add_cylinder(bm, (0.68 * math.cos(angle), 0.68 * math.sin(angle), high + 0.4), 0.035, 1.2, 2, 10)
    dome = [
        (0.92, high + 1.54),
        (0.92, high + 1.62),
        (0.78, high + 1.82),
        (0.5, high + 2.1),
        (0.2, high + 2.28),
        (0.1, high + 2.36),
    ]
    add_lathe(
        bm,
        [
            (0, high + 1.54),
            *dome,
            (0.16, high + 2.46),
            (0.1, high + 2.58),
            (0.03, high + 2.66),
            (0.02, high + 3.1),
            (0, high + 3.1),
        ],
        5,
        40,
    )
    for i, z in enumerate((2.9, 4.8, 6.7)):
        add_round_window(bm, radius_at(z) - 0.08, -90 + 60 * i, z, 0.38, 0.8, (2, 0))
    add_arched_door(door, (0, -radius_at(0.9) - 0.1, 0.7), 0.85, 1.6, (4, 2), thick=0.16)
    add_arch_trim(bm, (0, -radius_at(1.4) - 0.02, 0.7), 0.87, 1.62, 0, thick=0.4, rim=0.14)
    add_box(bm, (0, -1.95, 0.35), (1.4, 0.5, 0.7), 0, 0.02)
    add_box(bm, (0, -2.25, 0.18), (1.4, 0.5, 0.36), 0, 0.02)
    slots = ("walls", "stripes", "gallery", "glass", "door", "roof")
    return finish_thing(name, "lighthouse", {"": bm, "Door": door}, size, materials, slots)
