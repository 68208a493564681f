"""Bridges, wells, fountains, columns and arches."""

import math
from itertools import pairwise

import bmesh
import bpy

from .buildings import add_block_ring, arch_points
from .core import add_box, add_cylinder, add_lathe, add_prism, add_tube, round_corners, smooth_curve
from .finish import finish_thing
from .houses import add_gable_roof


def build_bridge(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], arches: int = 1
) -> bpy.types.Object:
    """An arched stone bridge along X: cut voussoirs, a humped deck and parapets."""
    bm = bmesh.new()
    half, wide, count = 3.0, 2.0, max(1, arches)
    pier = 0.5
    span = (2 * half - pier * (count + 1)) / count

    def deck_at(x: float) -> float:
        return 0.82 + 0.52 * math.cos(math.pi * x / (2 * half)) ** 1.3 if abs(x) < half else 0.82

    outline = [(-half, 0.0)]
    middles = []
    for i in range(count):
        middle = -half + pier + span / 2 + i * (span + pier)
        rise = min(0.93, span / 2)
        middles.append((middle, rise))
        outline += [
            (middle + span / 2 * math.cos(a), rise * math.sin(a)) for a in (math.pi * (1 - k / 20) for k in range(21))
        ]
    outline.append((half, 0.0))
    outline += [(half - 2 * half * k / 24, deck_at(half - 2 * half * k / 24)) for k in range(25)]
    add_prism(bm, outline, wide, 0, 0.0)
    for middle, rise in middles:
        for side in (-1, 1):
            stones = 15
            for k in range(stones):
                angle = math.pi * (k + 0.5) / stones
                x, z = middle + (span / 2 + 0.09) * math.cos(angle), (rise + 0.09) * math.sin(angle)
                tilt = math.degrees(math.atan2(math.sin(angle) * rise, math.cos(angle) * span / 2))
                add_box(
                    bm,
                    (x, side * wide / 2, z),
                    (0.24, 0.14, math.pi * (span / 2 + rise) / 2 / stones * 0.97),
                    0,
                    0.02,
                    turn=(0, -tilt, 0),
                )
    steps = 14
    for k in range(steps):
        x1, x2 = -half + 2 * half * k / steps, -half + 2 * half * (k + 1) / steps
        z1, z2 = deck_at(x1), deck_at(x2)
        tilt = -math.degrees(math.atan2(z2 - z1, x2 - x1))
        length = math.hypot(x2 - x1, z2 - z1)
        middle = ((x1 + x2) / 2, (z1 + z2) / 2)
        add_box(bm, (middle[0], 0, middle[1]), (length * 0.985, wide + 0.1, 0.09), 1, 0.012, turn=(0, tilt, 0))
        for side in (-1, 1):
            add_box(
                bm,
                (middle[0], side * (wide / 2 - 0.06), middle[1] + 0.2),
                (length * 1.02, 0.2, 0.36),
                0,
                0.015,
                turn=(0, tilt, 0),
            )
            add_box(
                bm,
                (middle[0], side * (wide / 2 - 0.06), middle[1] + 0.41),
                (length * 0.99, 0.28, 0.09),
                1,
                0.02,
                turn=(0, tilt, 0),
            )
    for sx in (-1, 1):
        for sy in (-1, 1):
            add_box(bm, (sx * (half - 0.14), sy * (wide / 2 - 0.05), 0.68), (0.34, 0.34, 1.36), 0, 0.025)
            add_box(bm, (sx * (half - 0.14), sy * (wide / 2 - 0.05), 1.4), (0.42, 0.42, 0.1), 1, 0.02)
    return finish_thing(
        name, "bridge", {"": bm}, size, materials, ("body", "deck"), surface=(deck_at(0) + 0.045, 0.25, wide / 2 - 0.2)
    )


