"""What a reviewer is told of an edit: each object once, with what is other."""

from cloud.jobs.review.evidence import change_lines


def test_each_object_is_told_once_with_all_that_is_other() -> None:
    changed = {
        "summary": "not told again",
        "added": ["Hat"],
        "removed": ["Ball"],
        "modified": ["Leg 1", "Leg 2", "Leg 3", "Seat", "Cup"],
        "moved": ["Leg 1", "Leg 2", "Leg 3", "Seat"],
        "rematerialled": ["Seat"],
        "materials_changed": ["Oak"],
        "renamed": {"Old": "New"},
        "settings": ["world: Dawn"],
        "counts": {"removed": 1},
    }
    assert change_lines(changed) == [
        "Removed: Ball",
        "Moved, turned or scaled: Leg 1/2/3",
        "Moved, turned or scaled, other material: Seat",
        "Otherwise changed: Cup",
        "Added: Hat",
        "Renamed: Old to New",
        "Settings: world: Dawn",
    ]


def test_material_that_changed_is_told_where_no_object_says_it() -> None:
    assert change_lines({"materials_changed": ["Oak"]}) == ["Materials changed: Oak"]


def test_untouched_scene_is_said_to_be_so() -> None:
    assert change_lines({"summary": "no object changed"}) == ["No object changed."]


def test_list_that_was_cut_says_how_many_there_are_in_all() -> None:
    told = change_lines({"removed": ["A", "B"], "counts": {"removed": 431}})
    assert told == ["Removed: A, B", "In all 431 objects removed."]
