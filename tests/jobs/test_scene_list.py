"""The first turn of an edit of a large scene: what the request names is there, and what is missing is counted."""

from typing import Any

import pytest

from cloud.jobs.scene_list import scene_list

LIMIT = 2_400


def thing(name: str, size_m: float = 1.0, **facts: Any) -> dict[str, Any]:
    shape = {"dimensions": [size_m] * 3, "location": [1.0, 2.0, 0.5], "materials": ["Oak"], "triangles": 12}
    return {"name": name, "type": "MESH", "parent": "", **shape, **facts}


def word(number: int) -> str:
    """A name that folds with no other."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}") * 2


CROWD = [thing(f"{word(number)} thing", 5.0) for number in range(400)]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("Lamp Shade", "make the lamp shade red"),
        ("Lamp Shade", "the SHADES should be wider"),
        ("WallShelf", "two shelves more"),
        ("Box", "paint all boxes"),
        ("door_handle.003", "move the handle up"),
        ("Тарелка", "сделай тарелка синей"),
    ],
    ids=["whole name", "plural in capitals", "irregular plural", "es", "numbered", "other script"],
)
def test_what_the_request_names_comes_first_however_small(name: str, request_: str) -> None:
    told = scene_list([*CROWD, thing(name, 0.01)], "401 objects", request_, LIMIT)
    assert told.splitlines()[2].startswith(f"{name}: 0.01 × 0.01 × 0.01 m, Oak, at (1, 2, 0.5)")
    assert len(told.encode()) <= LIMIT


def test_what_is_left_out_is_counted_and_where_it_is_found_is_said() -> None:
    told = scene_list(CROWD, "400 objects", "a hat", LIMIT).splitlines()
    assert told[-1] == f"and {400 - (len(told) - 3)} more: `inspect` lists them"


def test_all_is_told_where_it_fits_and_alike_ones_are_folded() -> None:
    legs = [thing(f"Leg {number}", 0.4, parent="Table") for number in range(1, 10)]
    told = scene_list([*legs, thing("Table", 0.2)], "10 objects", "a hat", LIMIT).splitlines()
    assert told[2:] == [
        "Table: 0.2 × 0.2 × 0.2 m, Oak, at (1, 2, 0.5)",
        "Leg 1…9 (9): 0.4 × 0.4 × 0.4 m, Oak, of Table",
    ]


def test_best_named_object_is_first() -> None:
    told = scene_list([thing("Leg Back"), thing("Leg Front")], "2 objects", "the front leg", LIMIT).splitlines()
    assert [line.partition(":")[0] for line in told[2:]] == ["Leg Front", "Leg Back"]
