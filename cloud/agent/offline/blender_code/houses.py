# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false
"""Houses: walls with gables, tiled roofs, windows and doors."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_prism, add_tube, pose
from .finish import finish_thing


def add_window(
    bm: bmesh.types.BMesh, center: tuple[float, float, float], width: float, height: float, slots: tuple[int, int],
    turn: float = 0.0,
) -> None:  # fmt: skip
    """A window with frame, cross bars and a sill; it faces -Y before `turn`. Slots: glass, frame."""
    frame = pose(center, (0, 0, turn))
    bar = width * 0.09

    def bar_at(x: float, y: float, z: float, box: tuple[float, float, float], slot: int, bevel: float) -> None:
        add_box(bm, frame @ pose((x, y, z)).to_translation(), box, slot, bevel, turn=(0, 0, turn))

    bar_at(0, 0, 0, (width, 0.06, height), slots[0], 0.0)
    for side in (-1, 1):
        bar_at(side * width / 2, -0.03, 0, (bar, 0.14, height + bar), slots[1], bar * 0.15)
        bar_at(0, -0.03, side * height / 2, (width + bar, 0.14, bar), slots[1], bar * 0.15)
    bar_at(0, -0.03, 0, (bar * 0.5, 0.1, height), slots[1], 0.0)
    bar_at(0, -0.03, height * 0.12, (width, 0.1, bar * 0.5), slots[1], 0.0)
    bar_at(0, -0.08, -height / 2 - bar * 0.8, (width + bar * 3, 0.24, bar * 0.8), slots[1], bar * 0.2)


def add_gable_roof(
    bm: bmesh.types.BMesh,
    width: float,
    depth: float,
    eaves: float,
    ridge: float,
    over: float,
    slot: int,
    thick: float = 0.16,
) -> None:
    """A ridge roof along X in overlapping courses of tiles, hanging `over` past the walls."""
    half = depth / 2
    slope = math.atan2(ridge - eaves, half)
    run = math.hypot(half, ridge - eaves) + over / math.cos(slope)
    rows = max(5, round(run / 0.36))
    step = run / rows
    for side in (-1, 1):
        turn = (-math.degrees(slope) * side, 0, 0)
        for i in range(rows):
            along = step * (i + 0.5)
            y, z = side * along * math.cos(slope), ridge - along * math.sin(slope)
            lift = thick * 0.5 / math.cos(slope)
            add_box(
                bm,
                (0, y, z + lift),
                (width + 2 * over, step * 1.22, thick * 0.55),
                slot,
                0.015,
                turn=(turn[0] - side * -4, 0, 0),
            )
    add_tube(
        bm,
        [(-width / 2 - over * 1.03, 0, ridge + thick * 0.85), (width / 2 + over * 1.03, 0, ridge + thick * 0.85)],
        thick * 0.75,
        slot,
        12,
    )


def gable_walls(bm: bmesh.types.BMesh, width: float, depth: float, eaves: float, ridge: float, slot: int) -> None:
    """A house's body: five-sided gables at -X and +X under a ridge along X."""
    outline = [(-depth / 2, 0), (depth / 2, 0), (depth / 2, eaves), (0, ridge), (-depth / 2, eaves)]
    add_prism(bm, outline, width, slot, 0.02, (0, 0, 0), (90, 0, 90))


def add_panel_door(
    bm: bmesh.types.BMesh,
    foot: tuple[float, float, float],
    width: float,
    height: float,
    slots: tuple[int, int],
    knob: int,
) -> None:
    """A panelled door with its frame, facing -Y. Slots: door, frame; `knob` is the knob's."""
    x, y, z = foot
    add_box(bm, (x, y, z + height / 2), (width, 0.1, height), slots[0], 0.01)
    for sx in (-1, 1):
        add_box(bm, (x + sx * width * 0.53, y, z + height / 2), (width * 0.1, 0.16, height), slots[1], 0.01)
        for share, tall in ((0.26, 0.36), (0.72, 0.4)):
            add_box(
                bm,
                (x + sx * width * 0.22, y - 0.05, z + height * share),
                (width * 0.32, 0.05, height * tall),
                slots[0],
                0.02,
            )
    add_box(bm, (x, y, z + height * 1.025), (width * 1.16, 0.16, height * 0.05), slots[1], 0.01)
    add_ball(bm, (x + width * 0.41, y - 0.09, z + height * 0.48), 0.045, knob, 14)


def build_house(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], windows: int = 4, chimney: bool = True
) -> bpy.types.Object:
    """A cottage with a tiled ridge roof, a panelled door at -Y, windows and a chimney."""
    bm, roof, door, stack = bmesh.new(), bmesh.new(), bmesh.new(), bmesh.new()
    width, depth, eaves, ridge = 5.2, 4.0, 2.7, 4.75
    gable_walls(bm, width, depth, eaves, ridge, 0)
    add_box(bm, (0, 0, 0.12), (width + 0.16, depth + 0.16, 0.24), 5, 0.03)
    add_gable_roof(roof, width, depth, eaves, ridge, 0.4, 1)
    front = -depth / 2
    add_panel_door(door, (0, front - 0.03, 0.24), 1.0, 2.05, (2, 4), 4)
    add_box(bm, (0, front - 0.35, 0.1), (1.7, 0.75, 0.2), 5, 0.02)
    places = [
        (-1.65, front - 0.01, 1.55, 0),
        (1.65, front - 0.01, 1.55, 0),
        (width / 2 + 0.01, 0, 1.55, 90),
        (-width / 2 - 0.01, 0, 1.55, -90),
        (-1.65, depth / 2 + 0.01, 1.55, 180),
        (1.65, depth / 2 + 0.01, 1.55, 180),
        (width / 2 + 0.01, 0, 3.35, 90),
        (-width / 2 - 0.01, 0, 3.35, -90),
    ]
    for x, y, z, turn in places[: max(0, windows)] if windows < 8 else places:
        add_window(bm, (x, y, z), 0.95 if z < 3 else 0.7, 1.1 if z < 3 else 0.8, (3, 4), turn)
    if chimney:
        add_box(stack, (1.5, 0.75, 4.35), (0.62, 0.62, 1.5), 5, 0.015)
        add_box(stack, (1.5, 0.75, 5.08), (0.8, 0.8, 0.16), 5, 0.02)
        add_cylinder(stack, (1.5, 0.75, 5.1), 0.17, 0.3, 1, 20, top=0.14, bevel=0.02)
    parts = {"": bm, "Roof": roof, "Door": door} | ({"Chimney": stack} if chimney else {})
    if not chimney:
        stack.free()
    slots = ("walls", "roof", "door", "windows", "frames", "chimney")
    return finish_thing(name, "house", parts, size, materials, slots)
