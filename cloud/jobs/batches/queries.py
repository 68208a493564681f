"""The SQL of batches. Every query takes the owner; the caller's transaction, nothing here commits.

A position of a batch can have several jobs, one for each retry: the newest is what the batch shows. What was paid
is that of them all.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cloud.agent.prices import known_usd
from cloud.db.models import Artifact, Batch, Event, Job, Project, Snapshot, Usage
from cloud.errors import NotFound
from cloud.jobs.events import UsageTotals
from cloud.jobs.ledger.queries import free_models
from cloud.projects.pages import Cursor, Page, cut_page

STATES: tuple[str, ...] = ("queued", "running", "succeeded", "failed", "cancelled")
UNFINISHED = ("queued", "running")
RESULT_KINDS = ("scene", "preview", "script")


@dataclass(frozen=True)
class BatchSummary:
    """A batch, how many of its positions are in which state, and what it has used so far."""

    batch: Batch
    counts: dict[str, int]
    usage: UsageTotals


@dataclass
class ItemRow:
    """One position: its newest job, that job's project and preview, and what all its jobs cost."""

    job: Job
    project_name: str
    is_deleted: bool
    preview_id: UUID | None
    usage: UsageTotals
    stage: str | None = None
    files: list[Artifact] = field(default_factory=list)


async def add_batch(session: AsyncSession, batch: Batch) -> dt.datetime:
    """Keep the batch. Returns: the transaction's time."""
    session.add(batch)
    await session.flush()
    await session.refresh(batch)
    return batch.created_at


async def get_batch(session: AsyncSession, owner: UUID, batch_id: UUID, *, lock: bool = False) -> Batch:
    """The batch; with `lock`, nobody else cancels or retries it until the transaction ends. Raises: NotFound."""
    statement = select(Batch).where(Batch.id == batch_id, Batch.user_id == owner)
    batch = await session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if batch is None:
        raise NotFound("batch", batch_id)
    return batch


async def list_batches(session: AsyncSession, owner: UUID, cursor: Cursor | None, limit: int) -> Page[BatchSummary]:
    """The owner's batches, newest first."""
    statement = select(Batch).where(Batch.user_id == owner)
    if cursor is not None:
        statement = statement.where(tuple_(Batch.created_at, Batch.id) < (cursor.created_at, cursor.id))
    ordered = statement.order_by(Batch.created_at.desc(), Batch.id.desc()).limit(limit + 1)
    page = cut_page((await session.scalars(ordered)).all(), limit, lambda batch: Cursor(batch.created_at, batch.id))
    ids = [batch.id for batch in page.rows]
    newest = _newest_jobs(ids).subquery()
    states = select(newest.c.batch_id, newest.c.state, func.count()).group_by(newest.c.batch_id, newest.c.state)
    counts = {batch_id: dict.fromkeys(STATES, 0) for batch_id in ids}
    for batch_id, state, count in await session.execute(states):
        counts[batch_id][state] = count
    spent = select(Job.batch_id, *_usage_sums()).join(Usage, Usage.job_id == Job.id)
    spent = spent.where(Job.batch_id.in_(ids)).group_by(Job.batch_id)
    usage = {batch_id: usage_totals(*sums) for batch_id, *sums in await session.execute(spent)}
    rows = [BatchSummary(batch, counts[batch.id], usage.get(batch.id, UsageTotals())) for batch in page.rows]
    return Page(rows, page.next_cursor)


