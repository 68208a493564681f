"""Putting jobs into the queue and asking for their end, in the caller's transaction."""

from typing import TYPE_CHECKING

from cloud.errors import Conflict
from cloud.jobs import queries
from cloud.jobs.events import JobQueued
from cloud.projects.queries import ProjectDeleted

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import Job


async def enqueue(session: "AsyncSession", job: "Job") -> None:
    """Write the job and queue it; a runner sees it when the caller commits. One job of a user runs at a time.

    Raises: ProjectDeleted.
    """
    session.add(job)
    await session.flush()
    writer = await queries.open_writer(session, job.id)
    if writer.project.deleted_at is not None:  # since the caller looked: now the lock holds it as it is
        raise ProjectDeleted(writer.project.id)
    writer.emit(JobQueued())
    job.queue_id = await queries.defer(session, job)
    await session.flush()


async def request_cancel(session: "AsyncSession", job: "Job") -> None:
    """End a queued job at once; tell the runner of a running one to stop, which takes about a second.

    Raises: Conflict: the job has ended.
    """
    writer = await queries.open_writer(session, job.id)
    job = writer.job
    if job.state in queries.FINAL_STATES:
        raise Conflict(f"The job has already ended ({job.state}); there is nothing to cancel.")
    if job.cancel_requested_at is None:
        job.cancel_requested_at = queries.utc_now()
    if job.state == "queued":
        writer.finish("cancelled", "cancelled")
    if job.queue_id is not None:
        await queries.cancel_deferred(session, job.queue_id, abort=job.state == "running")
    await session.flush()
