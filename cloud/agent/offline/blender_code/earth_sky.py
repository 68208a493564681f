# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Rocks, land, and what hangs in the sky."""

import math
import random

import bmesh
import bpy
from mathutils import Vector, noise

from .candles import add_flame
from .core import add_ball, add_blob, add_lathe, add_loft, add_prism, add_tube, pose
from .finish import finish_thing
from .plants import GOLDEN_ANGLE, add_star


def build_rock(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 1
) -> bpy.types.Object:
    """A broken rock with flat faces and softened edges."""
    bm = cut_stone(seed, 26)
    return finish_thing(name, "rock", {"": bm}, size, materials, ("body",), smooth_deg=28)


def build_boulder(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 5
) -> bpy.types.Object:
    """A large, rounder rock."""
    bm = cut_stone(seed, 44)
    return finish_thing(name, "boulder", {"": bm}, size, materials, ("body",), smooth_deg=28)


def cut_stone(seed: int, cuts: int) -> bmesh.types.BMesh:
    """The hull of a scattered ball: a stone with `cuts` corners, its edges bevelled, flat underneath."""
    dice, bm = random.Random(seed), bmesh.new()
    for i in range(cuts):
        z = 1 - 2 * (i + 0.5) / cuts
        around, angle = math.sqrt(1 - z * z), i * GOLDEN_ANGLE + dice.uniform(-0.35, 0.35)
        reach = dice.uniform(0.82, 1.12)
        bm.verts.new((around * math.cos(angle) * reach, around * math.sin(angle) * reach, max(-0.55, z * reach)))
    hull = bmesh.ops.convex_hull(bm, input=bm.verts)
    inner = [item for item in hull["geom_interior"] if isinstance(item, bmesh.types.BMVert)]
    bmesh.ops.delete(bm, geom=inner, context="VERTS")
    bmesh.ops.dissolve_limit(bm, angle_limit=math.radians(9), verts=bm.verts, edges=bm.edges)
    bmesh.ops.bevel(bm, geom=bm.edges[:], offset=0.045, segments=2, profile=0.5, affect="EDGES", clamp_overlap=True)
    bmesh.ops.remove_doubles(bm, verts=bm.verts, dist=1e-3)
    return bm


def add_land(
    bm: bmesh.types.BMesh, radius: float, height: float, seed: int, rough: float, sharp: float, slots: tuple[int, int],
    upper: float,
) -> None:  # fmt: skip
    """A hill on a closed round base: `sharp` above 1 makes a peak; above `upper` of its height the second slot."""
    rings, steps, across = [], 40, 72
    offset = Vector((seed * 5.3, seed * 2.9, 0))
    for i in range(1, steps + 1):
        ring = []
        for k in range(across):
            angle = 2 * math.pi * k / across
            out = i / steps
            x, y = math.cos(angle) * out, math.sin(angle) * out
            ridge = 1 - abs(noise.noise(Vector((x * 2.2, y * 2.2, 0)) + offset)) * 2
            fine = noise.noise(Vector((x * 6.0, y * 6.0, 3.0)) + offset)
            fall = (1 - out) ** sharp if sharp > 1 else 0.5 + 0.5 * math.cos(math.pi * out)
            shape = fall * (1 + rough * (ridge - 0.5) * 1.3 * min(1.0, out * 4)) + rough * 0.22 * fine * min(
                1.0, (1 - out) * 3
            ) * min(1.0, out * 4)
            ring.append((x * radius, y * radius, max(0.02, shape * height) if i < steps else 0.0))
        rings.append(ring)
    start = len(bm.faces)
    add_loft(bm, [[(0.0, 0.0, height)], *rings], slots[0])
    bm.faces.ensure_lookup_table()
    for face in bm.faces[start:]:
        middle = face.calc_center_median()
        line = upper + 0.09 * noise.noise(middle * (3.0 / radius))
        if middle.z > height * line:
            face.material_index = slots[1]


def build_mountain(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 2
) -> bpy.types.Object:
    """A ridged mountain with a cap of snow."""
    bm = bmesh.new()
    add_land(bm, 6.0, 6.0, seed, 0.55, 1.2, (0, 1), 0.62)
    return finish_thing(name, "mountain", {"": bm}, size, materials, ("body", "snow"), smooth_deg=32)


