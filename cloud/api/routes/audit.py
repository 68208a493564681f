"""The audit log: one's own entries, and for admins all of them, also as a file."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from cloud.accounts.audit import queries
from cloud.api.audit_shapes import AuditPage, csv_head, csv_row, entry_out, json_line, own_entry_out
from cloud.api.dependencies import IdentityDep, OriginDep, Services, ServicesDep, TransactionDep
from cloud.api.problems import documented

router = APIRouter(tags=["account"], responses=documented(422))
admin = APIRouter(prefix="/admin", tags=["admin"], responses=documented(422))

_CSV, _JSON_LINES = "text/csv", "application/jsonl"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}, _JSON_LINES: {"schema": {"type": "string"}}}}
}


def get_cursor(
    cursor: Annotated[
        str | None, Query(pattern="^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = None,
) -> int | None:
    """The number of the entry that the page before ended with."""
    return int(cursor) if cursor is not None else None


CursorDep = Annotated[int | None, Depends(get_cursor)]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Entries of one page at most.")]
ActionQuery = Annotated[
    str,
    Query(
        pattern=r"^([a-z_]{1,40}\.[a-z_]{0,40})?$",
        description="An action (`token.created`), or a kind of it (`token.`).",
    ),
]


@router.get("/account/audit", summary="Look at one's own audit log")
async def list_own_audit(
    identity: IdentityDep,
    transaction: TransactionDep,
    cursor: CursorDep,
    limit: LimitQuery = 50,
    action: ActionQuery = "",
) -> AuditPage:
    """What one did, and what others did to one's account; failed attempts to sign in as oneself too."""
    wanted = queries.Wanted(of_user=identity.user.id, action=action)
    found, following = await queries.page_of_entries(transaction, wanted, cursor, limit)
    items = [own_entry_out(each, identity.user.id) for each in found]
    return AuditPage(items=items, next_cursor=None if following is None else str(following))


def _as_written(text: Any) -> Any:
    """Pydantic would take a number too, as seconds since 1970."""
    if isinstance(text, str) and not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a time is written as 2026-01-31T12:00:00Z")
    return text


Moment = Annotated[dt.datetime, BeforeValidator(_as_written)]


def get_wanted(
    actor: Annotated[UUID | None, Query(description="Only what this user did.")] = None,
    action: ActionQuery = "",
    subject: Annotated[
        str, Query(pattern=r"^([a-z_]{1,40}:[ -~]{1,200})?$", description="Only what was done to this: `user:<id>`.")
    ] = "",
    since: Annotated[Moment | None, Query(description="Only from this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Only before this time.")] = None,
) -> queries.Wanted:
    """Which entries an admin asks for. Times without a zone are UTC."""
    return queries.Wanted(actor=actor, action=action, subject=subject, since=_utc(since), until=_utc(until))


WantedDep = Annotated[queries.Wanted, Depends(get_wanted)]


@admin.get("/audit", summary="Look at the audit log", responses=_FILES, response_model=AuditPage)
async def list_audit(
    wanted: WantedDep,
    identity: IdentityDep,
    origin: OriginDep,
    services: ServicesDep,
    cursor: CursorDep,
    limit: LimitQuery = 50,
    form: Annotated[
        Literal["json", "csv", "jsonl"], Query(alias="format", description="csv, jsonl: all in one file, oldest first.")
    ] = "json",
) -> AuditPage | StreamingResponse:
    """Newest first, in pages; or all of them as a file, which is an act of its own that the log tells of.

    Entries are kept for ever: the database refuses to change or delete one. Of deleted accounts what is personal is
    blanked.
    """
    async with services.database.sessions.begin() as session:
        if form == "json":
            found, following = await queries.page_of_entries(session, wanted, cursor, limit)
            items = [entry_out(each) for each in found]
            return AuditPage(items=items, next_cursor=None if following is None else str(following))
        details = {"format": form, **_told(wanted)}
        await queries.add_entry(session, "audit.exported", actor=identity.user.id, origin=origin, details=details)
    headers = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
    media_type = _CSV if form == "csv" else _JSON_LINES
    return StreamingResponse(_lines(services, wanted, as_csv=form == "csv"), media_type=media_type, headers=headers)


async def _lines(services: Services, wanted: queries.Wanted, *, as_csv: bool) -> AsyncIterator[str]:
    """In a session of its own: the request's has ended when the body is sent."""
    if as_csv:
        yield csv_head()
    async with services.database.sessions() as session:
        async for each in queries.all_entries(session, wanted):
            yield csv_row(each) if as_csv else json_line(each)


def _told(wanted: queries.Wanted) -> dict[str, str]:
    """What was asked for, as the log keeps it."""
    asked = {
        "actor": wanted.actor,
        "action": wanted.action,
        "subject": wanted.subject,
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
    }
    return {name: str(value) for name, value in asked.items() if value}


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError:  # at either end of what a calendar has, some hours more or less tell nothing apart
        return moment.replace(tzinfo=dt.UTC)
