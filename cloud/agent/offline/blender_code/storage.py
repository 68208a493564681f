"""Shelves, cabinets, chests, barrels, boxes and books."""

import math

import bmesh
import bpy

from .core import add_ball, add_box, add_cylinder, add_lathe, add_loft, add_prism, add_tube
from .finish import finish_thing
from .furniture import drawer_handle


def build_shelf(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], shelves: int = 5, books: bool = False
) -> bpy.types.Object:
    """An open bookcase on a plinth; `shelves` counts its boards between floor and top."""
    width, depth, height = size
    bm = bmesh.new()
    board = min(0.03, width * 0.05)
    for side in (-1, 1):
        add_box(bm, (side * (width / 2 - board / 2), 0, height / 2), (board, depth, height), bevel=board * 0.12)
    add_box(
        bm,
        (0, depth / 2 - board * 0.3, height / 2 + board),
        (width - board, board * 0.4, height - 3 * board),
        bevel=0.001,
    )
    add_box(bm, (0, 0, height - board / 2), (width, depth, board), bevel=board * 0.12)
    plinth = height * 0.045
    add_box(bm, (0, -depth * 0.46, plinth / 2), (width - board, board * 0.8, plinth), bevel=0.001)
    count = max(1, shelves)
    levels = [plinth + (height - board - plinth) * i / count for i in range(count)]
    for z in levels:
        add_box(bm, (0, 0, z + board / 2), (width - board, depth * 0.97, board), bevel=board * 0.12)
    if books:
        add_book_row(bm, width - 2.2 * board, depth, levels, (height - plinth) / count - board)
    return finish_thing(name, "shelf", {"": bm}, size, materials, ("frame", "books", "books2", "books3"),
                        surface=(height, width / 2, depth / 2))  # fmt: skip


def add_book_row(bm: bmesh.types.BMesh, width: float, depth: float, levels: list[float], room: float) -> None:
    """Books of changing thickness and height on each level."""
    board = 0.03
    for row, z in enumerate(levels):
        x, i = -width / 2 + 0.004, row * 3
        while x < width / 2 - 0.06:
            thick = 0.022 + 0.007 * ((i * 5) % 4)
            tall = room * (0.62 + 0.07 * ((i * 7) % 4))
            add_box(
                bm,
                (x + thick / 2, -depth * 0.06, z + board + tall / 2 - 0.001),
                (thick * 0.94, depth * 0.62, tall),
                1 + (i * 7) % 3,
                0.003,
            )
            x, i = x + thick, i + 1


def add_cabinet_body(bm: bmesh.types.BMesh, size: tuple[float, float, float], plinth: float) -> None:
    """The carcass: sides, top and a set-back plinth."""
    width, depth, height = size
    add_box(bm, (0, 0.01, plinth / 2 + 0.005), (width * 0.94, depth * 0.9, plinth + 0.01), bevel=0.003)
    add_box(bm, (0, 0.01, (plinth + height) / 2), (width * 0.98, depth * 0.94, height - plinth - 0.01), bevel=0.005)
    add_box(bm, (0, 0, height - 0.0175), (width, depth, 0.035), bevel=0.008)


def add_panel_leaf(
    bm: bmesh.types.BMesh, center: tuple[float, float, float], width: float, height: float, slot: int
) -> None:
    """A framed door leaf or drawer front that faces -Y."""
    x, y, z = center
    rail = min(width, height) * 0.16
    add_box(bm, (x, y, z), (width, 0.02, height), slot, 0.004)
    for side in (-1, 1):
        add_box(bm, (x + side * (width - rail) / 2, y - 0.01, z), (rail, 0.014, height), slot, 0.003)
        add_box(bm, (x, y - 0.01, z + side * (height - rail) / 2), (width, 0.014, rail), slot, 0.003)


