"""`prompt2mesh usage`: the ledger's sums in a terminal, and every call in a file."""

from typing import Any, cast

from rich.console import Console

from cloud.cli.usage import UsageAndQuotas, _show
from tests.ui.fake_account import quota

SUMS = {"calls": 3, "estimates": 1, "input_tokens": 100, "cache_write_tokens": 900, "output_tokens": 50}
DEAR, CHEAP = ({**SUMS, "cache_read_tokens": 3_000, "usd": usd} for usd in (2.5, 0.0123))


def shown(**facts: Any) -> str:
    """What the command prints of a report."""
    month = {"began": "2026-11-01T00:00:00Z", "ends": "2026-12-01T00:00:00Z", "spent_usd": 2.5}
    report = {
        "month": {**month, "limit_usd": 10.0, "left_usd": 7.5},
        "totals": DEAR,
        "by_day": [{"name": "2026-11-22", **CHEAP}, {"name": "2026-11-23", **DEAR}],
        "by_model": [{"name": "claude-sonnet-5-5", **DEAR}],
        "by_purpose": [{"name": "build", **DEAR}],
        "by_payer": [{"name": "system", **DEAR}],
        "unpriced_models": [],
        "quotas": [quota("day_jobs", 20, 15, "2026-11-24T09:29:31+00:00"), quota("month_usd", None, 2.5)],
        **facts,
    }
    console = Console(width=140, record=True, file=None, quiet=False)
    with console.capture() as captured:
        _show(console, cast(UsageAndQuotas, report))
    return captured.get()


def test_table_tells_calls_tokens_cache_and_cost() -> None:
    (line,) = [line for line in shown().splitlines() if "2026-11-22" in line]
    assert line.split()[:6] == ["2026-11-22", "3", "4,000", "75%", "50", "$0.0123"]
    assert "$2.50 of $10.00; $7.50 are left until 2026-12-01" in shown()


def test_models_without_a_price_and_estimates_are_said() -> None:
    said = shown(unpriced_models=["local-model\x1b[31m"])
    assert "No price is known of local-model[31m: counted as nothing." in said
    assert "1 call was cut off" in said


def test_cost_that_nobody_knows_is_no_amount() -> None:
    unknown = {"name": "local-model", **CHEAP, "usd": None}
    said = shown(totals=unknown, by_model=[unknown])
    assert "3 model calls, price unknown" in said
    assert next(line for line in said.splitlines() if "local-model" in line).split()[5:7] == ["price", "unknown"]


def test_quotas_come_last_with_what_is_used_and_when_there_is_more() -> None:
    *_, jobs, usd = shown().rstrip().splitlines()
    assert jobs.split()[:7] == ["Jobs", "in", "24", "hours", "15", "of", "20"]
    assert jobs.endswith("more from 2026-11-24 09:29 UTC")
    assert usd.split() == ["Money", "this", "month", "$2.50,", "no", "limit"]


def test_user_without_calls_is_told_so() -> None:
    nothing = dict.fromkeys(DEAR, 0)
    said = shown(totals=nothing, by_day=[], by_model=[], by_purpose=[], by_payer=[])
    assert said.startswith("No model call has been made.")
