"""What model calls have cost, in rows and words."""

import datetime as dt

from tests.ui.fake_admin import sums
from ui.usage_words import COST, DAY, cached_share, days_of, table_of, tokens_of

FIRST, LAST = dt.date(2026, 1, 30), dt.date(2026, 2, 2)


def test_every_day_has_a_bar_also_those_without_calls() -> None:
    rows = days_of([sums("2026-02-01", usd=0.5)], FIRST, LAST)
    assert [(row[DAY], row[COST]) for row in rows] == [
        ("2026-01-30", 0.0),
        ("2026-01-31", 0.0),
        ("2026-02-01", 0.5),
        ("2026-02-02", 0.0),
    ]
    assert rows[2]["Input from the cache"] == 300
    assert rows[0]["Output"] == 0


def test_cached_share_is_of_all_input() -> None:
    assert cached_share(sums(cached=300)) == 0.75
    assert cached_share({**sums(cached=0), "input_tokens": 0, "cache_write_tokens": 0}) is None
    assert tokens_of(sums(cached=300)) == 440


def test_unknown_price_is_said_and_not_nought() -> None:
    assert table_of([sums("m", usd=None)], "Model")[0]["Cost"] == "unknown"
    assert table_of([sums("m", usd=0.5)], "Model")[0] == {
        "Model": "m",
        "Cost": "$0.50",
        "Calls": "2",
        "New input": "60",
        "Input from the cache": "300",
        "Input kept in the cache": "40",
        "Output": "40",
    }
