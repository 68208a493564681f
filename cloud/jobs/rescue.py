"""Ends the jobs whose runner is gone, so that they say so and do not hold up their user's next ones."""

import asyncio
import logging
from uuid import UUID

from cloud.db.engine import Database
from cloud.jobs import queries

INTERRUPTED = {
    "code": "interrupted",
    "message": (
        "The runner stopped in the middle of this job; the scene of its last finished step is kept. "
        "Send the prompt again to go on."
    ),
}
_INTERVAL_S = 2.0
# Three heartbeats of procrastinate's workers.
_SILENT_S = 30.0

logger = logging.getLogger(__name__)


async def rescue_forever(database: Database) -> None:
    """Look for lost jobs now and every few seconds, until cancelled."""
    while True:
        try:
            await rescue_lost_jobs(database)
        except Exception:
            logger.exception("rescue of lost jobs failed; it will be tried again")
        await asyncio.sleep(_INTERVAL_S)


async def rescue_lost_jobs(database: Database) -> list[UUID]:
    """End what has lost its runner and free its place in the queue. Returns: the jobs that were ended."""
    async with database.sessions() as session:
        running = await queries.running_jobs(session)
    ended = [job_id for job_id in running if await _end_if_lost(database, job_id)]
    async with database.sessions() as session, session.begin():
        requeued = await queries.requeue_unclaimed(session, _SILENT_S)
        await queries.release_finished(session)
    if requeued:
        logger.warning("jobs put back into the queue", extra={"count": requeued})
    return ended


async def _end_if_lost(database: Database, job_id: UUID) -> bool:
    async with database.sessions() as session, session.begin():
        if await queries.is_job_run_locked(session, job_id):
            return False
        writer = await queries.open_writer(session, job_id)
        job = writer.job
        if job.state != "running":
            return False
        if job.cancel_requested_at is not None:
            writer.finish("cancelled", "cancelled")
        else:
            writer.finish("failed", "failed", INTERRUPTED)
        if job.queue_id is not None:
            await queries.fail_deferred(session, job.queue_id)
    logger.warning("job had lost its runner", extra={"job_id": str(job_id)})
    return True
