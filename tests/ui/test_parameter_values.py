"""What a parameter's value is on the screen."""

from typing import Any

import pytest

from ui.parameter_values import is_seed, same, scale_of, told, value_of


def parameter(kind: str, value: Any, low: float | None = None, high: float | None = None, **facts: Any) -> Any:
    usual = {"id": "P", "name": "P", "label": "P", "unit": "", "description": "", "step": 1, "step_title": "One"}
    return {**usual, "type": kind, "value": value, "min": low, "max": high, **facts}


@pytest.mark.parametrize(
    ("channels", "expected"),
    [([0, 0, 0, 1], "#000000"), ([1, 1, 1], "#ffffff"), ([0.5271, 0.0137, 0.0137, 1.0], "#c01f1f")],
    ids=["black", "white", "red"],
)
def test_a_linear_colour_is_shown_as_a_screen_has_it(channels: list[float], expected: str) -> None:
    shown = value_of(parameter("colour", channels))
    assert isinstance(shown, str)
    pairs = [(int(shown[at : at + 2], 16), int(expected[at : at + 2], 16)) for at in (1, 3, 5)]
    assert all(abs(one - other) <= 1 for one, other in pairs)


def test_a_number_has_a_slider_with_a_round_step() -> None:
    scale = scale_of(parameter("number", 0.45, 0.3, 0.7), [0.45])
    assert scale is not None
    assert (scale.low, scale.high, scale.step, scale.decimals) == (0.3, 0.7, 0.002, 3)


def test_a_slider_is_wide_enough_for_what_was_typed() -> None:
    scale = scale_of(parameter("number", 9.0, 0.3, 0.7), [9.0, 0.45])
    assert scale is not None
    assert (scale.low, scale.high) == (0.3, 9.0)


def test_seeds_and_huge_counts_are_typed() -> None:
    assert scale_of(parameter("count", 7, 0, 99, name="NOISE_SEED"), [7]) is None
    assert scale_of(parameter("count", 7, 0, 100_000), [7]) is None
    assert is_seed(parameter("count", 7, name="NOISE_SEED"))
    assert not is_seed(parameter("count", 7, name="SEED_COUNT"))


def test_a_count_moves_by_one() -> None:
    scale = scale_of(parameter("count", 4, 1, 16), [4])
    assert scale is not None
    assert (scale.low, scale.high, scale.step) == (1, 16, 1)


def test_values_are_told_with_their_unit() -> None:
    assert told(parameter("number", 0.45, unit="m"), 0.45) == "0.45 m"
    assert told(parameter("switch", True), True) == "on"


def test_a_slider_that_misses_a_value_by_a_rounding_has_not_changed_it() -> None:
    assert same(0.1 + 0.2, 0.3)
    assert not same(0.3, 0.301)
