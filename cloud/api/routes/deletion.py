"""Giving up one's account, and the report of what was deleted."""

import datetime as dt
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud.accounts.proof import demand_proof
from cloud.accounts.usernames import checked_username
from cloud.api.account_shapes import KnownPassword, Username
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import Body
from cloud.db.account_models import AccountDeletion
from cloud.errors import InvalidInput, NotFound
from cloud.jobs.closing import queries
from cloud.jobs.closing.requests import request_deletion

public = APIRouter(tags=["privacy"])
router = APIRouter(tags=["privacy"])

Count = Annotated[int, Field(ge=0)]


class DeletionIn(Body):
    username: Username = Field(description="One's own name, typed as a confirmation.")
    password: KnownPassword | None = Field(
        default=None, description="Left out where the account has none; then the session must be a fresh one."
    )


class DeletionOut(BaseModel):
    """How far the deletion of an account is, and what was deleted. It names neither the account nor what was in it."""

    report_id: UUID
    state: Literal["stopping", "deleting", "sweeping", "waiting", "finished"] = Field(
        description="Jobs are being stopped; rows deleted; files looked for; files waiting to be deleted; all is done."
    )
    requested_at: dt.datetime
    finished_at: dt.datetime | None = Field(description="At most an hour after the request; then nothing is left.")
    rows: dict[str, Count] = Field(description="How many rows of each table were deleted so far.")
    bytes: dict[str, Count] = Field(description="What the files of each kind took.")
    audit_entries_blanked: Count = Field(description="Entries of the audit log that hold no more than an id now.")

    @classmethod
    def of(cls, row: AccountDeletion) -> Self:
        """What is shown of a deletion."""
        report: dict[str, Any] = row.report
        return cls(
            report_id=row.id,
            state=row.state,  # pyright: ignore[reportArgumentType] - it is checked as it is made
            requested_at=row.requested_at,
            finished_at=row.finished_at,
            rows=report.get("rows", {}),
            bytes=report.get("bytes", {}),
            audit_entries_blanked=report.get("audit_entries_blanked", 0),
        )


@router.delete("/account", status_code=202, summary="Delete the account", responses=documented(403, 409, 422, 429))
async def delete_account(
    body: DeletionIn, identity: IdentityDep, services: ServicesDep, origin: OriginDep
) -> DeletionOut:
    """Close the account now and delete all that is its: it cannot be brought back.

    From this answer on no session, token, key or shared link of it is worth anything, and its jobs stop. The rest goes
    by itself, within the hour; `GET /v1/deletions/{report_id}` tells how far it is, to whoever has the number.
    """
    if checked_username(body.username).casefold() != identity.user.username.casefold():
        raise InvalidInput("The username is not yours; type it to confirm that this account is to be deleted.")
    sessions = services.database.sessions
    await demand_proof(sessions, services.accounts, services.throttle, identity, body.password)
    async with sessions.begin() as session:
        deletion = await request_deletion(session, identity, origin)
    services.deletions.wake()
    return DeletionOut.of(deletion)


@public.get("/deletions/{report_id}", summary="The report of a deletion", responses=documented(404, 422))
async def get_deletion(report_id: UUID, session: TransactionDep) -> DeletionOut:
    """How far it is. Reports are kept for 90 days."""
    row = await queries.find_deletion(session, report_id)
    if row is None:
        raise NotFound("deletion", report_id)
    return DeletionOut.of(row)
