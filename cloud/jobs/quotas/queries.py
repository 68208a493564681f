"""The SQL of the quotas. The caller's transaction; nothing here commits.

Locks are taken in the order: project, user, all users. Whoever queues jobs holds those of their projects already.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import JobTally
from cloud.db.models import Job, User
from cloud.errors import NotFound
from cloud.jobs.quotas.limits import DAY, UserRow
from cloud.projects.pages import Cursor, Page, cut_page

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


@dataclass(frozen=True)
class UserSums:
    """What one user has at work and has used: of the deployment's money and tokens since the month began."""

    queued_jobs: int = 0
    running_jobs: int = 0
    day_jobs: int = 0
    month_tokens: int = 0
    month_usd: Decimal = Decimal(0)
    storage_bytes: int = 0


async def sums_of_users(
    session: AsyncSession, user_ids: Sequence[UUID], day: dt.datetime, month: dt.datetime
) -> dict[UUID, UserSums]:
    """The sums of each of some users; `day` and `month` are when these began. One query for all."""
    statement = text(
        "SELECT users.id,"
        " (SELECT count(*) FROM jobs WHERE jobs.user_id = users.id AND state = 'queued'),"
        " (SELECT count(*) FROM jobs WHERE jobs.user_id = users.id AND state = 'running'),"
        " (SELECT coalesce(sum(jobs), 0) FROM job_tallies WHERE job_tallies.user_id = users.id AND at > :day),"
        " coalesce(paid.tokens, 0), coalesce(paid.usd, 0),"
        " (SELECT coalesce(sum(bytes), 0) FROM ("
        " SELECT sha256, bytes FROM snapshots WHERE snapshots.user_id = users.id"
        " UNION SELECT sha256, bytes FROM artifacts WHERE artifacts.user_id = users.id) AS contents)"
        " FROM users LEFT JOIN LATERAL (SELECT"
        " sum(input_tokens + output_tokens + cache_read_tokens + cache_write_tokens) AS tokens, sum(usd) AS usd"
        " FROM usage WHERE usage.user_id = users.id AND billed_to = 'system' AND created_at >= :month) AS paid ON true"
        " WHERE users.id = ANY(:ids)"
    )
    rows = await session.execute(statement, {"ids": list(user_ids), "day": day, "month": month})
    return {
        row[0]: UserSums(*(int(count) for count in row[1:5]), month_usd=Decimal(row[5]), storage_bytes=int(row[6]))
        for row in rows
    }


async def unfinished_jobs(
    session: AsyncSession, state: str | None, cursor: Cursor | None, limit: int
) -> Page[tuple[Job, str]]:
    """Jobs of all users that have not ended, newest first, each with its user's name."""
    statement = select(Job, User.username).join(User, User.id == Job.user_id)
    statement = statement.where(Job.state == state if state else Job.state.in_(("queued", "running")))
    if cursor is not None:
        statement = statement.where(tuple_(Job.created_at, Job.id) < (cursor.created_at, cursor.id))
    rows = await session.execute(statement.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1))
    return cut_page([(job, name) for job, name in rows], limit, lambda row: Cursor(row[0].created_at, row[0].id))


async def count_unfinished(session: AsyncSession) -> tuple[int, int]:
    """How many jobs of all users are queued, and how many run."""
    statement = select(func.count().filter(Job.state == "queued"), func.count().filter(Job.state == "running"))
    queued, running = (await session.execute(statement.where(Job.state.in_(("queued", "running"))))).one()
    return queued, running
