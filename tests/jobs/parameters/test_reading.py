"""Parameters are read from any code, whatever it looks like, and written back without touching the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import InvalidInput
from cloud.jobs.parameters.reading import read_parameters
from cloud.jobs.parameters.scene import checked_values, scene_parameters
from cloud.jobs.parameters.writing import with_values

CODE = '''"""A chair."""
import bpy
from math import pi

SEAT_HEIGHT = 0.45  # m, 0.3 to 0.7: height of the seat
LEGS: int = 1_000  # 3..2000
DROP = -0.5
TILT_DEG = 0.0
WIDTH, DEPTH = 1.0, 2.0  # both in m
SAME = ALSO = 2
WOOD_COLOR = [0.5, 0.25,  # brown
              0.1]
ACCENT = "#C81E1E"  # the cushion
WITH_BACK = True
Ü = "ä"; AFTER = 3
NAME = "chair"
PLACE = (1.0, 2.0, 3.0)
AREA = WIDTH * DEPTH
_HIDDEN = 1
lower = 1
TWICE = 1
TWICE = 2
COUNTED = 0
COUNTED += 1
HUGE = 1e999
FLAGS = not True
for index in range(3):
    LATER = 4
TOO_LATE = 5
build(SEAT_HEIGHT, LEGS, DROP, TILT_DEG, AREA, SAME, WOOD_COLOR, ACCENT, WITH_BACK, AFTER)
'''


COLOURS = """
GLASS_TINT = (0.5, 0.5, 0.6, 1.0)
OAK = (0.4, 0.2, 0.1)
RED = (0.8, 0.1, 0.1)
BLUE = (0.1, 0.1, 0.8)
PINE, SAND = (0.5, 0.4, 0.2), (0.7, 0.6, 0.4)
LAMP = (1.0, 0.9, 0.7)
SKY = (0.4, 0.6, 1.0)
SIZE = (0.5, 0.5, 0.1)
COLOR_CHIP_SIZE = (0.5, 0.5, 0.1)
AXIS = (0.0, 0.0, 1.0)
def made(name, rgb):
    bsdf.inputs["Base Color"].default_value = (*rgb, 1)
def painted(name, c):
    made(name, c)
painted("oak", OAK)
for name, size, paint in (("a", SIZE, RED), ("b", SIZE, BLUE)):
    box(size, AXIS)
    painted(name, paint)
woods = {"pine": PINE, "sand": SAND}
for name, wood in woods.items():
    painted(name, wood)
