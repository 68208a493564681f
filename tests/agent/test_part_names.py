"""Folded names are read back into the names of the scene, and nothing that the scene does not have comes of them."""

import pytest

from cloud.agent.part_names import single_names

LEGS = [f"Leg_{number}" for number in range(1, 13)]
RIDGES = [f"Ridge Cross {number}{side}" for number in range(1, 5) for side in "AB"]
SCENE = [
    *LEGS,
    *RIDGES,
    "Eye Left",
    "Eye Right",
    "Left Arm",
    "Right Arm",
    "Leg_1/2",
    "Lamp",
    "Lamp.001",
    "Odd\u202ename",
]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lamp", ["Lamp"]),
        ("Leg_1…Leg_6", LEGS[:6]),
        ("Leg_1...Leg_6 (6)", LEGS[:6]),
        ("Leg_1…12 (12)", LEGS),
        ("Leg_9/10/11", ["Leg_9", "Leg_10", "Leg_11"]),
        ("Ridge Cross 1A…4B (8)", RIDGES),
        ("Ridge Cross 1B…3A", RIDGES[1:5]),
        ("Eye Left/Right", ["Eye Left", "Eye Right"]),
        ("Left Arm/Right Arm", ["Left Arm", "Right Arm"]),
        ("Lamp/Lamp.001", ["Lamp", "Lamp.001"]),
        ("Leg_1/2", ["Leg_1/2"]),
        ("Odd\\u202ename", ["Odd\u202ename"]),
        ("Wing", []),
        ("Wing 1…9 (9)", []),
        ("…", []),
        ("/", []),
        ("", []),
    ],
    ids=str,
)
def test_fold_means_the_names_that_it_stands_for(said: str, meant: list[str]) -> None:
    assert single_names([said], SCENE) == meant


def test_each_name_comes_once_in_the_order_in_which_it_was_said() -> None:
    assert single_names(["Lamp", "Leg_2…Leg_3", "LEG_2", "lamp"], SCENE) == ["Lamp", "Leg_2", "Leg_3"]


BUCKETS = [
    f"Bucket{number} {part}"
    for number in ("", " 2", " 3")
    for part in ("Handle", "Ear Left", "Ear Right", "Stave 1", "Stave 2")
]


def test_name_with_a_number_more_in_its_middle_is_none_of_a_range() -> None:
    there = [f"Chair {chair} {part} {number}" for chair in (1, 2) for part in ("Leg", "Arm") for number in (1, 2)]
    legs = [name for name in there if "Leg" in name]
    assert single_names(["Chair 1 Leg 1…Chair 2 Leg 2 (4)"], there) == legs
    assert single_names(["Bucket Stave 1…2"], BUCKETS) == ["Bucket Stave 1", "Bucket Stave 2"]
