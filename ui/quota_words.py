"""Quotas in words, for the web pages and the command line. No Streamlit here."""

import datetime as dt

from ui.money import money
from ui.quota_types import Quota, QuotaName
from ui.wording import binary_size, moment

LABELS: dict[QuotaName, str] = {
    "day_jobs": "Jobs in 24 hours",
    "running_jobs": "Jobs running",
    "storage_bytes": "Storage",
    "month_tokens": "Tokens this month",
    "month_usd": "Money this month",
}


def label_of(quota: Quota) -> str:
    """What the quota is of. A name that this version does not know is shown as it is."""
    return LABELS.get(quota["name"], quota["name"].replace("_", " "))


def amount_of(quota: Quota) -> str:
    """`3 of 20`, `1.2 GiB of 20.0 GiB`, `$0.42, no limit`; not for Markdown as it is."""
    used = _amount(quota["name"], quota["used"])
    return f"{used}, no limit" if quota["limit"] is None else f"{used} of {_amount(quota['name'], quota['limit'])}"


def share_of(quota: Quota) -> float | None:
    """How much of it is used, between 0 and 1; None: there is no limit."""
    if quota["limit"] is None:
        return None
    return min(1.0, max(0.0, quota["used"] / quota["limit"])) if quota["limit"] else 1.0


def renewal_of(quota: Quota) -> str:
    """`anew on 2026-12-01`, `more from 2026-11-23 14:05 UTC`; "" where there is no limit, or no time makes more."""
    if quota["limit"] is None or quota["renews_at"] is None:
        return ""
    when = moment(quota["renews_at"]).astimezone(dt.UTC)
    if (when.hour, when.minute, when.second) == (0, 0, 0):
        return f"anew on {when:%Y-%m-%d}"
    return f"more from {when:%Y-%m-%d %H:%M} UTC"


def _amount(name: QuotaName, number: float) -> str:
    if name == "storage_bytes":
        return binary_size(number)
    return money(number) if name == "month_usd" else f"{number:,.0f}"
