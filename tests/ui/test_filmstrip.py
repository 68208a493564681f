"""Where steps stand on the filmstrip."""

import datetime as dt
from typing import Any

from ui.filmstrip import Frame, lay_out


def step(name: str, parent: str | None, *, head: bool = False, **facts: Any) -> Any:
    when = dt.datetime.now(dt.UTC).isoformat()
    usual = {"title": f"Add {name}", "label": "", "job_id": "job", "thumbnail_id": None, "created_at": when}
    return {"id": name, "parent_id": parent, "is_head": head, **usual, **facts}


def places(*steps: Any) -> dict[str, tuple[int, int, str]]:
    """Row, column and state by id. `steps`: oldest first."""
    return {frame["id"]: (frame["row"], frame["column"], frame["state"]) for frame in frames(*steps)}


def frames(*steps: Any) -> list[Frame]:
    return lay_out(list(reversed(steps)), {"job": "a  chair\nplease"})


def test_a_history_without_branches_is_one_row() -> None:
    assert places(step("a", None), step("b", "a"), step("c", "b", head=True)) == {
        "a": (0, 0, "line"),
        "b": (0, 1, "line"),
        "c": (0, 2, "head"),
    }


def test_after_an_undo_the_later_steps_stay_in_the_row_and_are_aside() -> None:
    found = places(step("a", None), step("b", "a", head=True), step("c", "b"))
    assert found == {"a": (0, 0, "line"), "b": (0, 1, "head"), "c": (0, 2, "aside")}


def test_what_the_scene_went_back_from_has_a_row_below() -> None:
    found = places(step("a", None), step("b", "a"), step("c", "b"), step("d", "a"), step("e", "d", head=True))
    assert found["d"][:2] == (0, 1)
    assert found["e"] == (0, 2, "head")
    assert found["b"] == (1, 1, "aside")
    assert found["c"] == (1, 2, "aside")


def test_lines_that_do_not_touch_share_a_row_and_others_do_not() -> None:
    main = [step("a", None), step("b", "a"), step("c", "b"), step("d", "c"), step("e", "d", head=True)]
    found = places(*main, step("x", None), step("y", "d"), step("z", None))
    assert found["z"][:2] == (1, 0)
    assert found["y"][:2] == (1, 4)
    assert found["x"][:2] == (2, 0)


def test_an_empty_scene_has_no_head() -> None:
    assert {state for _, _, state in places(step("a", None), step("b", "a")).values()} == {"aside"}


def test_a_step_whose_parent_is_not_listed_begins_a_line() -> None:
    assert places(step("b", "gone", head=True)) == {"b": (0, 0, "head")}


def test_hundreds_of_steps_are_laid_out_once_each() -> None:
    many = [step("0", None), *(step(str(n), str(n - 1 if n % 7 else n // 2)) for n in range(1, 600))]
    laid = frames(*many)
    assert len({frame["id"] for frame in laid}) == len(laid) == 600
    assert len({(frame["row"], frame["column"]) for frame in laid}) == 600


def test_a_frame_says_what_it_is() -> None:
    one = frames(step("a", None, head=True, label="Before the roof", thumbnail_id="t1"))[0]
    assert one["name"] == "Before the roof"
    assert one["prompt"] == "a chair please"
    assert one["picture"] == "p2m/api/v1/artifacts/t1/content"
    assert one["spoken"] == "Step 1: Before the roof, the scene now, just now"
