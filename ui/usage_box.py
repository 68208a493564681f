"""What model calls have cost, as charts with the same numbers as a table, and the ledger to take home."""

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from ui.api_types import UsageGroup, UsageSums
from ui.charts import draw_bars
from ui.file_link import draw_file_link
from ui.money import money
from ui.session import current_session, errors_as_banner
from ui.table import draw_table
from ui.usage_words import COST, DAY, KINDS, cached_share, days_of, table_of, tokens_of
from ui.wording import count, plain

_WINDOWS = {"7 days": 7, "30 days": 30, "90 days": 90, "One year": 365}


def choose_days(key: str) -> tuple[dt.date, dt.date]:
    """Draw the choice of a window. Returns: its first and its last day (UTC)."""
    chosen = st.segmented_control("Days", list(_WINDOWS), default="30 days", key=key, label_visibility="collapsed")
    today = dt.datetime.now(dt.UTC).date()
    return today - dt.timedelta(days=_WINDOWS[chosen or "30 days"] - 1), today


def show_usage() -> None:
    """Draw one's own."""
    with st.container(border=True):
        st.header("What your model calls cost", anchor=False)
        with errors_as_banner():
            first, last = choose_days("usage_days")
            report = current_session().client.usage(since=first.isoformat())
            draw_sums(report["totals"])
            draw_days(report["by_day"], first, last, key="usage")
            draw_groups("By model", "Model", report["by_model"])
            if report["unpriced_models"]:
                names = ", ".join(plain(name) for name in report["unpriced_models"])
                st.caption(f"Counted as 0, because their price is unknown: {names}.")
        st.caption("Every single call, with its tokens and its price, for a spreadsheet:")
        draw_file_link("The ledger as CSV", "p2m/api/v1/usage/rows?format=csv", key="ledger")


def draw_sums(sums: UsageSums) -> None:
    """The three numbers that matter."""
    share = cached_share(sums)
    with st.container(horizontal=True, gap="large"):
        st.metric("Cost", "unknown" if sums["usd"] is None else money(sums["usd"]), width="content")
        st.metric("Calls", f"{sums['calls']:,}", width="content")
        st.metric("Tokens", f"{tokens_of(sums):,}", width="content")
        hint = "Input that Claude knew from the call before costs a tenth."
        st.metric("Input from the cache", "–" if share is None else f"{share:.0%}", help=hint, width="content")


def draw_days(by_day: Sequence[UsageGroup], first: dt.date, last: dt.date, *, key: str) -> None:
    """Cost by day and tokens by kind, and the same as a table. `key` tells the charts of a page apart."""
    if not by_day:
        st.caption("No model call in these days.")
        return
    rows = days_of(by_day, first, last)
    st.caption("Cost by day, in US dollars")
    below = "Cost by day; the table below has the numbers."
    draw_bars(rows, DAY, [COST], key=f"{key}_cost", description=below, numbers="$,.6~f")
    st.caption("Tokens by day and kind")
    draw_bars(rows, DAY, list(KINDS), key=f"{key}_tokens", description="Tokens by day; numbers in the table below.")
    with st.expander(f"The same as a table: {count(len(by_day), 'day')} with calls"):
        draw_table(table_of(list(reversed(by_day)), DAY), "Model calls by day")


def draw_groups(title: str, first_column: str, groups: Sequence[UsageGroup]) -> None:
    """Sums by something else, as a table that is folded."""
    if groups:
        with st.expander(title):
            draw_table(table_of(groups, first_column), f"Model calls {title[0].lower()}{title[1:]}")
