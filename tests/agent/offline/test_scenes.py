"""What stands in the scene after whole conversations, run in one real bpy process."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.blender

ROOT = Path(__file__).parents[3]
TOUCH_M = 1e-3
ISSUE = "a red wooden chair next to a round table with two mugs on it"
CASES: dict[str, list[str]] = {
    "issue": [ISSUE],
    "chairs": ["three chairs around a round table"],
    "four chairs": ["four chairs around a rectangular table"],
    "apples": ["a bowl with five apples in it"],
    "row": ["a row of five bushes"],
    "circle": ["a circle of eight columns"],
    "ball": ["a UV sphere named 'Ball' with 32 segments and 16 rings, radius 0.5, at (2, 2, 5)"],
    "cylinder": ['a red metal cylinder named "Can" with 12 vertices, radius 1, depth 2, rotated 90 degrees around x'],
    "each": ["three tables with a mug on each"],
    "stack": ["a stack of three books on a stool"],
    "facing": ["a bench facing a fountain"],
    "bunch": ["a tall vase with three roses in it"],
    "between": ["a stool between two chairs"],
    "under": ["a ball under a table"],
    "fence": ["a tent with a fence around it"],
    "tall": ["a 2 m tall robot, a crate and a barrel"],
    "edits": [
        ISSUE,
        "make the table twice as tall",
        "make the chair blue",
        "add two more",
        "rename the chair to Throne",
    ],
    "removed": [ISSUE, "remove the table", "replace the chair with a stool"],
    "moved": [ISSUE, "move the table 1 m to the left", "rotate the chair 90 degrees"],
    "candle on a stack": ["a stack of four crates with a candle on top"],
    "turned": ["a table with four mugs on it", "rotate the table 90 degrees"],
    "desk": ["a table with two mugs on it", "replace the table with a desk"],
    "put behind": ["a table with two mugs on it", "put the table behind a house"],
    "placed": ["a table with two mugs on it", "move the table to (3, 2)"],
    "set down": ["a mug on a table", "put the mug on the floor"],
    "wider": ["a chair next to a table", "make the table twice as wide"],
    "taller": ["three chairs", "make chair 3 2 m tall"],
    "swap": ["a robot and a snowman", "swap the robot and the snowman"],
    "row more": ["a tree", "add five more trees in a row"],
    "more on": ["a mug on a table and two chairs", "add two more mugs on the table"],
    "own name": ["a cube named 'Alpha' and a cube", "make Alpha red"],
    "second": ["three cubes", "delete the second one", "make the last cube green"],
    "apart": ["a cube 2 m to the left of a sphere"],
    "small": ["a spoon, a pot and a plate"],
    "each with": ["two tables, each with a mug and a plate"],
    "nightstand": ["a bed, a nightstand next to the bed with a vase on it"],
    "except": ["a chair, a stool and a table", "delete everything except the chair"],
    "red car": ["a red car and a blue car", "make the red car green"],
    "each side": ["a table", "add a chair on each side of the table"],
    "frustum": ["a cone with 8 vertices, radius1 1, radius2 0.25, depth 2 named `Spike` at (0,0,1)"],
    "paint": ["a castle tower with a wooden door", "paint the door red", "make the tower 5 m tall"],
}


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.agent.offline.blender_session"],
        input=json.dumps(list(CASES.values())), capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout[ran.stdout.index('[{"prompts"') :])
    return dict(zip(CASES, found, strict=True))


def things(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n: o for n, o in report["objects"].items() if o["type"] == "MESH" and not o["parent"]}


def overlaps(first: dict[str, Any], second: dict[str, Any]) -> bool:
    low_a, high_a, low_b, high_b = (o[k] for o in (first, second) for k in ("family_min", "family_max"))
    return all(low_a[i] < high_b[i] - TOUCH_M and low_b[i] < high_a[i] - TOUCH_M for i in range(3))


def middle(thing: dict[str, Any]) -> tuple[float, float]:
    low, high = thing["family_min"], thing["family_max"]
    return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2


@pytest.mark.parametrize("case", CASES)
def test_every_step_runs_and_all_is_built(reports: dict[str, dict[str, Any]], case: str) -> None:
    report = reports[case]
    assert report["errors"] == []
    assert [(a["built"], a["not_built"]) for a in report["answers"]] == [(True, [])] * len(CASES[case])


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("under", "apples", "chairs", "bunch")])
def test_nothing_overlaps(reports: dict[str, dict[str, Any]], case: str) -> None:
    upright = [t for t in things(reports[case]).values() if t["kind"] != "column"]
    assert not [(a["name"], b["name"]) for a, b in itertools.combinations(upright, 2) if overlaps(a, b)]


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("ball", "bunch")])
def test_nothing_floats(reports: dict[str, dict[str, Any]], case: str) -> None:
    found = things(reports[case])
    for thing in found.values():
        foot = thing["family_min"][2]
        tops = [other["family_min"][2] + other["surface"][0] for other in found.values() if other["surface"]]
        in_bowl = case == "apples" and thing["kind"] == "apple" and foot > 0
        assert abs(foot) < TOUCH_M or any(abs(foot - top) < TOUCH_M for top in tops) or in_bowl, thing["name"]


def test_mugs_stand_on_the_round_top_beside_a_red_wooden_chair(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["issue"])
    assert list(found) == ["Table", "Chair", "Mug", "Mug 2"]
    top, half, _ = found["Table"]["surface"]
    for name in ("Mug", "Mug 2"):
        assert abs(found[name]["family_min"][2] - top) < 1e-4
        assert math.hypot(*middle(found[name])) < half
    assert found["Chair"]["materials"][0] == "Red Wood"
    red, green, blue = found["Chair"]["colors"]["Red Wood"][:3]
    assert red > 4 * max(green, blue)
    assert abs(found["Table"]["dimensions"][0] - found["Table"]["dimensions"][1]) < TOUCH_M


def test_scene_ends_with_light_and_camera(reports: dict[str, dict[str, Any]]) -> None:
    kinds = {o["type"] for o in reports["issue"]["objects"].values()}
    assert {"LIGHT", "CAMERA"} <= kinds


@pytest.mark.parametrize("case", ["chairs", "four chairs"])
def test_chairs_face_the_table(reports: dict[str, dict[str, Any]], case: str) -> None:
    found = things(reports[case])
    for name, thing in found.items():
        if name.startswith("Chair"):
            angle = thing["rotation"][2]
            x, y = middle(thing)
            length = math.hypot(x, y)
            assert length > found["Table"]["family_max"][1] + 0.25, "its seat is under the table"
            assert (math.sin(angle) * -x + -math.cos(angle) * -y) / length > 0.9, name


def test_apples_lie_in_the_bowl(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["apples"])
    apples = [thing for thing in found.values() if thing["kind"] == "apple"]
    assert len(apples) == 5
    for apple in apples:
        assert math.hypot(*middle(apple)) < found["Bowl"]["family_max"][0]
        assert 0 < apple["family_min"][2] < found["Bowl"]["family_max"][2]


def test_row_is_a_row_and_circle_a_circle(reports: dict[str, dict[str, Any]]) -> None:
    row = [middle(thing) for thing in things(reports["row"]).values()]
    assert len(row) == 5
    assert all(abs(y) < TOUCH_M for _, y in row)
    steps = [b[0] - a[0] for a, b in itertools.pairwise(row)]
    assert min(steps) > 0.5
    circle = [math.hypot(*middle(thing)) for thing in things(reports["circle"]).values()]
    assert len(circle) == 8
    assert max(circle) - min(circle) < 0.02


def test_exact_order_is_obeyed_exactly(reports: dict[str, dict[str, Any]]) -> None:
    ball = reports["ball"]["objects"]["Ball"]
    assert ball["location"] == [2.0, 2.0, 5.0]
    assert (ball["vertices"], ball["faces"]) == (32 * 15 + 2, 32 * 16)
    assert ball["dimensions"] == pytest.approx([1.0, 1.0, 1.0], abs=1e-4)
    can = reports["cylinder"]["objects"]["Can"]
    assert can["vertices"] == 24
    assert can["dimensions"][1] == pytest.approx(2.0, abs=1e-4)
    assert can["rotation"][0] == pytest.approx(math.pi / 2)


def test_one_mug_stands_on_each_table(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["each"])
    tables = sorted(middle(t)[0] for t in found.values() if t["kind"] == "table")
    assert sorted(middle(t)[0] for t in found.values() if t["kind"] == "mug") == pytest.approx(tables, abs=0.05)


def test_bench_looks_at_the_fountain(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["facing"])
    angle, bench, fountain = found["Bench"]["rotation"][2], middle(found["Bench"]), middle(found["Fountain"])
    away = (fountain[0] - bench[0], fountain[1] - bench[1])
    assert (math.sin(angle) * away[0] - math.cos(angle) * away[1]) / math.hypot(*away) > 0.99


def test_roses_stand_in_the_vase_as_a_bunch(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["bunch"])
    roses = [thing for thing in found.values() if thing["kind"] == "rose"]
    rim = found["Vase"]["family_max"][2]
    assert len(roses) == 3
    assert all(rose["family_min"][2] < rim < rose["family_max"][2] for rose in roses)


def test_ball_lies_under_the_table(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["under"])
    assert found["Ball"]["family_max"][2] < found["Table"]["surface"][0]
    assert math.hypot(*middle(found["Ball"])) < 0.4


def test_fence_closes_around_the_tent(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["fence"])
    fences = [thing for thing in found.values() if thing["kind"] == "fence"]
    low = [min(f["family_min"][i] for f in fences) for i in range(2)]
    high = [max(f["family_max"][i] for f in fences) for i in range(2)]
    assert all(low[i] < found["Tent"]["family_min"][i] and high[i] > found["Tent"]["family_max"][i] for i in range(2))


def test_one_length_scales_the_whole_thing(reports: dict[str, dict[str, Any]]) -> None:
    robot = things(reports["tall"])["Robot"]
    assert robot["family_max"][2] == pytest.approx(2.0, abs=TOUCH_M)
    assert robot["scale"] == [1.0, 1.0, 1.0]


def test_edits_keep_things_on_what_carries_them(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["edits"])
    assert found["Table"]["family_max"][2] == pytest.approx(1.5, abs=TOUCH_M)
    mugs = [thing for thing in found.values() if thing["kind"] == "mug"]
    assert len(mugs) == 4
    assert all(abs(mug["family_min"][2] - 1.5) < TOUCH_M for mug in mugs)
    assert found["Throne"]["materials"][0] == "Blue Wood"


def test_what_stood_on_a_removed_thing_sinks_to_the_floor(reports: dict[str, dict[str, Any]]) -> None:
    found = things(reports["removed"])
    assert sorted(found) == ["Mug", "Mug 2", "Stool"]
    assert all(abs(thing["family_min"][2]) < TOUCH_M for thing in found.values())


def test_moved_table_takes_its_mugs_along(reports: dict[str, dict[str, Any]]) -> None:
    before, after = things(reports["issue"]), things(reports["moved"])
    for name in ("Table", "Mug", "Mug 2"):
        assert middle(after[name])[0] == pytest.approx(middle(before[name])[0] - 1.0, abs=TOUCH_M)


def test_painted_door_alone_changes(reports: dict[str, dict[str, Any]]) -> None:
    objects = reports["paint"]["objects"]
    assert "Red Wood" in objects["Castle Tower Door"]["materials"]
    assert "Red Wood" not in objects["Castle Tower"]["materials"]
    assert objects["Castle Tower"]["family_max"][2] == pytest.approx(5.0, abs=TOUCH_M)


def test_what_stands_on_a_thing_goes_where_it_goes(reports: dict[str, dict[str, Any]]) -> None:
    for case, carrier in (("turned", "Table"), ("put behind", "Table"), ("placed", "Table"), ("desk", "Desk")):
        found = things(reports[case])
        low, high = found[carrier]["family_min"], found[carrier]["family_max"]
        for name in found:
            if name.startswith("Mug"):
                assert abs(found[name]["family_min"][2] - found[carrier]["surface"][0]) < TOUCH_M, (case, name)
                assert all(low[i] <= middle(found[name])[i] <= high[i] for i in range(2)), (case, name)
    assert things(reports["turned"])["Mug 4"]["location"][1] > 0.2


def test_things_change_places_and_are_set_down(reports: dict[str, dict[str, Any]]) -> None:
    swapped = things(reports["swap"])
    assert set(swapped) == {"Robot", "Snowman"}
    assert middle(swapped["Snowman"])[0] < 0.01 < 0.5 < middle(swapped["Robot"])[0]
    assert abs(things(reports["set down"])["Mug"]["family_min"][2]) < TOUCH_M


def test_one_of_several_is_meant_by_its_place_or_name(reports: dict[str, dict[str, Any]]) -> None:
    cubes = things(reports["second"])
    assert {name: cube["materials"] for name, cube in cubes.items()} == {
        "Cube": ["Light Grey Plastic"], "Cube 3": ["Green Plastic"],
    }  # fmt: skip
    named = things(reports["own name"])
    assert [named[name]["materials"] for name in ("Alpha", "Cube")] == [["Red Plastic"], ["Light Grey Plastic"]]


def test_copies_and_things_with_others_stand_where_the_words_say(reports: dict[str, dict[str, Any]]) -> None:
    assert all(abs(middle(tree)[1]) < TOUCH_M for tree in things(reports["row more"]).values())
    for case, number in (("more on", 3), ("each with", 2)):
        found = things(reports[case])
        mugs = [thing for name, thing in found.items() if name.startswith("Mug")]
        assert len(mugs) == number
        assert all(abs(mug["family_min"][2] - found["Table"]["surface"][0]) < TOUCH_M for mug in mugs)
    for case, rider, carrier in (
        ("candle on a stack", "Candle", "Crate 4"),
        ("nightstand", "Vase", "Chest Of Drawers"),
    ):
        found = things(reports[case])
        assert abs(found[rider]["family_min"][2] - found[carrier]["family_max"][2]) < TOUCH_M


def test_only_what_is_meant_is_changed(reports: dict[str, dict[str, Any]]) -> None:
    assert list(things(reports["except"])) == ["Chair"]
    cars = things(reports["red car"])
    assert [cars[name]["materials"][0] for name in ("Car", "Car 2")] == ["Green Car Paint", "Blue Car Paint"]
    chairs = [thing for name, thing in things(reports["each side"]).items() if name.startswith("Chair")]
    assert [round(chair["family_min"][2], 3) for chair in chairs] == [0, 0]


def test_exact_numbers_are_kept(reports: dict[str, dict[str, Any]]) -> None:
    apart = things(reports["apart"])
    assert abs(apart["UV Sphere"]["family_min"][0] - apart["Cube"]["family_max"][0] - 2) < TOUCH_M
    spike = things(reports["frustum"])["Spike"]
    assert spike["vertices"] == 16
    assert spike["family_min"] == pytest.approx([-1, -1, 0], abs=TOUCH_M)
    assert spike["location"] == pytest.approx([0, 0, 1], abs=TOUCH_M)
