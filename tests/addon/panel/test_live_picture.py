"""The live picture does not flash."""

from pathlib import Path

from addon.panel.live_picture import LOADING_S, LivePicture

ONE, TWO, THREE = Path("1.png"), Path("2.png"), Path("3.png")


def test_the_first_picture_is_shown_at_once() -> None:
    assert LivePicture().take(ONE, 0.0) == (ONE, None)


def test_a_picture_stays_until_the_next_one_is_loaded() -> None:
    live = LivePicture()
    live.take(ONE, 0.0)
    assert live.take(TWO, 5.0) == (ONE, TWO)
    assert not live.is_due(TWO, 5.1)
    assert live.is_due(TWO, 5.0 + LOADING_S)
    assert live.take(TWO, 5.0 + LOADING_S) == (TWO, None)
    assert not live.is_due(TWO, 60.0)


def test_pictures_that_come_faster_than_they_load_are_still_shown() -> None:
    live = LivePicture()
    live.take(ONE, 0.0)
    live.take(TWO, 1.0)
    assert live.take(THREE, 1.5) == (ONE, TWO)
    assert live.take(THREE, 2.0) == (TWO, None)
    assert live.is_due(THREE, 2.1)
    assert live.take(THREE, 2.1) == (TWO, THREE)


def test_another_job_begins_without_a_picture() -> None:
    live = LivePicture()
    live.take(ONE, 0.0)
    live.take(TWO, 1.0)
    assert live.take(None, 1.1) == (None, None)
