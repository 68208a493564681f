"""What `check` says of things that fly: each gap once, from the whole group, and nobody is told to land an airship."""

import pytest

from tests.blender.conftest import Check

pytestmark = pytest.mark.blender

AIRSHIP = """
add_box('Envelope', (30, 8, 8), (0, 0, 30)); add_box('Hoop', (.2, 8.2, 8.2), (5, 0, 30))
add_box('Hull', (12, 3, 2), (0, 0, 23.7)); add_box('Chimney', (.5, .5, .3), (0, 0, 24.85))
add_box('Chimney Cap', (.6, .6, .155), (0, 0, 25.0775))
for i in range(8): add_box(f'Rail {i}', (.1, .1, .3), (-5 + i, 1.4, 24.85))
"""
TOWN = "add_box('Ground', (90, 90, .2), (0, 0, -.1)); add_box('House', (8, 8, 6), (0, 30, 3))\n"


def told(report: dict) -> list[tuple[str, str, str]]:
    """Kind, severity and object of what is said about places."""
    placed = ("floating", "hovering", "below_ground")
    return [(f["kind"], f["severity"], f["object"]) for f in report["findings"] if f["kind"] in placed]


def test_one_gap_is_one_finding_and_the_whole_that_flies_a_note(check: Check) -> None:
    report = check(code=AIRSHIP)
    assert told(report) == [("hovering", "warning", "Envelope"), ("floating", "note", "Hull")], report["text"]
    assert "Envelope (with 1 more that hang on it) hovers 0.845 m above Chimney Cap: join it" in report["text"]
    assert "floats, 22.7 m above z = 0, touching nothing: fine if it flies, else set it down." in report["text"]


def test_what_flies_over_a_town_is_told_by_its_height_once(check: Check) -> None:
    report = check(code=TOWN + AIRSHIP)
    assert sorted(told(report)) == [("floating", "warning", "Hull"), ("hovering", "warning", "Envelope")]
    assert "floats, 22.7 m above Ground" in report["text"]


def test_a_gap_beside_is_measured_from_the_whole_group(check: Check) -> None:
    code = "for i in range(3): add_box(f'Block {i}', at=(0, 4 * i, .5))\nadd_box('Wall', (.2, 6, 6), (5, 0, 3))\n"
    code += "add_box('Shelf', (.2, 3, .2), (4, 0, 4)); add_box('Bracket', (.6, .1, .1), (4.35, 0, 4))"
    report = check(code=code)
    assert told(report) == [("floating", "warning", "Shelf")]
    assert "Shelf (with 1 more that hang on it) floats 0.25 m from Wall" in report["text"]


def test_a_thing_on_its_own_that_flies_is_no_fault_and_one_that_hovers_is(check: Check) -> None:
    assert told(check(code="add_box('Kite', at=(0, 0, 9))")) == [("floating", "note", "Kite")]
    report = check(code="add_box('Mug', (.1, .1, .1), (0, 0, .053))")
    assert told(report) == [("hovering", "warning", "Mug")]
    assert "3 mm above z = 0: lower it by that, or join it" in report["text"]
    over_ground = check(code="add_box('Ground', (20, 20, .2), (0, 0, -.1)); add_box('Trunk', (.5, .5, 3), (0, 0, 1.9))")
    assert told(over_ground) == [("floating", "warning", "Trunk")]