light.color = LAMP
background.inputs[0].default_value = SKY + (1,)
offset.inputs[0].default_value = AXIS
box(COLOR_CHIP_SIZE)
"""


def test_every_kind_is_found_with_its_range_unit_and_words() -> None:
    found = {each.name: each for each in read_parameters(CODE)}
    assert {name: (each.kind, each.value) for name, each in found.items()} == {
        "SEAT_HEIGHT": ("number", 0.45), "LEGS": ("count", 1000), "DROP": ("number", -0.5), "TILT_DEG": ("number", 0.0),
        "WIDTH": ("number", 1.0), "DEPTH": ("number", 2.0), "SAME": ("count", 2), "ACCENT": ("colour", "#C81E1E"),
        "WOOD_COLOR": ("colour", (0.5, 0.25, 0.1)), "WITH_BACK": ("switch", True), "AFTER": ("count", 3),
    }  # fmt: skip
    seat = found["SEAT_HEIGHT"]
    assert (seat.min, seat.max, seat.unit, seat.description) == (0.3, 0.7, "m", "height of the seat")
    ranges = {name: (each.min, each.max) for name, each in found.items()}
    assert ranges["LEGS"] == (3, 2000)
    assert ranges["DROP"] == (-2.0, -0.12)
    assert ranges["TILT_DEG"] == (-360.0, 360.0)
    assert ranges["SAME"] == (1, 10)
    assert ranges["WITH_BACK"] == (None, None)
    assert found["WIDTH"].unit == "m"
    assert found["ACCENT"].description == "the cushion"


@pytest.mark.parametrize(
    ("comment", "unit", "low", "high", "words"),
    [
        ("# m, 0.3 to 0.7: height", "m", 0.3, 0.7, "height"),
        ("# 0.3-0.7 m", "m", 0.3, 0.7, ""),
        ("# height (cm) [0.1, 1]", "cm", 0.1, 1.0, ""),
        ("# degrees; -90..90: lean", "deg", -90.0, 90.0, "lean"),
        ("# how far, in metres", "m", 0.12, 2.0, "how far, in metres"),
        ("# note: not a range", "", 0.12, 2.0, "note: not a range"),
        ("# 0.9 to 0.1", "", 0.12, 2.0, "0.9 to 0.1"),
        ("# 2 to 3: away from the value", "", 0.5, 3.0, "away from the value"),
        ("# degrees, 0 (closed) to 120", "deg", 0.0, 120.0, ""),
        ("# opening in degrees (0 = closed, 120 = open)", "deg", 0.0, 120.0, "opening in degrees"),
        ("# between 0 and 120", "", 0.0, 120.0, ""),
        ("# 0–120°", "deg", 0.0, 120.0, ""),
        ("# min 0, max 5 m: size", "m", 0.0, 5.0, "size"),
        ("# min: 0.25, max: 5", "", 0.25, 5.0, ""),
        ("# at least 0.2", "", 0.2, 2.0, ""),
        ("# 0.3 m to 1.7 m", "m", 0.3, 1.7, ""),
        ("# height of the seat: 0.3 to 1.7 m", "m", 0.3, 1.7, "height of the seat"),
        ("# seat height (m), range 0.3-0.7", "m", 0.3, 0.7, "seat height (m)"),
        ("# 50 cm above the seat", "", 0.12, 2.0, "50 cm above the seat"),
        ("# metres above ground", "m", 0.12, 2.0, "metres above ground"),
        ("# 0.2 <= LEAN <= 2", "", 0.2, 2.0, ""),
        ("# 0.2 to 2, a multiple of 0.1: lean", "", 0.2, 2.0, "lean, a multiple of 0.1"),
        ("# W/m2, 0.2 to 5", "W/m²", 0.2, 5.0, ""),
        ("# W/m², 0.2 to 5: the sun", "W/m²", 0.2, 5.0, "the sun"),
        ("# deg/s, 0 to 90: turning", "deg/s", 0.0, 90.0, "turning"),
        ("# 0.1 to 2 m/s", "m/s", 0.1, 2.0, ""),
        ("# kg/m^3: density", "kg/m³", 0.12, 2.0, "density"),
        ("# gravity (m/s2), at most 20", "m/s²", 0.12, 20.0, "gravity (m/s2)"),
        ("# km/h", "km/h", 0.12, 2.0, ""),
        ("# m2", "m²", 0.12, 2.0, ""),
        ("# this/that", "", 0.12, 2.0, "this/that"),
    ],
)
def test_comments_of_many_forms_are_understood(comment: str, unit: str, low: float, high: float, words: str) -> None:
    (found,) = read_parameters(f"LEAN = 0.5  {comment}")
    assert (found.unit, found.min, found.max) == (unit, low, high)
    assert not words or found.description == words


def test_inferred_bounds_are_round_and_hold_the_value() -> None:
    code = "FOOT_Z = 0.893\nBLADES = 23\nDUST = 1e-200\nSCALE_MM = 0.001\nDROP_M = -0.893\nSEED = 7\nSEED_COUNT = 7\n"
    found = {each.name: each for each in read_parameters(f"{code}MOSS_SEED = 20_000\n")}
    assert {name: (each.min, each.max) for name, each in found.items()} == {
        "FOOT_Z": (0.22, 3.6), "BLADES": (1, 92), "DUST": (-1, 1), "SCALE_MM": (0.00025, 0.004),
        "DROP_M": (-3.6, -0.22), "SEED": (0, 9999), "SEED_COUNT": (1, 28), "MOSS_SEED": (0, 20_000),
    }  # fmt: skip
    assert (found["SCALE_MM"].unit, found["DROP_M"].unit) == ("", "m")
    assert {each.said for each in found.values()} == {(None, None)}


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# metres", [("m", 0.3, 4.8, ""), ("m", 0.2, 3.2, ""), ("m", 0.18, 3.0, "")]),
        ("# m, 0.3 to 2: wide, deep, high", [("m", 0.3, 2, "wide"), ("m", 0.3, 2, "deep"), ("m", 0.3, 2, "high")]),
        ("# 0.5..2 m, 0.4..1, 0.3..0.9", [("m", 0.5, 2, ""), ("m", 0.4, 1, ""), ("m", 0.3, 0.9, "")]),
        ("# m, m, deg", [("m", 0.3, 4.8, ""), ("m", 0.2, 3.2, ""), ("deg", -360, 360, "")]),
        ("# wide (m), deep (m), lean (deg)", [("m", 0.3, 4.8, "wide (m)"), ("m", 0.2, 3.2, "deep (m)"),
                                              ("deg", -360, 360, "lean (deg)")]),
        ("# m, 0.1 to 3", [("m", 0.1, 3, "")] * 3),
        ("# W/m2", [("W/m²", 0.3, 4.8, ""), ("W/m²", 0.2, 3.2, ""), ("W/m²", 0.18, 3.0, "")]),
    ],
)  # fmt: skip
def test_the_comment_of_a_tuple_is_of_each_of_its_names(comment: str, told: list[tuple[object, ...]]) -> None:
    found = read_parameters(f"W, D, H = 1.2, 0.8, 0.75  {comment}")
    assert [(each.unit, each.min, each.max, each.description) for each in found] == told


def test_a_colour_is_known_by_its_name_or_by_its_use_and_a_size_is_none() -> None:
    found = read_parameters(COLOURS)
    assert [each.name for each in found if each.kind == "colour"] == [
        "GLASS_TINT", "OAK", "RED", "BLUE", "PINE", "SAND", "LAMP", "SKY",
    ]  # fmt: skip
    assert {each.kind for each in found} == {"colour"}


@pytest.mark.parametrize("code", ["", "A = (", "A = 1\0", "A = '\ud800'", "\ufeffA = 1", "(" * 5000, "if x:\nA = 1"])
def test_code_that_does_not_parse_has_no_parameters(code: str) -> None:
    assert read_parameters(code) == []


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_code_breaks_the_reading(text: str) -> None:
    read_parameters(text)
    for found in read_parameters(f"A = 1  #{text}"):
        assert found.min is None or found.max is None or found.min <= found.max


def test_new_values_change_their_literals_and_nothing_else() -> None:
    new = with_values(
        CODE, {"SEAT_HEIGHT": 0.6, "LEGS": 4, "DEPTH": 3.0, "WOOD_COLOR": (0.0, 0.5, 1.0), "AFTER": 7, "WIDTH": 1.0}
    )
    assert new == CODE.replace("0.45", "0.6").replace("1_000", "4").replace("1.0, 2.0  #", "1.0, 3.0  #").replace(
        "[0.5, 0.25,  # brown\n              0.1]", "[0.0, 0.5, 1.0]"
    ).replace("AFTER = 3", "AFTER = 7")
    assert [each.name for each in read_parameters(new)] == [each.name for each in read_parameters(CODE)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Name at least one parameter"),
        ({"SEAT": 1}, "no parameter 'SEAT'; it has SEAT_HEIGHT"),
        ({"SEAT_HEIGHT": 0.9}, "SEAT_HEIGHT must lie between 0.3 and 0.7 m."),
        ({"SEAT_HEIGHT": float("nan")}, "SEAT_HEIGHT must lie between"),
        ({"SEAT_HEIGHT": "0.5"}, "SEAT_HEIGHT is a number: give a number."),
        ({"SEAT_HEIGHT": True}, "SEAT_HEIGHT is a number"),
        ({"LEGS": 3.5}, "LEGS is a count: give a whole number."),
        ({"LEGS": float("inf")}, "LEGS is a count"),
        ({"WITH_BACK": 1}, "WITH_BACK is a switch: give true or false."),
        ({"WOOD_COLOR": [0.1, 2, 0]}, "WOOD_COLOR is a colour: give 3 numbers from 0 to 1"),
        ({"WOOD_COLOR": "red"}, "WOOD_COLOR is a colour"),
        ({"ACCENT": [1, 0, 0]}, "ACCENT is a colour: give a text such as"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_a_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_values(scene_parameters([CODE]), values)
    assert sentence in str(refused.value)


def test_a_range_that_nobody_gave_is_no_limit_but_a_slip_is_refused() -> None:
    found = scene_parameters(["ARM_LENGTH = 0.5\nLEGS = 4  # at least 3\nprint(ARM_LENGTH, LEGS)\n"])
    assert found[0].parameter.max is not None
    assert found[0].parameter.max < 5
    assert checked_values(found, {"ARM_LENGTH": 5.0, "LEGS": 40}) == {"ARM_LENGTH": 5.0, "LEGS": 40}
    for values in ({"ARM_LENGTH": 5000.0}, {"LEGS": 2}, {"LEGS": 10_000}):
        with pytest.raises(InvalidInput, match="must lie between"):
            checked_values(found, values)


def test_values_become_what_the_code_holds() -> None:
    values = {"LEGS": 5.0, "SEAT_HEIGHT": 0.5, "WOOD_COLOR": "#ff0000", "ACCENT": "00FF00", "WITH_BACK": False}
    assert checked_values(scene_parameters([CODE]), values) == {
        "LEGS": 5, "SEAT_HEIGHT": 0.5, "WOOD_COLOR": (1.0, 0.0, 0.0), "ACCENT": "#00ff00", "WITH_BACK": False,
    }  # fmt: skip


def test_a_scene_without_parameters_says_so() -> None:
    with pytest.raises(InvalidInput, match="This scene has no parameters"):
        checked_values(scene_parameters(["x = 1"]), {"A": 1})
