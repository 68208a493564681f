"""The SQL of the export of a user's data: one consistent look at all that is theirs, without secrets.

Which tables there are is read from the models, so that a new one is covered by itself.
"""

import datetime as dt
import decimal
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Table, or_, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from cloud.db.account_models import AuditEntry
from cloud.db.models import (
    Artifact,
    Base,
    Consultation,
    Event,
    Job,
    Message,
    Project,
    Snapshot,
    Step,
    User,
)

# Hashes and sealed keys are of the type LargeBinary; these are the others that open something.
_SECRETS = frozenset({"password_hash", "user_code"})
_OF_PROJECTS = frozenset({"projects", "jobs", "snapshots", "artifacts"})

Row = Mapping[str, Any]


@asynccontextmanager
async def only_one_export(engine: AsyncEngine, owner: uuid.UUID) -> AsyncIterator[bool]:
    """Whether the block may export: True for one of a user at a time, whichever process it is in."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            taken = text("SELECT pg_try_advisory_lock(hashtextextended('p2m export of ' || CAST(:owner AS text), 0))")
            yield bool(await connection.scalar(taken, {"owner": str(owner)}))
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))
        finally:
            await connection.invalidate()


async def freeze(session: AsyncSession) -> None:
    """From here on the transaction sees everything as it is now. To be called first."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


async def account_row(session: AsyncSession, owner: uuid.UUID) -> Row:
    """The user's own row."""
    users = Base.metadata.tables[User.__tablename__]
    return await _one(session, users, users.c.id == owner)


async def account_tables(session: AsyncSession, owner: uuid.UUID) -> AsyncIterator[tuple[str, list[Row]]]:
    """The rows of every table that belong to the user rather than to a project, each with the table's name."""
    for table in Base.metadata.sorted_tables:
        owners = [
            column
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table.name == User.__tablename__
        ]
        if owners and table.name not in _OF_PROJECTS:
            yield table.name, await _all(session, table, or_(*(column == owner for column in owners)))


async def audit_entries(session: AsyncSession, owner: uuid.UUID) -> list[Row]:
    """What the user did; and what others did to the account, without where those came from."""
    table = Base.metadata.tables[AuditEntry.__tablename__]
    own = await _all(session, table, table.c.actor_id == owner)
    others = (table.c.subject == f"user:{owner}") & table.c.actor_id.is_distinct_from(owner)
    hidden = {"address": "", "device": "", "actor_id": None}
    found = [{**row, **hidden} for row in await _all(session, table, others)]
    return sorted([*own, *found], key=lambda row: row["id"])


async def projects_of(session: AsyncSession, owner: uuid.UUID) -> list[Row]:
    """The user's projects, deleted ones that are still kept among them, the oldest first."""
    return await _all(session, Project.__table__, Project.user_id == owner, "created_at")


async def events_of(session: AsyncSession, project_id: uuid.UUID) -> list[Row]:
    """What happened in the project, in order."""
    return await _all(session, Event.__table__, Event.project_id == project_id, "project_seq")


async def snapshots_of(session: AsyncSession, project_id: uuid.UUID) -> list[Row]:
    """The project's scenes, the oldest first."""
    return await _all(session, Snapshot.__table__, Snapshot.project_id == project_id, "created_at")


async def artifacts_of(session: AsyncSession, project_id: uuid.UUID) -> list[Row]:
    """The project's files, the oldest first."""
    return await _all(session, Artifact.__table__, Artifact.project_id == project_id, "created_at")


async def jobs_of(session: AsyncSession, project_id: uuid.UUID) -> list[Row]:
    """The project's jobs, the oldest first."""
    return await _all(session, Job.__table__, Job.project_id == project_id, "created_at")


async def conversation_of(session: AsyncSession, job_id: uuid.UUID) -> dict[str, list[Row]]:
    """A job's transcript, consultations and steps."""
    return {
        "transcript": await _all(session, Message.__table__, Message.job_id == job_id, "seq"),
        "consultations": await _all(session, Consultation.__table__, Consultation.job_id == job_id, "created_at"),
        "steps": await _all(session, Step.__table__, Step.job_id == job_id, "number"),
    }


async def _one(session: AsyncSession, table: Table, condition: ColumnElement[bool]) -> Row:
    return (await _all(session, table, condition))[0]


async def _all(
    session: AsyncSession, table: Any, condition: ColumnElement[bool], order_by: str | None = None
) -> list[Row]:
    """The rows as JSON takes them, without secrets; in the order of a column and then of the key."""
    shown = [column for column in table.columns if _is_shown(column)]
    first = [table.c[order_by]] if order_by else [table.c.created_at] if "created_at" in table.c else []
    found = await session.execute(select(*shown).where(condition).order_by(*first, *table.primary_key.columns))
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in found]


def _is_shown(column: ColumnElement[Any]) -> bool:
    return not isinstance(column.type, LargeBinary) and column.key not in _SECRETS


def _plain(value: Any) -> Any:
    match value:
        case uuid.UUID():
            return str(value)
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat()
        case decimal.Decimal():
            return float(value)
        case _:
            return value
