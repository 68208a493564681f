# ruff: noqa: E501 - a scene a line reads better than wrapped code in strings
"""`check` on small models built of many parts: nothing is said of sound ones, and what is wrong is named first."""

import pytest

from tests.blender.conftest import Check

pytestmark = pytest.mark.blender

CASTLE = """
add_box('Ground', (40, 40, .2), (0, 0, -.1))
root = bpy.data.objects.new('Castle', None); bpy.context.scene.collection.objects.link(root)
def part(name, size, at, parent=root):
    o = add_box(name, size, at); o.parent = parent; bpy.context.view_layer.update()
    o.matrix_parent_inverse = parent.matrix_world.inverted(); return o
walls = part('Walls', (12, 12, 4), (0, 0, 2))
for i, (x, y) in enumerate(((-6, -6), (6, -6), (-6, 6), (6, 6))):
    tower = part(f'Tower {i}', (3, 3, 7), (x, y, 3.5)); top = part(f'Roof {i}', (3.4, 3.4, 1), (x, y, 7.45), tower)
    for j in range(4): part(f'Merlon.{4 * i + j:03}', (.5, .5, .6), (x - 1.2 + .8 * j, y, 8.2), top)
roof = part('Chimney Roof', (6, 6, 1), (0, 0, 4.5))
for i in range(25): part(f'Tile.{i:03}', (1.3, 1.3, .05), (-2.4 + i % 5 * 1.2, -2.4 + i // 5 * 1.2, 5 + .02 * (i % 2)), roof)
part('Chimney', (.8, .8, 3), (.6, .6, 6))
"""
TREE = """
add_box('Ground', (20, 20, .2), (0, 0, -.1)); add_box('Trunk', (.5, .5, 3), (0, 0, 1.5))
leaf = add_box('Leaf', (.2, .2, .01), (0, 0, 9)).data
bpy.data.objects.remove(bpy.data.objects['Leaf'])
for i in range(60):
    o = bpy.data.objects.new(f'Leaf.{i:03}', leaf); bpy.context.scene.collection.objects.link(o)
    o.location = (1 + random.random() * 2, random.random() * 3, 2 + random.random() * 3)
"""
TABLE = """
add_box('Floor', (6, 6, .1), (0, 0, -.05))
top = add_box('Table Top', (1.8, 1, .04), (0, 0, .73))
for i in range(4): add_box(f'Table Leg.{i}', (.08, .08, .71), ((i % 2 - .5) * 1.6, (i // 2 - .5) * .8, .355)).parent = top
for o in bpy.data.objects:
    if o.parent: bpy.context.view_layer.update(); o.matrix_parent_inverse = o.parent.matrix_world.inverted()
add_box('Fork', (.018, .19, .003), (.3, 0, .7515)); add_box('Plate', (.3, .3, .02), (0, 0, .76))
"""
CAR = """
add_box('Road', (20, 10, .1), (0, 0, -.05))
body = add_box('Car Body', (4, 1.7, 1), (0, 0, .8))
wheel = add_box('Wheel', (.6, .2, .6), (0, 0, 9)).data
bpy.data.objects.remove(bpy.data.objects['Wheel'])
bpy.context.view_layer.update()
def hang(o):
    o.parent = body; o.matrix_parent_inverse = body.matrix_world.inverted()
for name, x, y in (('Front Left', -1.3, -.9), ('Front Right', -1.3, .9), ('Rear Left', 1.3, -.9), ('Rear Right', 1.3, .9)):
    o = bpy.data.objects.new('Wheel ' + name, wheel); bpy.context.scene.collection.objects.link(o)
    o.location = (x, y, .3); hang(o)
hang(add_box('Mirror Left', (.08, .2, .12), (-.6, -.95, 1.1)))
"""
SCENES = {"castle": CASTLE, "tree": TREE, "table": TABLE, "car": CAR}
PLANTED = {
    "a mirror beside its car": (
        "car",
        "bpy.data.objects['Mirror Left'].location.y -= .3",
        "Mirror Left floats 0.3 m from Car Body, its parent,",
    ),
    "one wheel in the road": (
        "car",
        "bpy.data.objects['Wheel Rear Left'].location.z -= .2",
        "Wheel Rear Left lies 0.2 m deep in Road",
    ),
    "a fork in the table top": (
        "table",
        "bpy.data.objects['Fork'].location.z -= .02",
        "Fork and Table Top run 0.02 m into each other",
    ),
    "a fork through the table top": (
        "table",
        "bpy.data.objects['Fork'].rotation_euler.x = 1.57",
        "Fork and Table Top run",
    ),
    "a plate above the table": (
        "table",
        "bpy.data.objects['Plate'].location.z += .03",
        "Plate hovers 0.03 m above Table Top",
    ),
    "a roof above its tower": (
        "castle",
        "bpy.data.objects['Roof 1'].location.z += 2",
        "Roof 1 (with 4 more that hang on it)",
    ),
    "one tile above the roof": ("castle", "bpy.data.objects['Tile.007'].location.z += 1", "Tile.007 floats"),
    "a merlon inside out": ("castle", "bpy.data.objects['Merlon.010'].data.flip_normals()", "Merlon.010 is inside out"),
    "a trunk in the air": ("tree", "bpy.data.objects['Trunk'].location.z += .4", "Trunk floats, 0.4 m above Ground"),
}


