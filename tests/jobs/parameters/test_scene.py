"""The parameters of a scene are those that still do something in it, each under a name that tells it from others."""

import pytest

from cloud.jobs.kept_steps import IMPORT_MARK, KEPT_MARK
from cloud.jobs.parameters.scene import changed_codes, scene_parameters
from cloud.jobs.script import ScriptStep, replay_script

CAMERA = """
LENS = 50.0  # mm
data = bpy.data.cameras.new("Camera")
data.lens = LENS
camera = bpy.data.objects.new("Camera", data)
bpy.context.scene.camera = camera
"""
CLOSER = """
LENS = 35.0
bpy.data.objects["Camera"].data.lens = LENS
"""
LID = """
LID_OPEN_ANGLE = 60.0  # degrees, 0 (closed) to 120
angle = math.radians(LID_OPEN_ANGLE)
lid = bpy.data.objects.new("Lid", mesh)
lid.rotation_euler.x = angle
"""
CLOSED = """
lid = bpy.data.objects["Lid"]
lid.rotation_euler = (0, 0, 0)
"""


MATERIAL = """
D = bpy.data
def mat(name, color, rough=0.5):
    m = D.materials.get(name)
    if m is None:
        m = D.materials.new(name)
        m.use_nodes = True
    b = next(n for n in m.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    b.inputs["Base Color"].default_value = (*color, 1)
    b.inputs["Roughness"].default_value = rough
    return m
"""
RUG = f"""
RUG_COLOR = (0.0, 0.3, 0.1)
{MATERIAL}
rug = D.objects.new("Rug", D.meshes.new("Rug"))
rug.data.materials.append(mat("Rug", RUG_COLOR, rough=0.9))
"""
LAMPS = f"""
{MATERIAL}
for name, color in (("Shade", (1, 1, 1)), ("Foot", (0, 0, 0))):
    D.objects.new(name, D.meshes.new(name)).data.materials.append(mat(name, color))
"""
NEW_RUG = """
RUG_COLOR = (0.7, 0.3, 0.1)
D, C = bpy.data, bpy.context
nodes = D.materials["Rug"].node_tree.nodes
shader = next((n for n in nodes if n.type == "BSDF_PRINCIPLED"), None)
shader.inputs["Base Color"].default_value = (*RUG_COLOR, 1)
"""
NEW_RUG_IN_MAIN = (
    RUG.replace("(0.0", "(0.7").replace("rug = ", "def main():\n  rug = ").replace("rug.d", "  rug.d") + "main()"
)
OLD, NEW = (0.0, 0.3, 0.1), (0.7, 0.3, 0.1)


def ids(*codes: str, titles: tuple[str, ...] = ()) -> list[str]:
    return [each.id for each in scene_parameters(codes, titles)]


@pytest.mark.parametrize("code", ["A = 1", "A = 1\nB = A * 2"])
def test_a_name_that_nothing_reads_is_no_parameter(code: str) -> None:
    assert ids(code) == []


@pytest.mark.parametrize(
    "code",
    ["A = 1\nbox(A)", "A = 1\nb = A\nbox(b)", "A = 1\nprint(f'{A}')", "A = 1\nprint(globals()['A'])", "A = 1\nA"],
)
def test_a_name_that_something_reads_is_one(code: str) -> None:
    assert ids(code) == ["A"]


def test_one_name_with_one_value_is_one_parameter_of_all_its_steps() -> None:
    codes = ["A = 1\nbox(A)", "A = 1  # 1 to 3: how many\nball(A)", "A = 1.0\ncone(A)"]
    found = scene_parameters(codes, ["Box", "Ball", "Add the cone"])
    assert [(each.id, each.steps, each.label) for each in found] == [
        ("A", (1, 2), "A (Box)"), ("A_CONE", (3,), "A (Add the cone)"),
    ]  # fmt: skip
    assert (found[0].parameter.description, found[0].parameter.max) == ("how many", 3)
    assert changed_codes(codes, found, {"A": 2}) == {1: "A = 2\nbox(A)", 2: "A = 2  # 1 to 3: how many\nball(A)"}


def test_names_of_several_values_have_ids_that_nobody_else_has() -> None:
    codes = ["A = 1\nf(A)", "A = 2\nA_2 = 3\nf(A, A_2)", KEPT_MARK + "A = 9\nf(A)", "A = 4\nf(A)"]
    found = scene_parameters(codes)
    assert [(each.id, each.step, each.parameter.value) for each in found] == [
        ("A", 1, 1), ("A_3", 2, 2), ("A_2", 2, 3), ("A_4", 4, 4),
    ]  # fmt: skip
    assert ids("A = 1\nf(A)", "A = 2\nf(A)", "A = 3\nf(A)", titles=("x", "Front legs", "The front legs")) == [
        "A", "A_FRONT_LEGS", "A_FRONT_LEGS_2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "left"),
    [
        ((CAMERA, CLOSER), [35.0]),
        ((CAMERA, "bpy.context.scene.camera.data.lens = 85"), []),
        ((LID, CLOSED), []),
        ((LID, IMPORT_MARK + "{}\n", CLOSED), []),
        ((LID, "bpy.data.objects.remove(bpy.data.objects['Lid'])"), []),
        (("A = 1.0\nbox(A)", "bpy.ops.object.select_all(action='SELECT')\nbpy.ops.object.delete()\nball()"), []),
        (("A = 1.0\nbox(A)", "for o in list(bpy.data.objects):\n    bpy.data.objects.remove(o, do_unlink=True)"), []),
    ],
    ids=["set-anew", "of-the-scenes-camera", "whole-vector", "over-an-import", "removed", "cleared", "cleared-by-loop"],
)
def test_what_a_later_step_sets_anew_or_takes_away_is_no_parameter(codes: tuple[str, ...], left: list[float]) -> None:
    assert [each.parameter.value for each in scene_parameters(codes)] == left


