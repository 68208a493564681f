"""The JSON and the CSV of what model calls have cost."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from cloud.agent.prices import is_priced, known_usd
from cloud.db.models import Usage
from cloud.jobs.ledger.month import Month
from cloud.jobs.ledger.queries import Sums

# US dollars are told to the micro-dollar, in which each row is kept.
_PLACES = 6


class UsageSums(BaseModel):
    """What some calls used together; each sum is that of the rows, exactly."""

    calls: int
    estimates: int = Field(description="Of the calls, those that were cut off: their output tokens are estimated.")
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: float | None = Field(description="null: nobody knows the price of any of these calls.")


class UsageGroup(UsageSums):
    """The sums of one day, model, purpose or payer."""

    name: str = Field(examples=["2026-11-23"])


class MonthOut(BaseModel):
    """What the deployment pays for this user in this calendar month (UTC)."""

    began: dt.datetime
    ends: dt.datetime
    spent_usd: float = Field(description="Calls with the system's key alone.")
    limit_usd: float | None = Field(description="At this, no new build is taken; null is no limit.")
    left_usd: float | None


class UsageOut(BaseModel):
    totals: UsageSums
    by_day: list[UsageGroup]
    by_model: list[UsageGroup]
    by_purpose: list[UsageGroup]
    by_payer: list[UsageGroup] = Field(description="Whose key paid: system, user, or nobody.")
    unpriced_models: list[str] = Field(description="Their price is unknown: their calls count as 0 US dollars.")


class AccountUsageOut(UsageOut):
    month: MonthOut


class UsageRow(BaseModel):
    """One model call."""

    id: UUID
    created_at: dt.datetime
    job_id: UUID | None = Field(description="null: the job is gone; what it cost is not.")
    purpose: str
    model: str
    billed_to: Literal["system", "user", "nobody"] | str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: float | None = Field(description="null: the model's price is unknown; it counts as 0.")
    is_priced: bool = Field(description="False: the model's price is unknown.")
    is_estimate: bool = Field(description="The call was cut off: its output tokens are estimated.")


def sums_out(sums: Sums) -> UsageSums:
    return UsageSums(**_facts(sums))


def group_out(name: str, sums: Sums) -> UsageGroup:
    return UsageGroup(name=name, **_facts(sums))


def month_out(month: Month) -> MonthOut:
    return MonthOut(
        began=month.began,
        ends=month.ends,
        spent_usd=round(float(month.spent), _PLACES),
        limit_usd=None if month.limit is None else float(month.limit),
        left_usd=None if month.left is None else round(float(month.left), _PLACES),
    )


def row_out(row: Usage) -> UsageRow:
    has_price = row.usd > 0 or is_priced(row.model)
    return UsageRow(
        id=row.id,
        created_at=row.created_at,
        job_id=row.job_id,
        purpose=row.purpose,
        model=row.model,
        billed_to=row.billed_to,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        usd=float(row.usd) if has_price else None,
        is_priced=has_price,
        is_estimate=row.is_estimate,
    )


def csv_head() -> str:
    """The header of the export."""
    return _csv_line(list(UsageRow.model_fields))


def csv_row(row: Usage) -> str:
    """One line of the export; money with all its places, so that a spreadsheet's sum is ours."""
    facts = row_out(row).model_dump(mode="json")
    if facts["usd"] is not None:
        facts["usd"] = f"{row.usd:.{_PLACES}f}"
    return _csv_line(["" if value is None else value for value in facts.values()])


def _csv_line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_plain(value) for value in values])
    return line.getvalue()


def _plain(value: object) -> object:
    """A text that a spreadsheet takes for a formula is made a text: the model's name comes from a server."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _facts(sums: Sums) -> dict[str, Any]:
    return {
        "calls": sums.calls,
        "estimates": sums.estimates,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cache_read_tokens": sums.cache_read_tokens,
        "cache_write_tokens": sums.cache_write_tokens,
        "usd": known_usd(round(float(sums.usd), _PLACES), sums.free_models),
    }