def build_hill(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 2
) -> bpy.types.Object:
    """A soft green hill."""
    bm = bmesh.new()
    add_land(bm, 4.0, 1.8, seed, 0.14, 1.0, (0, 0), 2.0)
    return finish_thing(name, "hill", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_island(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 4
) -> bpy.types.Object:
    """A sandy island, green inland."""
    bm = bmesh.new()
    add_land(bm, 4.0, 1.2, seed, 0.25, 1.0, (0, 1), 0.4)
    return finish_thing(name, "island", {"": bm}, size, materials, ("body", "grass"), smooth_deg=60)


def build_cloud(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seed: int = 1
) -> bpy.types.Object:
    """A heaped cloud, flat underneath."""
    dice, bm = random.Random(seed), bmesh.new()
    puffs = [
        (-0.82, 0, 0.27, 0.34),
        (-0.42, -0.08, 0.42, 0.44),
        (0.08, 0.05, 0.55, 0.52),
        (0.52, -0.05, 0.4, 0.42),
        (0.88, 0.02, 0.26, 0.32),
        (-0.15, -0.3, 0.3, 0.36),
        (0.3, 0.3, 0.3, 0.36),
        (-0.5, 0.25, 0.28, 0.33),
        (0.55, -0.28, 0.25, 0.3),
    ]
    for x, y, z, radius in puffs:
        add_ball(bm, (x + dice.uniform(-0.04, 0.04), y, z), (radius, radius, radius * 0.92), 0, 32)
    for vert in bm.verts:
        vert.co.z = max(vert.co.z, 0.12 + (vert.co.z - 0.12) * 0.12)
    return finish_thing(name, "cloud", {"": bm}, size, materials, ("body",), smooth_deg=70)


def build_moon(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], craters: int = 22, seed: int = 1
) -> bpy.types.Object:
    """A full moon with craters."""
    dice, bm = random.Random(seed), bmesh.new()
    bmesh.ops.create_icosphere(bm, subdivisions=6, radius=0.5)
    pits = []
    for i in range(craters):
        z = 1 - 2 * (i + 0.5) / craters
        around, angle = math.sqrt(1 - z * z), i * GOLDEN_ANGLE
        pits.append((Vector((around * math.cos(angle), around * math.sin(angle), z)), dice.uniform(0.1, 0.3)))
    for vert in bm.verts:
        normal = vert.co.normalized()
        depth = 0.006 * noise.noise(normal * 4)
        for place, radius in pits:
            far = (normal - place).length / radius
            if far < 1.3:
                depth += radius * (0.14 * (far * far - 1) if far < 1 else 0.09 * (1.3 - far) * (far - 1) * 4)
        vert.co = normal * (0.5 + 0.5 * depth)
    return finish_thing(name, "moon", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_crescent(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A crescent moon with rounded edges, facing -Y."""
    bm = bmesh.new()
    outer = [(0.5 * math.cos(math.radians(a)), 0.5 * math.sin(math.radians(a))) for a in range(50, 311, 10)]
    ends = outer[0]
    reach = math.hypot(ends[0] - 0.22, ends[1])
    turn = math.degrees(math.atan2(ends[1], ends[0] - 0.22))
    inner = [
        (0.22 + reach * math.cos(math.radians(a)), reach * math.sin(math.radians(a)))
        for a in [360 - turn - (360 - 2 * turn) * i / 24 for i in range(1, 24)]
    ]
    add_prism(bm, outer + inner, 0.2, 0, 0.03, segments=3)
    return finish_thing(name, "crescent", {"": bm}, size, materials, ("body",), smooth_deg=40)


def build_sun(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], rays: int = 12
) -> bpy.types.Object:
    """A sun disc with pointed rays, facing -Y."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0), (0.42, 0.1, 0.42), 0, 40)
    for i in range(rays):
        angle = 2 * math.pi * i / rays
        reach = 0.7 if i % 2 == 0 else 0.6
        c, s = math.cos(angle), math.sin(angle)
        add_tube(
            bm,
            [(c * 0.36, 0, s * 0.36), (c * 0.46, 0, s * 0.46), (c * reach, 0, s * reach)],
            [0.085, 0.075, 0.0],
            0,
            12,
            flat=0.6,
        )
    return finish_thing(name, "sun", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_planet(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A planet with a tilted double ring."""
    bm = bmesh.new()
    add_ball(bm, (0, 0, 0), 0.5, 0, 48)
    for inner, outer in ((0.68, 0.85), (0.88, 1.1)):
        add_lathe(
            bm,
            [(inner, -0.008), (outer, -0.008), (outer, 0.008), (inner, 0.008)],
            1,
            80,
            (0, 0, 0),
            (0, 14, 0),
            closed=True,
        )
    # Four fine spokes hold the ring, so that the model is of one piece.
    for i in range(4):
        end = pose(turn=(0, 14, 0)) @ Vector((0.95 * math.cos(math.pi * i / 2), 0.95 * math.sin(math.pi * i / 2), 0))
        add_tube(bm, [(0, 0, 0), tuple(end)], 0.006, 1, 8)
    return finish_thing(name, "planet", {"": bm}, size, materials, ("body", "ring"), smooth_deg=60)


def build_earth_globe(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A desk globe on a turned foot, its land standing out of the sea."""
    bm = bmesh.new()
    ball = bmesh.new()
    bmesh.ops.create_icosphere(ball, subdivisions=5, radius=1.0)
    center = Vector((0, 0, 0.26))
    ball.verts.index_update()
    verts = []
    for vert in ball.verts:
        land = noise.noise(vert.co * 1.7 + Vector((4.2, 1.1, 2.0))) > 0.06
        verts.append(bm.verts.new(center + vert.co * (0.127 if land else 0.125)))
    for face in ball.faces:
        copy = bm.faces.new([verts[vert.index] for vert in face.verts])
        middle = sum(((verts[vert.index].co - center).length for vert in face.verts), 0.0) / 3
        copy.material_index = 1 if middle > 0.1265 else 0
    ball.free()
    arc = [
        (0.145 * math.sin(a), 0, 0.26 - 0.145 * math.cos(a))
        for a in (math.radians(23 + 180 * i / 24) for i in range(25))
    ]
    add_tube(bm, arc, 0.006, 2, 10)
    tilt = math.radians(23)
    for side in (-1, 1):
        add_tube(
            bm,
            [
                (side * -0.12 * math.sin(tilt) * -1, 0, 0.26 - side * -0.12 * math.cos(tilt) * -1),
                (side * 0.15 * math.sin(tilt), 0, 0.26 - side * 0.15 * math.cos(tilt)),
            ],
            0.005,
            2,
            8,
        )
    add_lathe(
        bm,
        [
            (0, 0),
            (0.085, 0),
            (0.088, 0.006),
            (0.05, 0.018),
            (0.014, 0.035),
            (0.012, 0.06),
            (0.02, 0.075),
            (0.009, 0.09),
            (0.008, 0.118),
            (0, 0.118),
        ],
        2,
        40,
    )
    return finish_thing(name, "earth_globe", {"": bm}, size, materials, ("body", "land", "stand"), smooth_deg=50)


def build_star(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], points: int = 5
) -> bpy.types.Object:
    """A faceted star that stands on two of its points and faces -Y."""
    bm = bmesh.new()
    add_star(bm, (0, 0, 0), 0.25, 0, max(3, points), depth=0.56)
    return finish_thing(name, "star", {"": bm}, size, materials, ("body",), smooth_deg=10)


def build_heart(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A plump heart that stands on its point and faces -Y."""
    bm = bmesh.new()
    rings = []
    count = 48
    for share in [math.sin(math.pi * (i / 16 - 0.5)) for i in range(1, 16)]:
        grow = math.sqrt(1 - share * share) ** 0.8
        ring = []
        for k in range(count):
            t = 2 * math.pi * k / count
            x = 16 * math.sin(t) ** 3
            z = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
            ring.append((x * grow / 32, share * 0.1 * 2.0, (z * grow) / 32))
        rings.append(ring)
    add_loft(bm, rings, 0)
    return finish_thing(name, "heart", {"": bm}, size, materials, ("body",), smooth_deg=60)


def build_campfire(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """Logs leaning together over flames in a ring of stones."""
    bm = bmesh.new()
    for i in range(11):
        angle = 2 * math.pi * i / 11
        add_blob(bm, (0.38 * math.cos(angle), 0.38 * math.sin(angle), 0.06), (0.1, 0.08, 0.075), 2, i + 1, 0.3, 3, 1.6)
    for i in range(6):
        angle = 2 * math.pi * (i + 0.5) / 6
        c, s = math.cos(angle), math.sin(angle)
        add_tube(bm, [(0.29 * c, 0.29 * s, 0.02), (-0.04 * c, -0.04 * s, 0.36)], [0.045, 0.04], 1, 12)
    add_flame(bm, (0, 0, 0.05), 0.62, 0)
    for i in range(5):
        angle = 2 * math.pi * i / 5
        add_flame(bm, (0.1 * math.cos(angle), 0.1 * math.sin(angle), 0.03), 0.34 + 0.04 * (i % 3), 0)
    return finish_thing(name, "campfire", {"": bm}, size, materials, ("flame", "wood", "stones"), smooth_deg=45)
