"""Armchairs, sofas and beds."""

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder
from .finish import finish_thing


def build_armchair(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """An upholstered armchair with a loose cushion."""
    return finish_thing(name, "armchair", *upholstered(size, 1), materials, ("fabric", "legs"), surface=seat_of(size))


def build_sofa(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], seats: int = 3
) -> bpy.types.Object:
    """An upholstered sofa with a cushion for each seat."""
    return finish_thing(name, "sofa", *upholstered(size, seats), materials, ("fabric", "legs"), surface=seat_of(size))


def seat_of(size: tuple[float, float, float]) -> tuple[float, float, float]:
    """The free part of the seat of an upholstered thing: z, half_x, half_y."""
    width, depth, height = size
    return (height * 0.52, width / 2 - 0.15 * min(width, 0.9), depth * 0.3)


def upholstered(
    size: tuple[float, float, float], seats: int
) -> tuple[dict[str, bmesh.types.BMesh], tuple[float, float, float]]:
    """The frame with arms, and its seat cushions as a part of their own."""
    width, depth, height = size
    frame, cushions = bmesh.new(), bmesh.new()
    arm, leg = 0.15 * min(width, 0.9), height * 0.12
    base = height * 0.22
    add_box(frame, (0, 0, leg + base / 2), (width * 0.98, depth * 0.94, base), bevel=0.03, segments=3)
    back = depth * 0.2
    add_box(
        frame,
        (0, depth / 2 - back / 2, (leg + height) / 2),
        (width - arm * 1.2, back, height - leg),
        bevel=0.07,
        segments=4,
    )
    for side in (-1, 1):
        x = side * (width / 2 - arm / 2)
        add_box(
            frame,
            (x, -depth * 0.01, (leg + height * 0.68) / 2),
            (arm, depth * 0.98, height * 0.68 - leg),
            bevel=0.06,
            segments=4,
        )
        for y in (-depth * 0.4, depth * 0.4):
            add_cylinder(frame, (side * (width / 2 - arm * 0.6), y, 0), 0.018, leg + 0.02, 1, 16, top=0.028)
    span = (width - 2 * arm) / seats
    for i in range(seats):
        x = -width / 2 + arm + span * (i + 0.5)
        add_box(
            cushions,
            (x, -depth * 0.11, height * 0.43),
            (span * 0.985, depth * 0.76, height * 0.18),
            bevel=0.05,
            segments=4,
        )
        add_box(
            frame,
            (x, depth * 0.24, height * 0.68),
            (span * 0.97, depth * 0.16, height * 0.44),
            bevel=0.06,
            segments=4,
            turn=(-8, 0, 0),
        )
    return {"": frame, "Cushion": cushions}, size


def build_bed(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], pillows: int = 2
) -> bpy.types.Object:
    """A bed with head and foot boards, mattress, blanket and pillows; its foot is at -Y."""
    width, depth, height = size
    bm, blanket, pillow = bmesh.new(), bmesh.new(), bmesh.new()
    post, side_z = 0.07, height * 0.3
    for sx in (-1, 1):
        x = sx * (width / 2 - post / 2)
        add_box(bm, (x, depth / 2 - post / 2, height / 2), (post, post, height), bevel=0.012)
        add_box(bm, (x, -depth / 2 + post / 2, height * 0.28), (post, post, height * 0.56), bevel=0.012)
        add_box(bm, (x, 0, side_z), (post * 0.5, depth - post, height * 0.16), bevel=0.006)
    add_box(bm, (0, depth / 2 - post / 2, height * 0.62), (width - post, post * 0.5, height * 0.62), bevel=0.01)
    add_box(bm, (0, -depth / 2 + post / 2, height * 0.34), (width - post, post * 0.5, height * 0.34), bevel=0.01)
    add_box(bm, (0, 0, side_z - 0.03), (width - post, depth - post, 0.05), bevel=0.004)
    mattress_top = height * 0.54
    inner_w, inner_d = width - post * 1.6, depth - post * 1.6
    tall = mattress_top - side_z
    add_box(bm, (0, 0, side_z + tall / 2), (inner_w, inner_d, tall), 2, bevel=0.05, segments=4)
    cover = inner_d * 0.66
    add_box(
        blanket,
        (0, -inner_d / 2 + cover / 2 - 0.006, mattress_top - tall * 0.28),
        (inner_w + 0.05, cover, tall * 0.72),
        1,
        bevel=0.045,
        segments=4,
    )
    add_box(
        blanket,
        (0, -inner_d / 2 + cover - 0.07, mattress_top + tall * 0.06),
        (inner_w + 0.06, 0.22, tall * 0.18),
        1,
        bevel=0.03,
        segments=3,
    )
    span = inner_w / max(1, pillows)
    for i in range(pillows):
        x = -inner_w / 2 + span * (i + 0.5)
        add_ball(
            pillow,
            (x, inner_d * 0.36, mattress_top + 0.035),
            (span * 0.42, inner_d * 0.11, 0.075),
            3,
            32,
            turn=(12, 0, 0),
        )
    parts = {"": bm, "Blanket": blanket} | ({"Pillow": pillow} if pillows else {})
    if not pillows:
        pillow.free()
    return finish_thing(name, "bed", parts, size, materials, ("frame", "blanket", "mattress", "pillow"),
                        surface=(mattress_top + tall * 0.08, inner_w * 0.45, inner_d * 0.25))  # fmt: skip
