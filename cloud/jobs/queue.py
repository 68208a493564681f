"""Putting jobs into the queue and asking for their end, in the caller's transaction."""

from typing import TYPE_CHECKING

from cloud.errors import Conflict
from cloud.jobs import queries
from cloud.jobs.claims import queries as claims
from cloud.jobs.events import JobQueued

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import Job


async def enqueue(session: "AsyncSession", job: "Job") -> None:
    """Write the job and queue it; a runner sees it when the caller commits. One job of a user runs at a time.

    The queue is fair between users: who sends fifty jobs gets as much of the runners as who sends one.
    """
    job.turn = await claims.next_turn(session, job.user_id)
    session.add(job)
    await session.flush()
    writer = await queries.open_writer(session, job.id)
    writer.emit(JobQueued())
    await claims.defer(session, job)
    await session.flush()


async def request_cancel(session: "AsyncSession", job: "Job") -> None:
    """End a queued job at once; tell the runner of a running one, which ends it within a second.

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
        await claims.remove_entry(session, job.queue_id)
    else:
        await claims.tell_runners(session, f"cancel:{job.id}")
    await session.flush()