async def items_of(session: AsyncSession, batch_id: UUID) -> list[ItemRow]:
    """The batch's positions in order, without stages and files. One query."""
    newest = aliased(Job, _newest_jobs([batch_id]).subquery())
    usage = _usage_by_position(batch_id)
    preview = (
        select(Artifact.id)
        .where(Artifact.job_id == newest.id, Artifact.kind == "preview")
        .order_by(Artifact.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(newest, Project.name, Project.deleted_at.is_not(None), preview, *list(usage.c)[1:])
        .join(Project, Project.id == newest.project_id)
        .outerjoin(usage, usage.c.batch_position == newest.batch_position)
        .order_by(newest.batch_position)
    )
    items = []
    for row in await session.execute(statement):
        job, name, is_deleted, preview_id, *sums = tuple[Any, ...](row)
        items.append(ItemRow(job, name, is_deleted, None if is_deleted else preview_id, usage_totals(*sums)))
    return items


async def add_stages(session: AsyncSession, items: Sequence[ItemRow]) -> None:
    """Say of each running job at which stage it is. One query, or none."""
    running = {item.job.id: item for item in items if item.job.state == "running"}
    if not running:
        return
    statement = (
        select(Event.job_id, Event.data["stage"].astext)
        .where(Event.job_id.in_(running), Event.type == "stage")
        .order_by(Event.job_id, Event.seq)
    )
    for job_id, stage in await session.execute(statement):
        if job_id is not None:
            running[job_id].stage = stage


async def add_files(session: AsyncSession, items: Sequence[ItemRow]) -> None:
    """Give each job that has ended its results, the newest of each name, unless its project is deleted. One query."""
    ended = {item.job.id: item for item in items if item.job.finished_at is not None and not item.is_deleted}
    statement = (
        select(Artifact)
        .where(Artifact.job_id.in_(ended), Artifact.kind.in_(RESULT_KINDS))
        .ext(distinct_on(Artifact.job_id, Artifact.name))
        .order_by(Artifact.job_id, Artifact.name, Artifact.created_at.desc())
    )
    for artifact in await session.scalars(statement):
        if artifact.job_id is not None:
            ended[artifact.job_id].files.append(artifact)


async def newest_jobs(session: AsyncSession, batch_id: UUID, states: Sequence[str]) -> Sequence[Job]:
    """The batch's newest jobs in one of these states, in order of position; those of deleted projects left out."""
    newest = aliased(Job, _newest_jobs([batch_id]).subquery())
    statement = select(Job).join(newest, newest.id == Job.id).join(Project, Project.id == Job.project_id)
    statement = statement.where(Job.state.in_(states), Project.deleted_at.is_(None)).order_by(Job.batch_position)
    return (await session.scalars(statement)).all()


async def left_half_done(session: AsyncSession, jobs: Sequence[Job]) -> list[Job]:
    """Those of the jobs whose project's scene is as they left it, and no other job is about to change it."""
    other = aliased(Job)
    at_work = select(other.id).where(other.project_id == Job.project_id, other.state.in_(UNFINISHED))
    statement = (
        select(Job.id)
        .join(Project, Project.id == Job.project_id)
        .join(Snapshot, Snapshot.id == Project.head_snapshot_id)
        .where(Job.id.in_([job.id for job in jobs]), Snapshot.job_id == Job.id, ~at_work.exists())
    )
    found = set(await session.scalars(statement))
    return [job for job in jobs if job.id in found]


async def add_projects(session: AsyncSession, projects: Sequence[Project]) -> None:
    """Keep new projects."""
    session.add_all(projects)
    await session.flush()


def _newest_jobs(batch_ids: Sequence[UUID]) -> Select[Job]:
    return (
        select(Job)
        .where(Job.batch_id.in_(batch_ids))
        .ext(distinct_on(Job.batch_id, Job.batch_position))
        .order_by(Job.batch_id, Job.batch_position, Job.created_at.desc(), Job.id.desc())
    )


def _usage_sums() -> list:
    columns = (
        Usage.input_tokens,
        Usage.output_tokens,
        Usage.cache_read_tokens,
        Usage.cache_write_tokens,
        Usage.usd,
    )
    return [
        *(func.coalesce(func.sum(column), 0).label(column.key) for column in columns),
        free_models().label("free_models"),
    ]


def _usage_by_position(batch_id: UUID) -> Subquery:
    return (
        select(Job.batch_position, *_usage_sums())
        .join(Usage, Usage.job_id == Job.id)
        .where(Job.batch_id == batch_id)
        .group_by(Job.batch_position)
        .subquery()
    )


def usage_totals(
    given: int | None,
    made: int | None,
    read: int | None,
    written: int | None,
    usd: float | None,
    free: Sequence[str] | None,
) -> UsageTotals:
    """Totals out of sums, which are None where there was no call."""
    return UsageTotals(
        input_tokens=int(given or 0),
        output_tokens=int(made or 0),
        cache_read_tokens=int(read or 0),
        cache_write_tokens=int(written or 0),
        usd=known_usd(float(usd or 0), free or ()),
    )
