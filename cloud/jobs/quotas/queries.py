"""The SQL of the quotas. The caller's transaction; nothing here commits.

Locks are taken in the order: project, user, all users. Whoever queues jobs holds those of their projects already.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import JobTally
from cloud.db.models import Job, User
from cloud.errors import NotFound
from cloud.jobs.quotas.limits import DAY, UserRow

_COLUMNS = (
    User.day_job_limit,
    User.month_usd_limit,
    User.month_token_limit,
    User.storage_mib_limit,
    User.suspended_at,
    User.suspended_for,
    User.deletion_requested_at,
)


async def row_of_user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> UserRow:
    """Limits and standing; with `lock`, nobody else sends a job of this user, or suspends them, until the end.

    Others may still refer to the row. Raises: NotFound.
    """
    statement = select(*_COLUMNS).where(User.id == user_id)
    found = (await session.execute(statement.with_for_update(key_share=True) if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("user", user_id)
    return UserRow(*found)


async def may_work(session: AsyncSession, user_id: UUID) -> bool:
    """Whether jobs of the user may run: not while they are suspended or being deleted."""
    active = select(User.id).where(
        User.id == user_id, User.suspended_at.is_(None), User.deletion_requested_at.is_(None)
    )
    return await session.scalar(active) is not None


async def lock_deployment(session: AsyncSession) -> None:
    """Nobody else sends a job until the transaction's end."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('p2m quotas of all', 0))"))


async def jobs_since(session: AsyncSession, user_id: UUID | None, since: dt.datetime) -> int:
    """How many jobs the user has sent since then; None: all users."""
    statement = select(func.coalesce(func.sum(JobTally.jobs), 0)).where(JobTally.at > since)
    if user_id is not None:
        statement = statement.where(JobTally.user_id == user_id)
    return int((await session.scalars(statement)).one())


async def moment_above(session: AsyncSession, user_id: UUID | None, since: dt.datetime, kept: int) -> dt.datetime:
    """When the youngest jobs were sent of those that must leave the window, so that `kept` at most are in it.

    To be asked where more are in it.
    """
    newer = func.sum(JobTally.jobs).over(order_by=(JobTally.at.desc(), JobTally.id.desc()))
    statement = select(JobTally.at, newer.label("newer")).where(JobTally.at > since)
    if user_id is not None:
        statement = statement.where(JobTally.user_id == user_id)
    sums = statement.subquery()
    return (await session.scalars(select(func.max(sums.c.at)).where(sums.c.newer > kept))).one()


async def add_tally(session: AsyncSession, user_id: UUID, jobs: int, now: dt.datetime) -> None:
    """Count these jobs; what no window holds any more is forgotten."""
    await session.execute(delete(JobTally).where(JobTally.user_id == user_id, JobTally.at <= now - DAY))
    session.add(JobTally(user_id=user_id, jobs=jobs, at=now))
    await session.flush()


async def running_jobs(session: AsyncSession, user_id: UUID | None = None) -> int:
    """How many jobs run now, of the user or of all."""
    statement = select(func.count()).select_from(Job).where(Job.state == "running")
    if user_id is not None:
        statement = statement.where(Job.user_id == user_id)
    return (await session.scalars(statement)).one()


async def some_unfinished(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[UUID]:
    """Jobs of the user that have not ended and were not told to, each of another project."""
    statement = text(
        "SELECT DISTINCT ON (project_id) id FROM jobs WHERE user_id = :user_id AND state IN ('queued', 'running')"
        " AND cancel_requested_at IS NULL ORDER BY project_id, id LIMIT :limit"
    )
    return (await session.scalars(statement, {"user_id": user_id, "limit": limit})).all()