@pytest.mark.parametrize("scene", SCENES)
def test_little_is_said_of_a_sound_model(check: Check, scene: str) -> None:
    report = check(code=SCENES[scene])
    assert report["ok"], report["text"]
    assert len(report["text"].splitlines()) <= 5, report["text"]


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_told_in_the_first_three_lines(check: Check, planted: str) -> None:
    scene, code, words = PLANTED[planted]
    report = check(code=f"{SCENES[scene]}\nbpy.context.view_layer.update()\n{code}")
    assert not report["ok"]
    assert words in "\n".join(report["text"].splitlines()[:3]), report["text"]


def test_leaves_that_float_are_one_note(check: Check) -> None:
    report = check(code=TREE)
    assert report["counts"]["floating"] == 1
    assert "(60) touch nothing, at all heights" in report["text"]


def test_copies_that_float_at_one_height_are_no_scatter(check: Check) -> None:
    code = "add_box('Ground', (20, 20, .2), (0, 0, -.1)); add_box('Block', at=(0, 0, .5))\n"
    code += "for i in range(20): add_box(f'Lamp.{i:03}', (.2, .2, .2), (-8 + .8 * i, 4, 3))"
    report = check(code=code)
    assert (report["counts"]["floating"], report["ok"]) == (20, False)


def test_two_runs_find_the_same_even_where_work_runs_out(check: Check) -> None:
    limits = "from cloud.blender.child import check as module\nmodule.kept = module.OVERLAP_PAIRS, module.CROSSING_TRIANGLES\n"
    code = f"{limits}module.OVERLAP_PAIRS, module.CROSSING_TRIANGLES = 40, 200\n"
    code += "for i in range(100): add_box(f'Box.{i:03}', at=(i % 10 * .8, i // 10 * .8, .5 + random.random() / 9))"
    try:
        first, second = (
            check(code=code),
            check(code=code.replace(limits, "from cloud.blender.child import check as module\n")),
        )
    finally:
        check(
            code="from cloud.blender.child import check as module\nmodule.OVERLAP_PAIRS, module.CROSSING_TRIANGLES = module.kept"
        )
    for of in ("findings", "counts", "skipped"):
        assert first[of] == second[of]
    assert first["counts"]["interpenetration"] == 40
    assert [said.startswith("whether ") for said in first["skipped"]] == [True, True]
    assert f"not looked at: {'; '.join(first['skipped'])}." in first["text"]


def test_what_the_camera_cuts_off_is_the_last_line(check: Check) -> None:
    code = "camera = bpy.data.objects.new('Camera', bpy.data.cameras.new('Camera'))\n"
    code += "bpy.context.scene.collection.objects.link(camera); bpy.context.scene.camera = camera\n"
    code += "camera.location = (0, 0, 30); add_box('Seen', (4, 4, 1)); add_box('Lost', (4, 4, 1), (40, 0, .5))"
    assert check(code=code)["text"].splitlines()[-1].startswith("The camera cuts off: Lost (all of it is outside)")
    assert "camera" not in check(code="add_box('Seen')")["text"]


