"""Acts on accounts: suspension and its end, quotas, making admins; each with its entry in the audit log."""

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from cloud.accounts.admin import queries
from cloud.accounts.audit.queries import add_entry
from cloud.errors import Conflict, Forbidden

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.accounts.origin import Origin

LIMIT_COLUMNS = {
    "day_jobs": "day_job_limit",
    "month_usd": "month_usd_limit",
    "month_tokens": "month_token_limit",
    "storage_mib": "storage_mib_limit",
}
"""A quota's name, and the column of `users` that holds a user's own."""


class NoAdminAnyMore(Forbidden):
    """Whoever acts has lost the office since the request came."""

    code = "no_admin_any_more"

    def __init__(self) -> None:
        super().__init__("You are no admin any more.")


class NotThisAccount(Conflict):
    """It is one's own, or the last admin's."""

    code = "not_this_account"

    def __init__(self, *, is_own: bool) -> None:
        what = "your own account" if is_own else "the last admin's account, or nobody could undo it"
        super().__init__(f"You cannot suspend {what}; ask another admin.")


async def suspend(session: "AsyncSession", actor: uuid.UUID, origin: "Origin", user_id: uuid.UUID, reason: str) -> None:
    """From the commit on the account can do nothing, and no job of it is begun; `reason` is told to its user.

    Its jobs are stopped afterwards, by `cloud.jobs.stopping`. Raises: NotFound. NotThisAccount. NoAdminAnyMore.
    """
    # All admins are locked, so that of two who suspend each other at once the second is told that they are suspended.
    admins = await queries.lock_active_admins(session)
    if actor not in admins:
        raise NoAdminAnyMore
    user = await queries.get_user(session, user_id, lock=True)
    if user_id == actor:
        raise NotThisAccount(is_own=True)
    if user.is_admin and not set(admins) - {user_id}:
        raise NotThisAccount(is_own=False)
    moment = user.suspended_at or dt.datetime.now(dt.UTC)
    await queries.change_user(session, user_id, {"suspended_at": moment, "suspended_for": reason})
    details = {"reason": reason}
    await add_entry(session, "user.suspended", actor=actor, origin=origin, subject=f"user:{user_id}", details=details)


async def restore(session: "AsyncSession", actor: uuid.UUID, origin: "Origin", user_id: uuid.UUID) -> None:
    """The account works again, with the sessions and tokens that it had. Raises: NotFound. Conflict: it is not
    suspended."""
    user = await queries.get_user(session, user_id, lock=True)
    if user.suspended_at is None:
        raise Conflict("The account is not suspended.")
    await queries.change_user(session, user_id, {"suspended_at": None, "suspended_for": ""})
    await add_entry(session, "user.restored", actor=actor, origin=origin, subject=f"user:{user_id}")


async def make_admin(session: "AsyncSession", actor: uuid.UUID, origin: "Origin", user_id: uuid.UUID) -> None:
    """The user is an admin too, from the commit on. Raises: NotFound. Conflict: they are suspended, or are one.
    NoAdminAnyMore."""
    if actor not in await queries.lock_active_admins(session):
        raise NoAdminAnyMore
    user = await queries.get_user(session, user_id, lock=True)
    if user.is_admin:
        raise Conflict("The user is an admin already.")
    if user.suspended_at is not None or user.deletion_requested_at is not None:
        raise Conflict("The account is suspended or being deleted; restore it first.")
    await queries.change_user(session, user_id, {"is_admin": True})
    await add_entry(session, "user.made_admin", actor=actor, origin=origin, subject=f"user:{user_id}")


async def set_quotas(
    session: "AsyncSession",
    actor: uuid.UUID,
    origin: "Origin",
    user_id: uuid.UUID,
    limits: Mapping[str, int | Decimal | None],
) -> None:
    """Set the user's own limits, by the names of `LIMIT_COLUMNS`; None: the setting's holds again, 0: no limit.

    Raises: NotFound.
    """
    await queries.get_user(session, user_id, lock=True)
    if not limits:
        return
    await queries.change_user(session, user_id, {LIMIT_COLUMNS[name]: limit for name, limit in limits.items()})
    details = {name: float(limit) if isinstance(limit, Decimal) else limit for name, limit in limits.items()}
    await add_entry(session, "quota.set", actor=actor, origin=origin, subject=f"user:{user_id}", details=details)
