"""What model calls have cost, as rows for charts and tables and as sentences. No Streamlit here."""

import datetime as dt
from collections.abc import Sequence

from ui.api_types import UsageGroup, UsageSums
from ui.money import money

DAY, COST = "Day", "US dollars"
KINDS = {
    "New input": "input_tokens",
    "Input from the cache": "cache_read_tokens",
    "Input kept in the cache": "cache_write_tokens",
    "Output": "output_tokens",
}
"""The kinds of tokens, and the sum of each."""


def days_of(by_day: Sequence[UsageGroup], first: dt.date, last: dt.date) -> list[dict[str, object]]:
    """A row for each day from `first` to `last`, also for those without a call: the day, its cost, its tokens."""
    known = {group["name"]: group for group in by_day}
    rows: list[dict[str, object]] = []
    for number in range((last - first).days + 1):
        day = (first + dt.timedelta(days=number)).isoformat()
        group = known.get(day)
        tokens = {kind: group[name] if group else 0 for kind, name in KINDS.items()}
        rows.append({DAY: day, COST: (group["usd"] or 0.0) if group else 0.0, **tokens})
    return rows


def table_of(groups: Sequence[UsageGroup], first_column: str) -> list[dict[str, str]]:
    """The same numbers to read, one row for each group that had a call."""
    return [
        {
            first_column: group["name"],
            "Cost": "unknown" if group["usd"] is None else money(group["usd"]),
            "Calls": f"{group['calls']:,}",
            **{kind: f"{group[name]:,}" for kind, name in KINDS.items()},
        }
        for group in groups
    ]


def cached_share(sums: UsageSums) -> float | None:
    """How much of all input came from the cache, between 0 and 1; None: there was no input."""
    input_tokens = sums["input_tokens"] + sums["cache_read_tokens"] + sums["cache_write_tokens"]
    return sums["cache_read_tokens"] / input_tokens if input_tokens else None


def tokens_of(sums: UsageSums) -> int:
    """All of them."""
    return sum(sums[name] for name in KINDS.values())
