"""The SQL of the audit log. The caller's transaction: an act and its entry are committed together or not at all."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.accounts.origin import Origin
from cloud.db.account_models import AuditEntry
from cloud.db.models import User

_HOUR = dt.timedelta(hours=1)


async def add_entry(
    session: AsyncSession,
    action: str,
    *,
    actor: uuid.UUID | None,
    origin: Origin,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """One act, named `noun.verb` (`session.created`, `password.changed`, `token.revoked`, …).

    `subject` is what it was done to (`user:<id>`, `share:<id>`); `details` are few and hold no secret.
    """
    entry = AuditEntry(
        actor_id=actor,
        action=action,
        subject=subject,
        address=origin.address,
        device=origin.device,
        details=dict(details or {}),
    )
    session.add(entry)
    await session.flush()


async def add_entry_once_an_hour(
    session: AsyncSession,
    action: str,
    *,
    actor: uuid.UUID,
    origin: Origin,
    subject: str,
    details: Mapping[str, Any],
) -> bool:
    """The entry, unless the actor has one of the same action, subject and details that is younger than an hour.

    A viewer fetches one file in many ranges at once: the first look is without a lock, and nearly always ends it.
    Returns: whether it was added.
    """
    alike = select(AuditEntry.id).where(
        AuditEntry.subject == subject,
        AuditEntry.actor_id == actor,
        AuditEntry.action == action,
        AuditEntry.details == dict(details),
        AuditEntry.at > func.now() - _HOUR,
    )
    if await session.scalar(alike.limit(1)) is not None:
        return False
    lock = f"{action} {subject} {actor}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0))))
    if await session.scalar(alike.limit(1)) is not None:
        return False
    await add_entry(session, action, actor=actor, origin=origin, subject=subject, details=details)
    return True


@dataclass(frozen=True)
class Wanted:
    """Which entries: all conditions that are given must hold. `since` is within, `until` is not.

    `of_user`: what the user did, and what was done to the account. `action` is whole, or ends in a dot: `session.`.
    """

    of_user: uuid.UUID | None = None
    actor: uuid.UUID | None = None
    action: str = ""
    subject: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True)
class NamedEntry:
    """An entry, with the name that its actor has now; None: nobody's, or of an account that is gone."""

    entry: AuditEntry
    actor_name: str | None


async def page_of_entries(
    session: AsyncSession, wanted: Wanted, before: int | None, limit: int
) -> tuple[Sequence[NamedEntry], int | None]:
    """The newest entries, or the newest that are older than the one numbered `before`.

    Returns: at most `limit` of them, and what `before` is for the next page; None: there is none.
    """
    statement = _within(wanted).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    found = [NamedEntry(entry, name) for entry, name in await session.execute(statement)]
    page = found[:limit]
    return page, page[-1].entry.id if len(found) > limit else None


async def all_entries(session: AsyncSession, wanted: Wanted) -> AsyncIterator[NamedEntry]:
    """Every one of them, oldest first, a few at a time."""
    statement = _within(wanted).order_by(AuditEntry.id).execution_options(yield_per=500)
    async for entry, name in await session.stream(statement):
        yield NamedEntry(entry, name)


def _within(wanted: Wanted) -> Select[AuditEntry, str]:
    statement = select(AuditEntry, User.username).outerjoin(User, User.id == AuditEntry.actor_id)
    if wanted.of_user is not None:
        own = (AuditEntry.actor_id == wanted.of_user) | (AuditEntry.subject == f"user:{wanted.of_user}")
        statement = statement.where(own)
    if wanted.actor is not None:
        statement = statement.where(AuditEntry.actor_id == wanted.actor)
    if wanted.action.endswith("."):
        statement = statement.where(AuditEntry.action.startswith(wanted.action, autoescape=True))
    elif wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.subject:
        statement = statement.where(AuditEntry.subject == wanted.subject)
    if wanted.since is not None:
        statement = statement.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEntry.at < wanted.until)
    return statement
