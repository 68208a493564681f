"""The ledger: what one's model calls have cost, summed and call by call."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from cloud.agent.prices import is_priced
from cloud.api.dependencies import OwnerDep, PagingDep, Services, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import Page
from cloud.api.shapes import page_out
from cloud.api.usage_shapes import (
    AccountUsageOut,
    UsageOut,
    UsageRow,
    csv_head,
    csv_row,
    group_out,
    month_out,
    row_out,
    sums_out,
)
from cloud.db.engine import Transaction
from cloud.jobs.ledger import queries as ledger
from cloud.jobs.ledger.month import month_of
from cloud.projects import queries

router = APIRouter(tags=["usage"], responses=documented(422))

_CSV = "text/csv"
_CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {_CSV: {"schema": {"type": "string"}}}}}


def _as_written(text: Any) -> Any:
    """Pydantic would take a number too, as seconds since 1970."""
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a day is written as 2026-01-31")
    return text


Day = Annotated[dt.date, BeforeValidator(_as_written)]


def get_days(
    since: Annotated[Day | None, Query(description="Only calls of this day (UTC) and later.")] = None,
    until: Annotated[Day | None, Query(description="Only calls of this day (UTC) and earlier.")] = None,
) -> ledger.Window:
    """The calls of these days, of everybody."""
    return ledger.Window(
        None,
        since=_midnight(since) if since else None,
        until=_midnight(until + dt.timedelta(days=1)) if until and until < dt.date.max else None,
    )


def get_window(owner: OwnerDep, days: Annotated[ledger.Window, Depends(get_days)]) -> ledger.Window:
    """One's own of them."""
    return replace(days, owner=owner)


WindowDep = Annotated[ledger.Window, Depends(get_window)]


@router.get("/usage", summary="What model calls have cost")
async def get_usage(
    window: WindowDep, owner: OwnerDep, transaction: TransactionDep, services: ServicesDep
) -> AccountUsageOut:
    """The sums of all one's calls, and what is left of the month's budget. Deleted projects count: they were paid."""
    month = await month_of(transaction, owner, services.settings)
    sums = await _sums(transaction, window)
    return AccountUsageOut(month=month_out(month), **dict(sums))


@router.get("/usage/rows", summary="Every model call", responses=_CSV_ANSWER, response_model=Page[UsageRow])
async def list_usage(
    request: Request,
    window: WindowDep,
    transaction: TransactionDep,
    services: ServicesDep,
    paging: PagingDep,
    form: Annotated[
        Literal["json", "csv"] | None,
        Query(alias="format", description="csv: all rows in one file, oldest first; also by `Accept: text/csv`."),
    ] = None,
) -> Page[UsageRow] | StreamingResponse:
    """Newest first, in pages; or all of them as CSV."""
    if (form or ("csv" if _CSV in request.headers.get("accept", "") else "json")) == "csv":
        headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
        return StreamingResponse(_csv_lines(services, window), media_type=_CSV, headers=headers)
    return page_out(await ledger.usage_rows(transaction, window, paging.cursor, paging.limit), row_out)


@router.get("/jobs/{job_id}/usage", summary="What a job has cost", tags=["jobs"], responses=documented(404))
async def get_job_usage(job_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> UsageOut:
    """The sums of its calls, also while it runs."""
    await queries.get_job(transaction, owner, job_id)
    return await _sums(transaction, ledger.Window(owner, job_id))


async def _sums(transaction: Transaction, window: ledger.Window) -> UsageOut:
    groups = {
        name: [group_out(value, sums) for value, sums in await ledger.sums_by(transaction, window, name)]
        for name in ledger.GROUPS
    }
    unpriced = [model for model in await ledger.unpriced_models(transaction, window) if not is_priced(model)]
    return UsageOut(
        totals=sums_out(await ledger.sums_of(transaction, window)),
        by_day=groups["day"],
        by_model=groups["model"],
        by_purpose=groups["purpose"],
        by_payer=groups["billed_to"],
        unpriced_models=unpriced,
    )


async def _csv_lines(services: Services, window: ledger.Window) -> AsyncIterator[str]:
    """In a session of its own: the request's has ended when the body is sent."""
    yield csv_head()
    async with services.database.sessions() as session:
        async for row in ledger.all_rows(session, window):
            yield csv_row(row)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