def build_well(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A round stone well under a small roof, with a winch and a bucket on its rope."""
    bm, bucket = bmesh.new(), bmesh.new()
    add_lathe(bm, [(0, 0), (0.56, 0), (0.56, 0.74), (0.42, 0.74), (0.42, 0.3), (0, 0.3)], 0, 48)
    add_lathe(bm, [(0, 0.25), (0.425, 0.25), (0.425, 0.42), (0, 0.42)], 3, 40)
    for i in range(5):
        add_block_ring(bm, 0.6, 0.15 * i, 0.15, 16, 0, 0.5 * (i % 2), 0.09, 0.07)
    for i in range(12):
        angle = 2 * math.pi * i / 12
        add_box(
            bm,
            (0.515 * math.cos(angle), 0.515 * math.sin(angle), 0.77),
            (0.25, 0.27, 0.08),
            0,
            0.02,
            turn=(0, 0, math.degrees(angle)),
        )
    for side in (-1, 1):
        add_box(bm, (side * 0.5, 0, 1.3), (0.09, 0.09, 1.1), 1, 0.01)
        add_box(bm, (side * 0.5, 0, 1.8), (0.08, 0.95, 0.08), 1, 0.01)
        for y in (-1, 1):
            add_tube(bm, [(side * 0.5, y * 0.4, 1.8), (side * 0.5, 0, 2.08)], 0.03, 1, 8)
    add_gable_roof(bm, 1.14, 0.9, 1.83, 2.1, 0.12, 2, 0.07)
    add_cylinder(bm, (-0.6, 0, 1.3), 0.05, 1.2, 1, 18, turn=(0, 90, 0))
    add_tube(bm, round_corners([(0.58, 0, 1.3), (0.66, 0, 1.3), (0.66, 0, 1.12), (0.76, 0, 1.12)], 0.03), 0.018, 1, 10)
    add_lathe(
        bm, [(0.045, -0.16), (0.075, -0.16), (0.075, 0.16), (0.045, 0.16)], 1, 20, (0, 0, 1.3), (0, 90, 0), closed=True
    )
    add_tube(bucket, [(0.0, -0.06, 1.3), (0.0, -0.06, 1.1)], 0.012, 1, 8)
    add_lathe(
        bucket, [(0, 0.82), (0.09, 0.82), (0.115, 1.02), (0.103, 1.02), (0.08, 0.835), (0, 0.835)], 1, 24, (0, -0.06, 0)
    )
    bow = [(0.11 * math.cos(a), -0.06, 1.0 + 0.11 * math.sin(a)) for a in (math.pi * i / 12 for i in range(13))]
    add_tube(bucket, bow, 0.008, 1, 8)
    return finish_thing(name, "well", {"": bm, "Bucket": bucket}, size, materials, ("walls", "wood", "roof", "water"))


def build_fountain(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A fountain of two basins with falling water."""
    bm = bmesh.new()
    add_lathe(
        bm,
        [
            (0, 0),
            (1.3, 0),
            (1.3, 0.08),
            (1.18, 0.12),
            (1.2, 0.4),
            (1.28, 0.46),
            (1.28, 0.52),
            (1.1, 0.52),
            (1.06, 0.2),
            (0, 0.2),
        ],
        0,
        56,
    )
    add_lathe(bm, [(0, 0.15), (1.08, 0.15), (1.09, 0.4), (0, 0.4)], 1, 48)
    stem = smooth_curve([(0.3, 0.2), (0.22, 0.35), (0.13, 0.55), (0.2, 0.75), (0.1, 0.95), (0.13, 1.05)], 3)
    add_lathe(bm, [(0, 0.2), *stem, (0.4, 1.1), (0.62, 1.22), (0.66, 1.3), (0.6, 1.3), (0.38, 1.17), (0, 1.15)], 0, 48)
    add_lathe(bm, [(0, 1.12), (0.4, 1.16), (0.57, 1.27), (0, 1.27)], 1, 40)
    add_lathe(bm, [(0, 1.15), (0.09, 1.15), (0.06, 1.4), (0.11, 1.48), (0.05, 1.56), (0, 1.57)], 0, 28)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        c, s = math.cos(angle), math.sin(angle)
        add_tube(
            bm,
            smooth_curve(
                [
                    (0.6 * c, 0.6 * s, 1.27),
                    (0.74 * c, 0.74 * s, 1.2),
                    (0.86 * c, 0.86 * s, 0.8),
                    (0.9 * c, 0.9 * s, 0.38),
                ],
                4,
            ),
            0.022,
            1,
            8,
        )
        add_tube(
            bm,
            smooth_curve(
                [(0.0, 0.0, 1.54), (0.14 * c, 0.14 * s, 1.76), (0.3 * c, 0.3 * s, 1.62), (0.38 * c, 0.38 * s, 1.24)], 4
            ),
            0.014,
            1,
            8,
        )
    return finish_thing(name, "fountain", {"": bm}, size, materials, ("body", "water"), smooth_deg=45)


def add_column(
    bm: bmesh.types.BMesh, foot: tuple[float, float, float], radius: float, height: float, flutes: int, slot: int = 0
) -> None:
    """A fluted column with base and capital."""
    x, y, z = foot
    base, head = radius * 0.75, radius * 0.6
    add_box(bm, (x, y, z + base * 0.2), (radius * 2.5, radius * 2.5, base * 0.4), slot, radius * 0.05)
    add_lathe(
        bm,
        [
            (0, base * 0.38),
            (radius * 1.2, base * 0.38),
            (radius * 1.25, base * 0.55),
            (radius * 1.15, base * 0.72),
            (radius * 1.04, base * 0.78),
            (radius * 1.06, base),
            (0, base),
        ],
        slot,
        40,
        foot,
    )
    across = max(4, flutes) * 4
    low, high = base * 0.95, height - head * 0.95
    rings = []
    for share in (0.0, 0.04, 0.35, 0.7, 0.96, 1.0):
        r = radius * (1 - 0.16 * share**1.5)
        depth = 0.0 if share in (0.0, 1.0) else 0.07
        angles = [2 * math.pi * k / across for k in range(across)]
        outs = [r * (1 - depth * (0.0 if k % 4 == 0 else 0.75 if k % 2 else 1.0)) for k in range(across)]
        rings.append(
            [
                (x + o * math.cos(a), y + o * math.sin(a), z + low + (high - low) * share)
                for o, a in zip(outs, angles, strict=True)
            ]
        )
    add_shaft(bm, rings, slot)
    add_lathe(
        bm,
        [
            (0, high - head * 0.1),
            (radius * 0.88, high - head * 0.1),
            (radius * 0.9, high),
            (radius * 1.2, high + head * 0.45),
            (radius * 1.2, high + head * 0.55),
            (0, high + head * 0.55),
        ],
        slot,
        40,
        foot,
    )
    add_box(bm, (x, y, z + height - head * 0.22), (radius * 2.5, radius * 2.5, head * 0.44), slot, radius * 0.05)


def add_shaft(bm: bmesh.types.BMesh, rings: list, slot: int) -> None:
    """A closed skin through the rings of a shaft."""
    loops = [[bm.verts.new(point) for point in ring] for ring in rings]
    count = len(loops[0])
    faces = [bm.faces.new(loops[0][::-1]), bm.faces.new(loops[-1])]
    for lower, upper in pairwise(loops):
        faces += [
            bm.faces.new((lower[i], lower[(i + 1) % count], upper[(i + 1) % count], upper[i])) for i in range(count)
        ]
    for face in faces:
        face.material_index = slot


def build_column(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], flutes: int = 20
) -> bpy.types.Object:
    """A fluted column."""
    bm = bmesh.new()
    add_column(bm, (0, 0, 0), 0.24, 3.0, flutes)
    return finish_thing(name, "column", {"": bm}, size, materials, ("body",), surface=(3.0, 0.28, 0.28), smooth_deg=28)