def build_doored(
    name: str, kind: str, size: tuple[float, float, float], materials: dict[str, dict], doors: int, plinth: float,
    surface: bool,
) -> bpy.types.Object:  # fmt: skip
    """A carcass closed by door leaves, each a child with its knob."""
    width, depth, height = size
    body = bmesh.new()
    add_cabinet_body(body, size, plinth)
    parts = {"": body}
    span = width * 0.96 / max(1, doors)
    low, high = plinth + 0.012, height - 0.045
    for i in range(doors):
        leaf = bmesh.new()
        x = -width * 0.48 + span * (i + 0.5)
        add_panel_leaf(leaf, (x, -depth * 0.47, (low + high) / 2), span - 0.008, high - low, 0)
        knob = x + (span * 0.42 if i % 2 == 0 and doors > 1 else -span * 0.42)
        add_ball(leaf, (knob, -depth * 0.47 - 0.034, (low + high) / 2), 0.016, 1, 16)
        add_cylinder(leaf, (knob, -depth * 0.47 - 0.005, (low + high) / 2), 0.007, 0.024, 1, 12, turn=(90, 0, 0))
        parts["Door" if i == 0 else f"Door {i + 1}"] = leaf
    top = (height, width / 2, depth / 2) if surface else None
    return finish_thing(name, kind, parts, size, materials, ("frame", "handles"), surface=top)


def build_cabinet(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], doors: int = 2
) -> bpy.types.Object:
    """A low cabinet with panelled doors."""
    return build_doored(name, "cabinet", size, materials, doors, size[2] * 0.09, True)


def build_wardrobe(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], doors: int = 2
) -> bpy.types.Object:
    """A tall wardrobe with panelled doors."""
    return build_doored(name, "wardrobe", size, materials, doors, size[2] * 0.05, False)


def build_chest_of_drawers(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], drawers: int = 4
) -> bpy.types.Object:
    """A chest of drawers with bow handles."""
    width, depth, height = size
    bm = bmesh.new()
    plinth = height * 0.08
    add_cabinet_body(bm, size, plinth)
    low, high = plinth + 0.012, height - 0.045
    tall = (high - low) / max(1, drawers)
    for i in range(drawers):
        z = low + tall * (i + 0.5)
        add_box(bm, (0, -depth * 0.47, z), (width * 0.93, 0.03, tall * 0.92), 0, 0.008)
        for side in (-1, 1):
            add_tube(bm, drawer_handle(side * width * 0.22, -depth * 0.47 - 0.012, z, width * 0.13), 0.006, 1, 10)
    return finish_thing(
        name,
        "chest_of_drawers",
        {"": bm},
        size,
        materials,
        ("frame", "handles"),
        surface=(height, width / 2, depth / 2),
    )