WELL = """
def hung(name, size, at, parent):
    o = add_box(name, size, at); o.parent = parent; bpy.context.view_layer.update()
    o.matrix_parent_inverse = parent.matrix_world.inverted(); return o
def empty(name):
    e = bpy.data.objects.new(name, None); bpy.context.scene.collection.objects.link(e); return e
floor = add_box('Ground', (20, 20, .2), (0, 0, -.1)); well = empty('Well')
for i in range(4): hung(f'Wall {i}', (2, .3, 1), (0, i * .2, .5), well)
hung('Beam', (2, .2, .2), (0, .3, 1.1), well); hung('Bucket', (.4, .4, .4), (0, .3, 1.412), well)
"""
BESIDE = {
    "nothing": "",
    "copies": """
mesh = add_box('Tuft', (.1, .1, .2), (0, 0, 9)).data; bpy.data.objects.remove(bpy.data.objects['Tuft'])
meadow = empty('Meadow')
for i in range(40):
    o = bpy.data.objects.new(f'Tuft {i:02}', mesh); bpy.context.scene.collection.objects.link(o)
    o.location = (-8 + i * .4, 6, .1); o.parent = meadow
""",
    "on the ground": "for i in range(40): hung(f'Tuft {i:02}', (.1, .1, .2), (-8 + i * .4, 6, .1), floor)",
}


@pytest.mark.parametrize("beside", BESIDE)
def test_what_else_stands_there_silences_nothing(check: Check, beside: str) -> None:
    report = check(code=f"{WELL}\n{BESIDE[beside]}\npaint()")
    told = {(finding["kind"], finding["object"], finding.get("other", "")) for finding in report["findings"]}
    assert ("hovering", "Bucket", "Beam") in told, report["text"]
    assert ("interpenetration", "Wall 0", "Wall 1") in told, report["text"]


def test_what_hangs_on_the_ground_is_no_kin_of_all_else_that_does(check: Check) -> None:
    code = (
        f"{WELL}\nhung('Cart', (1, 1, 1), (5, 0, .5), floor); hung('Barrel', (1, 1, 1), (5.8, 0, .5), floor)\npaint()"
    )
    report = check(code=code)
    assert "Barrel and Cart run 0.2 m" in report["text"] or "Cart and Barrel run 0.2 m" in report["text"]


def test_a_scatter_that_lies_in_the_ground_is_told_as_one(check: Check) -> None:
    scatter = "bpy.context.view_layer.update()\nfor o in meadow.children: o.location.z -= .02"
    report = check(code=f"{WELL}\n{BESIDE['copies']}\n{scatter}\npaint()")
    [found] = [finding for finding in report["findings"] if finding["kind"] == "below_ground"]
    assert found["count"] == 40
    assert "Tuft 00 … Tuft 39 (all 40) lie 0.02 m below the surface of Ground" in found["message"]
    one = check(code=f"{WELL}\n{BESIDE['copies']}\n{scatter}\npaint()", check={"objects": ["Tuft 07"]})
    assert [finding["object"] for finding in one["findings"]] == ["Tuft 07"]


def test_pairs_of_vertices_that_remesh_leaves_are_no_fault(check: Check) -> None:
    faulty = "o = add_box('Moss', at=(0, 0, .5)); bm = edit(o); bmesh.ops.split_edges(bm, edges=bm.edges); done(o, bm)"
    assert "duplicate_vertices" in check(code=faulty)["counts"]
    pinched = "m = o.modifiers.new('Remesh', 'REMESH'); m.mode = 'VOXEL'; m.voxel_size = .2"
    split = "w = o.modifiers.new('Split', 'EDGE_SPLIT'); w.split_angle = 0"
    report = check(code=f"{faulty}\n{pinched}\n{split}")
    assert "duplicate_vertices" not in report["counts"], report["text"]
