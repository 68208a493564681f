"""Names in the pod's sentences, folded where they differ by a number alone."""

from cloud.blender.child.scene_text import scene_heading
from cloud.blender.child.wording import folded, listed


def test_a_fold_is_told_by_its_numbers_however_the_names_came() -> None:
    assert folded([f"Tuft {number}" for number in (13, 2, 28, 1, 31)]) == ["Tuft 1 … Tuft 31 (5)"]
    assert folded([f"Course.{number:03}" for number in (3, 5, 2, 1, 4)]) == ["Course.001 … Course.005 (5)"]


def test_fields_of_a_board_are_numbers_too() -> None:
    pawns = [f"White Pawn {letter}2" for letter in "hgfedcba"]
    assert listed(["Board", *pawns]) == "Board, White Pawn a2 … White Pawn h2 (8)"
    assert folded(["Plan B", "Plan A", "Vitamin B12", "Vitamin C"]) == ["Plan B", "Plan A", "Vitamin B12", "Vitamin C"]


def test_a_scene_of_many_materials_tells_them_all() -> None:
    materials = [
        f"{colour} {stuff}" for colour in ("Red", "Green", "Blue", "Grey") for stuff in ("Oak", "Iron", "Clay")
    ]
    fact = {
        "type": "MESH",
        "hidden": False,
        "triangles": 1,
        "dimensions": (0, 0, 0),
        "materials": [*materials, *"ABCDEFGHIJKL"],
    }
    assert scene_heading([fact], of=1, filtered="").endswith(", ".join([*materials, *"ABCDEFGHIJKL"]))
    assert scene_heading([fact | {"materials": [*materials, *"ABCDEFGHIJKLM"]}], of=1, filtered="").endswith(
        "L and 1 more"
    )
