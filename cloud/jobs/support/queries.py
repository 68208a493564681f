"""The SQL of the support bundle: states, codes and times; no prompt, no name, no text of a model or a user."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Base, Job


async def last_jobs(session: AsyncSession, limit: int) -> list[dict[str, Any]]:
    """The newest jobs, as JSON."""
    columns = {
        "id": Job.id,
        "kind": Job.kind,
        "state": Job.state,
        "outcome": Job.outcome,
        "error_code": Job.error["code"].astext,
        "model": Job.model,
        "attempt": Job.attempt,
        "created_at": Job.created_at,
        "started_at": Job.started_at,
        "finished_at": Job.finished_at,
    }
    statement = select(*columns.values()).order_by(Job.created_at.desc()).limit(limit)
    rows = await session.execute(statement)
    return [{name: _plain(value) for name, value in zip(columns, row, strict=True)} for row in rows]


async def row_counts(session: AsyncSession) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: await session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int) else str(value)