def build_book(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A closed hardback lying flat: cover with joints and bands on its spine at -X, pages inside."""
    width, depth, height = size
    bm = bmesh.new()
    board = min(0.0035, height * 0.12)
    for z in (board / 2, height - board / 2):
        add_box(bm, (width * 0.02, 0, z), (width * 0.96, depth, board), 0, board * 0.3)
    half, bulge = height / 2, width * 0.035
    arc = [
        (-width * 0.46 - bulge * math.sin(math.pi * i / 10), half - half * math.cos(math.pi * i / 10))
        for i in range(11)
    ]
    inner = [
        (
            -width * 0.44 - bulge * 0.7 * math.sin(math.pi * i / 10),
            half - (half - board * 0.9) * math.cos(math.pi * i / 10),
        )
        for i in range(11)
    ]
    add_prism(bm, arc + inner[::-1], depth, 0, 0.0, turn=(90, 0, 0))
    for share in (-0.36, -0.14, 0.14, 0.36):
        band = [(x - 0.0018, half + (z - half) * 1.0) for x, z in arc[1:-1]]
        add_prism(
            bm, [*band, *[(x + 0.003, z) for x, z in reversed(band)]], depth * 0.025, 0, 0.0, (0, depth * share, 0)
        )
    pages = [
        (width * 0.475, board * 0.8),
        (width * 0.462, half),
        (width * 0.475, height - board * 0.8),
        (-width * 0.45, height - board * 0.8),
        (-width * 0.45, board * 0.8),
    ]
    add_prism(bm, pages, depth * 0.955, 1, 0.0)
    return finish_thing(
        name, "book", {"": bm}, size, materials, ("cover", "pages"), surface=(height, width * 0.45, depth * 0.48)
    )


def build_barrel(
    name: str, size: tuple[float, float, float], materials: dict[str, dict], staves: int = 18
) -> bpy.types.Object:
    """A bulging barrel of single staves held by iron hoops."""
    bm = bmesh.new()
    count, height = max(8, staves), 0.9

    def radius_at(z: float) -> float:
        return 0.235 + 0.07 * math.sin(math.pi * (0.06 + 0.88 * z / height))

    for i in range(count):
        middle, half = 2 * math.pi * i / count, math.pi / count * 0.975
        rings = []
        for k in range(9):
            z = height * k / 8
            outer = radius_at(z) * (0.99 if k in (0, 8) else 1.0)
            angles = [middle - half, middle - half * 0.9, middle, middle + half * 0.9, middle + half]
            outs = [outer * 0.992, outer, outer * 1.003, outer, outer * 0.992]
            ring = [(r * math.cos(a), r * math.sin(a), z) for r, a in zip(outs, angles, strict=True)]
            rings.append(
                ring
                + [((outer - 0.025) * math.cos(a), (outer - 0.025) * math.sin(a), z) for a in (angles[4], angles[0])]
            )
        add_loft(bm, rings, 0)
    for low in (0.035, height - 0.06):
        add_cylinder(bm, (0, 0, low), radius_at(low) - 0.012, 0.025, 0, count * 2)
    for z, tall in ((0.05, 0.045), (0.24, 0.038), (height - 0.24, 0.038), (height - 0.05, 0.045)):
        low_r, high_r = radius_at(z - tall / 2) + 0.005, radius_at(z + tall / 2) + 0.005
        add_lathe(
            bm,
            [
                (low_r - 0.012, z - tall / 2),
                (low_r, z - tall / 2),
                (high_r, z + tall / 2),
                (high_r - 0.012, z + tall / 2),
            ],
            1,
            48,
            closed=True,
        )
        add_ball(bm, (0, -radius_at(z) - 0.004, z), 0.008, 1, 10)
    return finish_thing(
        name, "barrel", {"": bm}, size, materials, ("staves", "hoops"), surface=(height - 0.035, 0.16, 0.16)
    )


def side_place(turn: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A place given for the front (-Y) side, turned by quarters about z."""
    angle = math.pi / 2 * turn
    return (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle), z)


def build_crate(name: str, size: tuple[float, float, float], materials: dict[str, dict]) -> bpy.types.Object:
    """A closed wooden crate: boards between corner posts, with a diagonal brace at each side."""
    bm = bmesh.new()
    edge, rail, inset = 0.6, 0.075, 0.02
    half = edge / 2
    add_box(bm, (0, 0, half), (edge - 2 * inset - 0.02, edge - 2 * inset - 0.02, edge - 2 * inset - 0.02))
    boards = 5
    wide = (edge - 0.03) / boards
    for turn in range(4):
        for i in range(boards):
            z = 0.015 + wide * (i + 0.5)
            add_box(
                bm,
                side_place(turn, 0, -half + inset + 0.006, z),
                (edge - 0.04, 0.016, wide * 0.95),
                0,
                0.004,
                turn=(0, 0, 90 * turn),
            )
        for z in (rail / 2, edge - rail / 2):
            add_box(bm, side_place(turn, 0, -half + 0.011, z), (edge, 0.022, rail), 0, 0.005, turn=(0, 0, 90 * turn))
        for side in (-1, 1):
            add_box(
                bm,
                side_place(turn, side * (half - rail / 2 - 0.022), -half + 0.011, half),
                (rail, 0.021, edge - 2 * rail + 0.004),
                0,
                0.005,
                turn=(0, 0, 90 * turn),
            )
        length = math.hypot(edge - 2 * rail, edge - 2 * rail)
        add_box(
            bm,
            side_place(turn, 0, -half + 0.012, half),
            (length * 0.97, 0.018, rail * 0.85),
            0,
            0.004,
            turn=(0, 45, 90 * turn),
        )
    for z in (inset, edge - inset):
        for i in range(boards):
            add_box(bm, (0, -half + 0.015 + wide * (i + 0.5), z), (edge - 0.045, wide * 0.95, 0.018), 0, 0.004)
    for z in (0.009, edge - 0.009):
        for side in (-1, 1):
            add_box(bm, (side * (half - rail / 2 - 0.022), 0, z), (rail, edge - 0.046, 0.018), 0, 0.004)
    return finish_thing(name, "crate", {"": bm}, size, materials, ("body",), surface=(edge, 0.28, 0.28))
