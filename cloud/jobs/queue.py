"""Putting jobs into the queue and asking for their end, in the caller's transaction."""

import logging
from typing import TYPE_CHECKING

from cloud.errors import Conflict
from cloud.jobs import queries
from cloud.jobs.claims import queries as claims
from cloud.jobs.events import JobQueued
from cloud.jobs.quotas.admission import admit
from cloud.projects.queries import ProjectDeleted
from cloud.telemetry.tracing import current_traceparent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import Job
    from cloud.settings import Settings

logger = logging.getLogger(__name__)


async def enqueue(session: "AsyncSession", job: "Job", settings: "Settings", *, with_file: bool = False) -> None:
    """Write the job and queue it; a runner sees it when the caller commits. One job of a user runs at a time.

    The queue is fair between users: who sends fifty jobs gets as much of the runners as who sends one.
    `with_file`: see `require_space`.

    Raises: ProjectDeleted. What `admit` raises, at which the transaction must not be committed.
    """
    await enqueue_all(session, [job], settings, with_file=with_file)


async def enqueue_all(
    session: "AsyncSession", jobs: "Sequence[Job]", settings: "Settings", *, with_file: bool = False
) -> None:
    """The same with many jobs of one user, one behind the other, each of another project: few statements for all."""
    first = await claims.next_turn(session, jobs[0].user_id)
    for place, job in enumerate(jobs):
        job.turn, job.traceparent = first + place, current_traceparent()
    session.add_all(jobs)
    await session.flush()
    for writer in await queries.open_writers(session, [job.id for job in jobs]):
        if writer.project.deleted_at is not None:  # since the caller looked: now the lock holds it as it is
            raise ProjectDeleted(writer.project.id)
        writer.emit(JobQueued())
    # After the projects' locks, as everywhere. Here alone, so that no way into the queue can leave it out.
    await admit(session, jobs, settings, with_file=with_file)
    await claims.defer_all(session, jobs)
    await session.flush()
    # With the ids of the request, where there is one: so a job is found by the request that ordered it.
    logger.info("jobs ordered", extra={"job_id": str(jobs[0].id), "kind": jobs[0].kind, "count": len(jobs)})


async def request_cancel(session: "AsyncSession", job: "Job") -> None:
    """End a queued job at once; tell the runner of a running one, which ends it within a second.

    Raises: Conflict: the job has ended.
    """
    if not await request_cancel_of_all(session, [job.id]):
        raise Conflict(f"The job has already ended ({job.state}); there is nothing to cancel.")


async def request_cancel_of_all(session: "AsyncSession", job_ids: "Sequence[UUID]") -> int:
    """The same with many jobs, each of another project: few statements for all. Returns: how many had not ended."""
    unfinished = [
        writer
        for writer in await queries.open_writers(session, job_ids)
        if writer.job.state not in queries.FINAL_STATES
    ]
    queued = [writer for writer in unfinished if writer.job.state == "queued"]
    running = [writer.job for writer in unfinished if writer.job.state == "running"]
    for writer in unfinished:
        if writer.job.cancel_requested_at is None:
            writer.job.cancel_requested_at = queries.utc_now()
    for writer in queued:
        writer.finish("cancelled", "cancelled")
    if queued:
        await claims.remove_entries(session, [writer.job.queue_id for writer in queued])
    for job in running:
        await claims.tell_runners(session, f"cancel:{job.id}")
    await session.flush()
    return len(unfinished)
