"""`prompt2mesh usage`: what one's model calls have cost, and how much one may still do."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from cloud.cli.admin_view import show_quotas
from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.display import Display, plain
from cloud.cli.make import Where
from ui.api_client import ApiClient
from ui.api_types import MonthBudget, UsageGroup, UsageReport
from ui.money import money
from ui.quota_types import Quota

_BAR_WIDTH = 24
_DAYS_SHOWN = 31


class UsageAndQuotas(UsageReport):
    """The ledger's sums, and how much one may still do."""

    quotas: list[Quota]


def usage_command(
    since: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only from this day (UTC) on, such as 2026-11-01.", metavar="DAY"),
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only up to this day.", metavar="DAY")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write every call to this file.", metavar="FILE")
    ] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """What your model calls have cost: by day, model and purpose, and what is left of your quotas."""
    first, last = (day.date().isoformat() if day else None for day in (since, until))

    def work(client: ApiClient, display: Display) -> UsageAndQuotas:
        if csv is not None:
            client.download_usage(csv.absolute(), first, last)
            display.note(f"every call is in {csv}")
        return {**client.usage(first, last), "quotas": client.quotas()}

    answer_of_server(Where(server, token), as_json, work, _show)


def _show(console: Console, report: UsageAndQuotas) -> None:
    totals = report["totals"]
    if not totals["calls"]:
        console.print("No model call has been made.")
    else:
        console.print(f"{totals['calls']} model calls, {_usd(totals['usd'])}", style="bold")
        groups = {"day": report["by_day"][-_DAYS_SHOWN:], "model": report["by_model"]}
        groups |= {"for": report["by_purpose"], "paid by": report["by_payer"]}
        for title, rows in groups.items():
            console.print(_table(title, rows))
    _show_month(console, report["month"])
    if report["unpriced_models"]:
        console.print(f"No price is known of {plain(', '.join(report['unpriced_models']))}: counted as nothing.")
    if estimates := totals["estimates"]:
        calls = "1 call was" if estimates == 1 else f"{estimates} calls were"
        console.print(f"{calls} cut off: what the server had not yet told of the output is estimated.")
    show_quotas(console, report["quotas"])


def _table(title: str, rows: Sequence[UsageGroup]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, min_width=20)
    for name in ("calls", "tokens in", "from cache", "tokens out", "cost"):
        table.add_column(name, justify="right")
    table.add_column("")
    dearest = max((row["usd"] or 0.0 for row in rows), default=0.0)
    for row in rows:
        given = row["input_tokens"] + row["cache_read_tokens"] + row["cache_write_tokens"]
        cached = row["cache_read_tokens"] / given if given else 0.0
        bar = ProgressBar(total=dearest or 1.0, completed=row["usd"] or 0.0, width=_BAR_WIDTH)
        numbers = (str(row["calls"]), f"{given:,}", f"{cached:.0%}", f"{row['output_tokens']:,}", _usd(row["usd"]))
        table.add_row(plain(row["name"]), *numbers, bar)
    return table


def _show_month(console: Console, month: MonthBudget) -> None:
    spent, limit = _usd(month["spent_usd"]), month["limit_usd"]
    if limit is None:
        console.print(f"This month, with the system's key: {spent}; there is no limit.")
    else:
        left, anew = _usd(month["left_usd"] or 0.0), month["ends"][:10]
        console.print(f"This month, with the system's key: {spent} of {_usd(limit)}; {left} are left until {anew}.")


def _usd(amount: float | None) -> str:
    if amount is None:
        return money(None)
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"
