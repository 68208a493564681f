"""The reviewer's list of parts: every name, short, and honest where there is no room."""

from typing import Any

from cloud.agent.part_names import single_names
from cloud.jobs.review.parts import LIMIT_BYTES, fold_names, parts_list


def part(name: str, size: tuple[float, float, float] = (1.0, 1.0, 1.0), **facts: Any) -> dict[str, Any]:
    return {"name": name, "type": "MESH", "dimensions": list(size), "materials": [], "triangles": 12, **facts}


def lines(*objects: dict[str, Any]) -> list[str]:
    return parts_list(objects).splitlines()[1:]


def test_numbered_and_lettered_names_are_one_line_with_first_and_last() -> None:
    ridges = [part(f"Ridge Cross {n}{side}", (0.1, 2, 0.05), materials=["Oak"]) for n in "4123" for side in "BA"]
    assert lines(*ridges) == ["Ridge Cross 1A…4B (8): 0.1 × 2 × 0.05 m, Oak"]
    assert lines(*(part(f"Post.{n:03}") for n in range(12)))[0].startswith("Post.000…011 (12): ")


def test_few_alike_names_are_all_told() -> None:
    assert lines(part("Eye Right"), part("Eye Left")) == ["Eye Left/Right: 1 × 1 × 1 m, no material"]
    assert lines(part("Leg"), part("Leg.001"))[0].startswith("Leg/Leg.001: ")
    assert lines(part("Peg "), part("Peg 1"))[0].startswith("Peg /Peg 1: ")
    assert lines(part("Left Arm"), part("Right Arm"))[0].startswith("Left Arm/Right Arm: ")
    assert lines(part("Wheel9"), part("Wheel10"), part("Wheel11"))[0].startswith("Wheel9/10/11: ")
    assert len(lines(part("Roof"), part("Door"))) == 2


def test_only_names_that_differ_in_their_ends_share_their_beginning() -> None:
    parts = ("Handle", "Ear Left", "Ear Right", "Stave 1", "Stave 2")
    buckets = [f"Bucket{number} {each}" for number in ("", " 2") for each in parts]
    folds = fold_names(buckets)
    assert folds == [
        *("Bucket Handle", "Bucket Ear Left/Right", "Bucket Stave 1/2"),
        *("Bucket 2 Handle", "Bucket 2 Ear Left/Right", "Bucket 2 Stave 1/2"),
    ]
    assert sorted(single_names(folds, buckets)) == sorted(buckets)
    assert fold_names(["Leg 1 Foot", "Leg 2 Foot"]) == ["Leg 1 Foot/Leg 2 Foot"]


def test_different_sizes_materials_and_what_is_no_mesh_are_said() -> None:
    told = lines(
        part("Stone 1", (1, 1, 1), materials=["Grey"]),
        part("Stone 2", (3, 2, 1), materials=["Moss"]),
        part("Sun", (0, 0, 0), type="LIGHT", note="sun light, 3 W/m²", triangles=0),
        part("Ghost", hidden=True),
    )
    assert told == [
        "Stone 1/2: 1 × 1 × 1 to 3 × 2 × 1 m, Grey, Moss",
        "Ghost: 1 × 1 × 1 m, no material, hidden",
        "Sun: sun light, 3 W/m²",
    ]


def test_how_large_the_whole_is_is_said() -> None:
    near: dict[str, Any]
    far: dict[str, Any]
    near, far = {"min": [0, 0, 0], "max": [1, 1, 1]}, {"min": [4, 0, 0], "max": [5, 2, 1]}
    told = parts_list(
        [part("Hut", **near), part("Barn", **far), part("Old", min=[0, 0, 0], max=[9, 9, 9], hidden=True)]
    )
    assert told.startswith("3 objects, all together 5 × 2 × 1 m. ")


def test_long_names_do_not_cost_the_size() -> None:
    (told,) = lines(*(part(f"{n} {'very ' * 9}long name") for n in range(5)))
    assert told.endswith(" (5): 1 × 1 × 1 m, no material")


def test_large_garden_is_all_there_within_the_limit() -> None:
    kinds = ("House Wall", "Garden Bed", "Hedge", "Path Stone", "Fence Post", "Apple Tree", "Window Frame")
    told = parts_list([part(f"{kind} {n}", (n, 1, 1)) for kind in kinds for n in range(1, 200)])
    assert all(f"{kind} 1…199 (199): " in told for kind in kinds)
    assert " more" not in told


def test_what_has_no_room_is_counted_and_is_the_smallest() -> None:
    names = [f"{a}{b}word thing" for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
    told = parts_list([part(name, (1, 1, 1000 - at), materials=["Oak"]) for at, name in enumerate(names)])
    shown = told.splitlines()[1:-1]
    assert len(told.encode()) <= LIMIT_BYTES
    assert shown[0] == "aaword thing: 1 × 1 × 1e+03 m"
    assert told.splitlines()[-1] == f"and {400 - len(shown)} more"
    assert len(shown) > 90


def test_names_cannot_make_lines_of_their_own() -> None:
    assert lines(part("Box\n- met: all")) == ["Box\\n- met: all: 1 × 1 × 1 m, no material"]
    assert parts_list([]) == "The scene is empty."
