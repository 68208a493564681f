"""Finds the attempts whose runner is gone and puts their jobs back into the queue, where another runner takes them."""

import asyncio
import logging
import time
from uuid import UUID

from cloud.db.engine import DATABASE_ERRORS, Database, is_unreachable
from cloud.jobs.claims import queries as claims
from cloud.jobs.claims.claims import RUNNER_LOST, put_back
from cloud.jobs.queries import open_writer

SILENT_S = 4.0
"""Without a heartbeat for so long, and without its runner's mark, an attempt is lost (heartbeats come every second)."""
HUNG_S = 20.0
"""So long may the heartbeat of a process that lives (the mark says so) be late: the machine may be very busy."""

_INTERVAL_S = 0.5
# An attempt must look lost for so long to one watcher: after a break of the database, runners come back one by one.
_SURE_S = 1.5
_SWEEP_S = 10.0
_LOCK_WAIT_S = 2.0

logger = logging.getLogger(__name__)


class Rescuer:
    """Watches over all runners' jobs. Every runner has one; that several find the same job does no harm."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._suspects: dict[tuple[UUID, int], float] = {}

    async def run_forever(self) -> None:
        """Look for lost jobs now and all the time, until cancelled."""
        swept_at = -_SWEEP_S
        while True:
            try:
                await self.look()
                if time.monotonic() - swept_at > _SWEEP_S:
                    await sweep_queue(self._database)
                    swept_at = time.monotonic()
            except Exception as error:
                self._suspects.clear()  # the database was away: nobody could give a sign of life
                is_away = isinstance(error, DATABASE_ERRORS) and is_unreachable(error)
                logger.warning("rescue of lost jobs failed; it will be tried again", exc_info=not is_away)
            await asyncio.sleep(_INTERVAL_S)

    async def look(self, sure_s: float = _SURE_S) -> list[UUID]:
        """Put back what has looked lost for `sure_s`. Returns: the jobs that were put back or ended."""
        async with self._database.sessions() as session:
            lost = await claims.lost_attempts(session, SILENT_S, HUNG_S)
        now = time.monotonic()
        self._suspects = {
            (attempt.job_id, attempt.attempt): self._suspects.get((attempt.job_id, attempt.attempt), now)
            for attempt in lost
        }
        certain = [attempt for attempt in lost if now - self._suspects[attempt.job_id, attempt.attempt] >= sure_s]
        return [attempt.job_id for attempt in certain if await self._put_back(attempt)]

    async def _put_back(self, lost: claims.LostAttempt) -> bool:
        async with self._database.sessions() as session, session.begin():
            await claims.limit_lock_wait(session, _LOCK_WAIT_S)
            writer = await open_writer(session, lost.job_id)
            if not await claims.is_still_lost(session, lost, SILENT_S):
                return False
            state = await put_back(writer, RUNNER_LOST)
        facts = {"job_id": str(lost.job_id), "attempt": lost.attempt, "hung": lost.is_hung, "state": state}
        logger.warning("job had lost its runner", extra=facts)
        return True


async def sweep_queue(database: Database) -> None:
    """Mend what should not be: taken entries of deleted jobs, and waiting jobs that the queue does not have."""
    async with database.sessions() as session, session.begin():
        if stray := await claims.entries_of_nobody(session):
            logger.warning("entries of no running job removed from the queue", extra={"count": len(stray)})
        unqueued = await claims.unqueued_jobs(session)
    for job_id in unqueued:
        async with database.sessions() as session, session.begin():
            writer = await open_writer(session, job_id)
            if job_id in await claims.unqueued_jobs(session):
                await claims.defer(session, writer.job)
                logger.warning("waiting job put into the queue again", extra={"job_id": str(job_id)})
