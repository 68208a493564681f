"""Quotas in words."""

from typing import cast

import pytest

from tests.ui.fake_account import quota
from ui.quota_types import Quota
from ui.quota_words import amount_of, label_of, renewal_of, share_of


def _quota(name: str, limit: float | None, used: float, renews_at: str | None = None) -> Quota:
    return cast(Quota, quota(name, limit, used, renews_at))


@pytest.mark.parametrize(
    ("given", "label", "amount", "share"),
    [
        (_quota("day_jobs", 20, 5), "Jobs in 24 hours", "5 of 20", 0.25),
        (_quota("month_tokens", 1_000_000, 2_000_000), "Tokens this month", "2,000,000 of 1,000,000", 1.0),
        (_quota("month_usd", 2.5, 0.5), "Money this month", "$0.50 of $2.50", 0.2),
        (_quota("storage_bytes", 20 * 2**30, 2**30), "Storage", "1.0 GiB of 20.0 GiB", 0.05),
        (_quota("running_jobs", None, 3), "Jobs running", "3, no limit", None),
        (_quota("hourly_dances", 2, 1), "hourly dances", "1 of 2", 0.5),
    ],
    ids=lambda given: given["name"] if isinstance(given, dict) else "",
)
def test_what_is_used_is_told(given: Quota, label: str, amount: str, share: float | None) -> None:
    assert (label_of(given), amount_of(given), share_of(given)) == (label, amount, share)


@pytest.mark.parametrize(
    ("limit", "renews_at", "said"),
    [
        (5, "2026-12-01T00:00:00+00:00", "anew on 2026-12-01"),
        (5, "2026-11-24T01:30:00+02:00", "more from 2026-11-23 23:30 UTC"),
        (None, "2026-12-01T00:00:00Z", ""),
        (5, None, ""),
    ],
    ids=["at midnight", "in another zone", "without a limit", "never"],
)
def test_when_there_is_more_is_told(limit: float | None, renews_at: str | None, said: str) -> None:
    assert renewal_of(_quota("day_jobs", limit, 1, renews_at)) == said
