"""Steps of Python in a real Blender, through MCP."""

import pytest

from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

CUBE = "bpy.ops.mesh.primitive_cube_add(size=2)\nbpy.context.object.name = 'Box'\n"


async def test_a_step_tells_what_it_made_and_leaves_a_snapshot(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        made = await run(box, "run_python", code=CUBE, title="A box")
    assert made["ok"]
    assert made["changed"]["added"] == ["Box"]
    assert (made["objects"], made["triangles"]) == (1, 12)
    assert (pod.workspace / "snapshots" / f"{made['snapshot']['sha256']}.blend").stat().st_size == made["snapshot"][
        "bytes"
    ]


async def test_edits_are_named_by_what_they_changed(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE + "bpy.context.object.data.materials.append(bpy.data.materials.new('Red'))") as box:
        moved = await run(box, "run_python", code="bpy.data.objects['Box'].location.x = 3")
        recoloured = await run(
            box, "run_python", code="m = bpy.data.materials['Red']\nm.use_nodes = True\nm.diffuse_color = (1, 0, 0, 1)"
        )
        nothing = await run(box, "run_python", code="x = 1")
        removed = await run(box, "run_python", code="bpy.data.objects.remove(bpy.data.objects['Box'])")
    assert moved["changed"]["summary"] == "modified Box (placed)"
    assert recoloured["changed"]["summary"] == "modified Box (material)"
    assert nothing["changed"]["summary"] == "no object changed"
    assert removed["changed"]["removed"] == ["Box"]


async def test_output_is_captured_wherever_it_was_written(pod: RunningPod) -> None:
    code = "import os, sys\nprint('one')\nsys.stderr.write('two\\n')\nos.write(1, b'three\\n')\nos.system('echo four')"
    async with pod.toolbox() as box:
        assert (await run(box, "run_python", code=code))["stdout"] == "one\ntwo\nthree\nfour\n"


async def test_a_flood_of_output_keeps_its_beginning_and_end(pod: RunningPod) -> None:
    code = "for i in range(200_000):\n    print(i)\nimport os\nos.write(1, b'x' * 1_000_000)"
    async with pod.toolbox() as box:
        stdout = (await run(box, "run_python", code=code))["stdout"]
    assert stdout.startswith("0\n1\n2\n")
    assert "left out" in stdout
    assert len(stdout) < 12_000


async def test_a_failed_step_quotes_its_line_and_undoes_what_it_did(pod: RunningPod) -> None:
    code = "bpy.data.objects['Box'].location.z = 9\nbpy.ops.mesh.primitive_cube_add()\nbpy.data.objects['Bax'].name"
    async with pod.toolbox(CUBE) as box:
        failed = await box.call("run_python", {"code": code})
        after = await run(box, "inspect")
    error = failed.structured["error"]
    assert failed.is_error
    assert (error["type"], error["line"], error["source"]) == ("KeyError", 3, "bpy.data.objects['Bax'].name")
    assert "there is 'Box'" in failed.content[0]["text"]
    assert [(entry["name"], entry["location"]) for entry in after["objects"]] == [("Box", [0, 0, 0])]


async def test_a_first_step_that_fails_leaves_the_scene_empty(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        assert (await box.call("run_python", {"code": CUBE + "1 / 0"})).is_error
        assert (await run(box, "inspect"))["objects"] == []


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("x = 1\nraise SystemExit(3)", "SystemExit", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("x = (", "SyntaxError", 1),
        ("def f():\n    return nope\nf()", "NameError", 2),
        ("null = '\\0'\neval('1\\0')", "SyntaxError|ValueError", 2),  # until Python 3.11.3: ValueError
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", "E", 3),
    ],
)
async def test_whatever_a_step_raises_is_an_answer(pod: RunningPod, code: str, kind: str, line: int) -> None:
    async with pod.toolbox() as box:
        failed = await box.call("run_python", {"code": code})
        assert failed.is_error
        assert failed.structured["error"]["type"] in kind.split("|")
        assert failed.structured["error"]["line"] == line
        assert (await run(box, "run_python", code="print(1)"))["stdout"] == "1\n"


async def test_each_step_has_fresh_names_and_the_same_chance(pod: RunningPod) -> None:
    code = "assert 'leaked' not in globals()\nleaked = 1\nprint(random.random(), np.random.rand(), math.pi > 3)"
    async with pod.toolbox() as box:
        first = await run(box, "run_python", code=code)
        assert (await run(box, "run_python", code=code))["stdout"] == first["stdout"]


async def test_a_step_that_ends_in_edit_mode_keeps_its_edits(pod: RunningPod) -> None:
    code = CUBE + "bpy.ops.object.mode_set(mode='EDIT')\nbpy.ops.mesh.subdivide()"
    async with pod.toolbox() as box:
        assert (await run(box, "run_python", code=code))["triangles"] == 48
        after = "print(bpy.context.mode, len(bpy.data.objects['Box'].data.vertices))"
        assert (await run(box, "run_python", code=after))["stdout"] == "OBJECT 26\n"


async def test_text_and_numbers_that_no_json_can_carry_do_not_break_the_answer(pod: RunningPod) -> None:
    code = "print('a\\ud800b')\n" + CUBE + "bpy.context.object.location = (float('nan'), 0, 0)"
    async with pod.toolbox() as box:
        assert (await run(box, "run_python", code=code))["stdout"] == "a?b\n"
        assert (await run(box, "inspect"))["objects"][0]["location"] == [0, 0, 0]
        assert not (await box.call("look", {"size": 64})).is_error
        lost = await box.call("run_python", {"code": "raise ValueError('\\ud800')"})
        assert lost.structured["error"]["message"] == "?"


async def test_a_step_tells_where_what_it_made_lies(pod: RunningPod) -> None:
    wire = (
        "curve = bpy.data.curves.new('Wire', 'CURVE')\ncurve.dimensions, curve.bevel_depth = '3D', 0.01\n"
        "spline = curve.splines.new('POLY')\nspline.points.add(1)\nspline.points[1].co = (0, 0, 0.1, 1)\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Wire', curve))\n"
    )
    many = (
        "root = bpy.data.objects.new('Fence', None)\nbpy.context.collection.objects.link(root)\n"
        "for n in range(9):\n    bpy.ops.mesh.primitive_cube_add(size=1, location=(n, 0, 0.5))\n"
        "    bpy.context.object.name, bpy.context.object.parent = f'Post {n}', root\n"
    )
    async with pod.toolbox() as box:
        made = await box.call("run_python", {"code": CUBE + wire})
        moved = await box.call("run_python", {"code": "bpy.data.objects['Box'].location.z = 3"})
        fence = await box.call("run_python", {"code": many})
        lamp = await box.call("run_python", {"code": "bpy.ops.object.light_add(type='SUN')"})
        wire_facts = (await run(box, "inspect", object="Wire"))["objects"][0]
    told = made.content[0]["text"]
    assert "Box (-1, -1, -1) to (1, 1, 1); Wire (-0.01, -0.01, 0) to (0.01, 0.01, 0.1)." in told
    assert wire_facts["max"] == pytest.approx([0.01, 0.01, 0.1], abs=1e-4)
    assert "Boxes (m): Box (-1, -1, 2) to (1, 1, 4)." in moved.content[0]["text"]
    assert "Post 0 … Post 8 (9) each (1, 1, 1) within (-0.5, -0.5, 0) to (8.5, 0.5, 1)." in fence.content[0]["text"]
    assert "Boxes" not in lamp.content[0]["text"]


async def test_each_of_the_largest_parts_has_a_box_of_its_own(pod: RunningPod) -> None:
    robot = (
        "root = bpy.data.objects.new('Robot', None)\nbpy.context.collection.objects.link(root)\n"
        "for n in range(15):\n    bpy.ops.mesh.primitive_cube_add(size=1 + n, location=(0, 0, (1 + n) / 2))\n"
        "    bpy.context.object.name, bpy.context.object.parent = f'Part {\"ABCDEFGHIJKLMNO\"[n]}', root\n"
    )
    async with pod.toolbox() as box:
        made = await box.call("run_python", {"code": robot})
    told = made.content[0]["text"].split("Boxes (m): ")[1]
    assert told.startswith("Part O (-7.5, -7.5, 0) to (7.5, 7.5, 15); Part N (-7, -7, 0) to (7, 7, 14); ")
    assert "Part D (-2, -2, 0) to (2, 2, 4); and 3 smaller within (-1.5, -1.5, 0) to (1.5, 1.5, 3)." in told
    assert "Robot" not in told


async def test_boxes_of_alike_things_are_folded_and_the_others_come_by_their_numbers(pod: RunningPod) -> None:
    meadow = (
        "def box(name, *size):\n    bpy.ops.mesh.primitive_cube_add(size=1)\n"
        "    bpy.context.object.name, bpy.context.object.scale = name, size\n"
        "for n in (13, 28, 1, 31, 2, 5, 4, 9):\n    box(f'Tuft {n:02}', 0.1 + n / 1000, 0.1, 0.1)\n"
        "for n in (3, 5, 2, 1, 4):\n    box(f'Course {n}', 2 + n, 1, 1)\n"
    )
    async with pod.toolbox() as box:
        text = (await box.call("run_python", {"code": meadow})).content[0]["text"]
    told = text.split("Boxes (m): ")[1].split("; ")
    assert [entry.split(" (")[0] for entry in told] == [*(f"Course {n}" for n in range(1, 6)), "Tuft 01 … Tuft 31"]
    assert "Tuft 01 … Tuft 31 (8) each (0.101, 0.1, 0.1) to (0.131, 0.1, 0.1) within (" in told[-1]
    assert "Scene: 13 objects with a shape, 156 triangles." in text


async def test_a_hint_in_a_step_knows_the_failing_expression(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE) as box:
        failed = await box.call(
            "run_python", {"code": "m = bpy.data.objects['Box'].modifiers.new('B', 'BEVEL'); m.widht = 1"}
        )
    assert "there is 'width'" in failed.content[0]["text"]


async def test_boxes_are_of_all_that_changed_whatever_is_listed_by_name(pod: RunningPod) -> None:
    wall = (
        "mesh = bpy.data.meshes.new('Brick')\nmesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 1)], [], [(0, 1, 2)])\n"
        "for n in range(260):\n    brick = bpy.data.objects.new(f'Brick {n}', mesh)\n"
        "    brick.location.x = n\n    bpy.context.collection.objects.link(brick)\n"
    )
    async with pod.toolbox() as box:
        made = await box.call("run_python", {"code": wall})
    assert "(260) each (1, 1, 1) within (0, 0, 0) to (260, 1, 1)." in made.content[0]["text"]
    assert len(made.structured["changed"]["added"]) == 200


@pytest.mark.parametrize(
    ("last", "value"),
    [
        ("bpy.data.objects.new('Lid', None)", None),
        ("bpy.context.collection.objects.link(bpy.data.objects.new('Lid', None))", None),
        ("bpy.data.objects['Box'].dimensions.x", "2.0"),
        ("len(bpy.data.objects)", "1"),
    ],
    ids=["a handle", "nothing", "a number", "a count"],
)
async def test_a_value_that_only_names_what_the_step_did_is_not_told(
    pod: RunningPod, last: str, value: str | None
) -> None:
    async with pod.toolbox(CUBE) as box:
        text = (await box.call("run_python", {"code": last})).content[0]["text"]
    assert [line for line in text.splitlines() if line.startswith("value:")] == ([f"value: {value}"] if value else [])


async def test_a_socket_that_is_not_there_is_told_with_the_likeliest_first_and_its_node(pod: RunningPod) -> None:
    code = (
        "material = bpy.data.materials.new('Skin')\nmaterial.use_nodes = True\n"
        "bsdf = next(n for n in material.node_tree.nodes if n.type == 'BSDF_PRINCIPLED')\nbsdf.inputs['{}']"
    )
    async with pod.toolbox() as box:
        renamed = await box.call("run_python", {"code": code.format("Subsurface")})
        unknown = await box.call("run_python", {"code": code.format("Anisotropy")})
    assert "'Subsurface Weight'" in renamed.content[0]["text"]
    hint = next(line for line in unknown.content[0]["text"].splitlines() if "(Principled BSDF)" in line)
    assert "'Anisotropic'" in hint.split(",")[0]
