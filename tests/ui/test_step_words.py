"""What steps and comparisons come to, in words."""

from typing import Any

from ui.step_words import cost_words, difference_words

COST: Any = {
    "input_tokens": 1000, "output_tokens": 200, "cache_read_tokens": 0, "cache_write_tokens": 34, "usd": 0.0123,
    "shared_by": 1,
}  # fmt: skip


def test_a_steps_cost_names_dollars_tokens_and_who_shares_them() -> None:
    assert cost_words(COST) == "$0.0123 · 1,234 tokens"
    assert cost_words(COST | {"shared_by": 3}) == "$0.0123 · 1,234 tokens, shared by the 3 steps of one turn"
    assert cost_words(COST | {"usd": None}) == "price unknown · 1,234 tokens"
    assert cost_words(None) == "No model call asked for it."


def test_a_difference_names_what_people_look_for_first() -> None:
    changed = {"modified": ["Seat"], "added": ["Leg", "Arm"], "renamed": {"Cube": "Top"}, "summary": "x", "removed": []}
    assert difference_words(changed) == [
        ("Added (2)", "Leg, Arm"),
        ("Renamed (1)", "Cube → Top"),
        ("Changed (1)", "Seat"),
    ]


def test_of_a_long_list_the_first_are_named_and_the_rest_is_counted() -> None:
    rows = difference_words({"added": [f"Leg {n}" for n in range(20)], "counts": {"added": 250}})
    assert rows[0][0] == "Added (250)"
    assert rows[0][1].endswith("Leg 11 and 238 more")
