# ruff: noqa: E501 - a scene a line reads better than wrapped code in strings
"""How deep `check` says that things lie in each other and in the ground, flat parts among them."""

import pytest

from tests.blender.conftest import Check

pytestmark = pytest.mark.blender

LAMP = """
add_box('Floor', (4, 4, .1), (0, 0, -.05)); base = add_box('Lamp {base}', (.3, .3, .035), (0, 0, .0175 - {sunk}))
bpy.context.view_layer.update()
for name, size, z in (('Lamp Pole', (.03, .03, 1.4), .7), ('Lamp Shade', (.4, .4, .3), 1.5)):
    part = add_box(name, size, (0, 0, z)); part.parent = base; part.matrix_parent_inverse = base.matrix_world.inverted()
"""
BOOKS = """
add_box('Floor', (4, 4, .1), (0, 0, -.05)); pile = bpy.data.objects.new('Pile', None)
bpy.context.scene.collection.objects.link(pile)
for i in range(1, 5):
    book = add_box(f'Book {{i}}', (.15, .22, .028), (0, 0, .028 * i - .014 - (i > 2) * {sunk}))
    book.rotation_euler.z = .1 * i; book.parent = pile
"""


@pytest.mark.parametrize(
    ("base", "sunk", "severity"),
    [("Base", 0.0, None), ("Base", 0.015, "note"), ("Base", 0.03, "warning"), ("Foundation", 0.03, "note")],
)
def test_a_flat_part_in_the_floor_is_measured_by_its_own_height(
    check: Check, base: str, sunk: float, severity: str | None
) -> None:
    report = check(code=LAMP.format(base=base, sunk=sunk))
    found = [(f["severity"], f["object"]) for f in report["findings"] if f["kind"] == "below_ground"]
    assert found == ([(severity, f"Lamp {base}")] if severity else []), report["text"]


@pytest.mark.parametrize(("sunk", "severity"), [(0.0, None), (0.01, "note"), (0.02, "warning")])
def test_books_of_one_pile_are_measured_by_their_thickness(check: Check, sunk: float, severity: str | None) -> None:
    report = check(code=BOOKS.format(sunk=sunk))
    told = [(f["severity"], f["object"], f["other"], f["value"]) for f in report["findings"]]
    assert told == ([(severity, "Book 2", "Book 3", pytest.approx(sunk, rel=0.02))] if severity else [])


def test_pages_in_their_cover_are_no_layers_and_a_book_in_a_book_is(check: Check) -> None:
    code = (
        BOOKS.format(sunk=0)
        + "pages = add_box('Book 4 Pages', (.14, .22, .022), (-.002, 0, .098)); pages.parent = pile\n"
    )
    code += "pages.rotation_euler.z = .4"
    assert check(code=code)["findings"] == []
    [found] = check(code=code.replace("Book 4 Pages", "Book 5"))["findings"]
    assert (found["severity"], found["other"]) == ("warning", "Book 4")


def test_tiles_that_only_lap_are_no_layers(check: Check) -> None:
    code = "add_box('Roof', (6, 6, 1), (0, 0, .5)); roof = bpy.data.objects['Roof']; bpy.context.view_layer.update()\n"
    code += "for i in range(5):\n    tile = add_box(f'Tile {i}', (1.3, 1.3, .05), (-2.4 + i * 1.2, 0, 1.03 + .02 * (i % 2)))\n"
    code += "    tile.parent = roof; tile.matrix_parent_inverse = roof.matrix_world.inverted()"
    assert check(code=code)["findings"] == []


@pytest.mark.parametrize(
    ("one", "other", "deepest"),
    [
        ("add_box('Hoop', (.2, 8.2, 8.2), (5, 0, 4))", "add_box('Envelope', (30, 8, 8), (0, 0, 4))", 4.0),
        ("add_box('Hoop', (1, 1, 1), (0, 0, 4))", "add_box('Envelope', (30, 8, 8), (0, 0, 4))", 1.0),
        ("add_box('Odd')", "add_box('Other')", 1.0),
    ],
    ids=["a-hoop-around", "a-box-in-the-middle", "at-the-same-place"],
)
def test_nothing_is_told_deeper_in_another_than_it_is_in_truth(
    check: Check, one: str, other: str, deepest: float
) -> None:
    [found] = [f for f in check(code=f"{one}; {other}")["findings"] if f["kind"] == "interpenetration"]
    assert 0.01 < found["value"] <= deepest


def test_an_open_sheet_that_long_ribs_pass_is_not_as_deep_as_they_are_long(check: Check) -> None:
    code = "add_box('Floor', (9, 9, .1), (0, 0, -.05)); bpy.ops.mesh.primitive_plane_add(size=1.6, location=(0, 0, 12)); bpy.context.object.name = 'Cap'; paint()\n"
    code += "for i in range(2):\n    o = add_box(f'Rib {i}', (.1, .1, 24), (.4 * i, 0, 12)); bm = edit(o)\n"
    code += "    bmesh.ops.subdivide_edges(bm, edges=bm.edges, cuts=60, use_grid_fill=True); done(o, bm)"
    values = [f["value"] for f in check(code=code)["findings"] if f["kind"] == "interpenetration"]
    assert len(values) == 2
    assert max(values) <= 1.6


@pytest.mark.parametrize(
    ("at", "words"), [((4, 0), "0.15 m below the level of Floor, beside it:"), ((0, 0), "0.15 m deep in Floor:")]
)
def test_what_stands_beside_the_floor_does_not_lie_in_it(check: Check, at: tuple[float, float], words: str) -> None:
    code = f"add_box('Floor', (4, 4, .15), (0, 0, -.075)); add_box('Post', (.3, .3, .6), {(*at, 0.15)})\n"
    code += "for i in range(3): add_box(f'Box {i}', (.3, .3, .3), (-1.5 + i * .5, 1, .15))"
    assert f"Post lies {words}" in check(code=code)["text"]