@pytest.mark.parametrize(
    "codes",
    [
        (LID, "handle.location.z = bpy.data.objects['Lid'].rotation_euler.x", CLOSED),
        (LID, "for o in bpy.data.objects:\n    print(o.rotation_euler)", CLOSED),
        (LID, "bpy.ops.object.transform_apply(rotation=True)", CLOSED),
        (LID, "bpy.data.objects['Lid'].keyframe_insert('rotation_euler')", CLOSED),
        (LID, "lid = bpy.data.objects['Lid']\nif lid.hide_render:\n    lid.rotation_euler.x = 0"),
        (LID, "bpy.data.objects['Lid'].rotation_euler.x += 0.1"),
        (LID, "bpy.data.objects['Lid'].rotation_euler.y = 0.1"),
        (LID, "bpy.data.objects['Box'].rotation_euler.x = 0.1"),
        (LID.replace("lid.rot", "box(LID_OPEN_ANGLE)\nlid.rot"), CLOSED),
        (LID, KEPT_MARK + "boom()\n", CLOSED),
        (LID, "lid = bpy.data.objects.new('Lid', other)\nlid.rotation_euler.x = 0"),
        (LID, "bpy.ops.object.select_all(action='DESELECT')\nbpy.ops.object.delete()"),
        ("LID_OPEN_ANGLE = 1.0\nbpy.context.scene.render.fps = LID_OPEN_ANGLE", "for o in bpy.data.objects[:]:\n"
         "    bpy.data.objects.remove(o)"),
    ],
    ids=[f"kept-{n}" for n in range(13)],
)  # fmt: skip
def test_what_may_still_show_stays_a_parameter(codes: tuple[str, ...]) -> None:
    assert ids(*codes)[0] == "LID_OPEN_ANGLE"


@pytest.mark.parametrize(
    ("codes", "left"),
    [
        ((RUG, NEW_RUG), [NEW]),
        ((RUG, LAMPS, NEW_RUG), [NEW]),
        ((RUG, LAMPS, RUG.replace("(0.0", "(0.7")), [NEW]),
        ((RUG, NEW_RUG_IN_MAIN), [NEW]),
        ((RUG, "for m in bpy.data.materials:\n    print(list(m.inputs[0].default_value))", NEW_RUG), [OLD, NEW]),
        ((RUG, "bpy.data.materials['Rug'].copy()", NEW_RUG), [OLD, NEW]),
        ((RUG, NEW_RUG.replace('D.materials["Rug"]', 'D.materials["Mat"]')), [OLD, NEW]),
        ((RUG, NEW_RUG.replace("Base Color", "Emission Color")), [OLD, NEW]),
        ((RUG.replace("= rough", "= color[0]"), NEW_RUG), [OLD, NEW]),
        ((RUG, NEW_RUG.replace("shader.i", "if shader.mute:\n    shader.i")), [OLD, NEW]),
    ],
    ids=[f"rug-{n}" for n in range(10)],
)
def test_a_colour_that_a_later_step_sets_anew_is_the_later_steps(codes: tuple[str, ...], left: list[object]) -> None:
    assert [each.parameter.value for each in scene_parameters(codes)] == left


def test_code_that_calls_itself_is_read_to_an_end() -> None:
    code = "A = 1.0\ndef f(x):\n    y = g(x) + g(x)\n    return y\ndef g(x):\n    return f(x) + f(x)\nb = f(A) + g(A)"
    assert ids(code) == ["A"]


def test_the_script_sets_a_parameter_once_for_all_its_steps() -> None:
    steps = [ScriptStep(f"Part {n}", "A = 1  # 1 to 3\nbox(A)\n", "job", "boxes") for n in (1, 2)]
    script = replay_script(
        [*steps, ScriptStep("Lid", LID, "job", "boxes"), ScriptStep("Close", CLOSED, "job", "close")]
    )
    assert script.count("\nA = 1  # 1 to 3\n") == 1
    assert script.count('A = _P2M_PARAMETERS["A"]') == 2
    assert "\nLID_OPEN_ANGLE = 60.0  # degrees" in script.partition("Step 3: Lid ---")[2]