def build_arch(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A free-standing arch of cut stones with a keystone."""
    bm = bmesh.new()
    inner, outer, spring, deep = 0.8, 1.2, 1.6, 0.6
    for side in (-1, 1):
        add_box(bm, (side * 1.0, 0, 0.09), (0.58, deep + 0.1, 0.18), 1, 0.02)
        for i in range(5):
            add_box(
                bm,
                (side * 1.0, 0, 0.3 + 0.25 * i),
                (outer - inner + 0.012 * (i % 2), deep + 0.012 * (i % 2), 0.246),
                0,
                0.02,
            )
        add_box(bm, (side * 1.0, 0, 1.51), (0.56, deep + 0.1, 0.18), 1, 0.02)
    stones = 11
    for i in range(stones):
        a1, a2 = math.pi * i / stones + 0.008, math.pi * (i + 1) / stones - 0.008
        key = i == stones // 2
        reach = outer + (0.14 if key else 0.0)
        low = inner - (0.05 if key else 0.0)
        outline = [
            (low * math.cos(a1), low * math.sin(a1)),
            (reach * math.cos(a1), reach * math.sin(a1)),
            (reach * math.cos(a2), reach * math.sin(a2)),
            (low * math.cos(a2), low * math.sin(a2)),
        ]
        add_prism(bm, outline, deep + (0.1 if key else 0.0), 1 if key else 0, 0.02, (0, 0, spring - 0.01))
    # A core behind the joints keeps the stones one body.
    core = arch_points(2 * inner + 0.1, spring + inner + 0.05, 16) + list(
        reversed(arch_points(2 * outer - 0.1, spring + outer - 0.05, 16))
    )
    add_prism(bm, core, deep - 0.1, 0, 0.0)
    return finish_thing(name, "arch", {"": bm}, size, materials, ("body", "keystone"))
