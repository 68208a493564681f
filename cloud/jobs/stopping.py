"""Stopping all that a user has at work: when they are suspended, or their account is deleted."""

from typing import TYPE_CHECKING
from uuid import UUID

from cloud.jobs.queue import request_cancel_of_all
from cloud.jobs.quotas.queries import some_unfinished

if TYPE_CHECKING:
    from cloud.db.engine import Database

_AT_ONCE = 50


async def stop_jobs_of(database: "Database", user_id: UUID) -> int:
    """Cancel every job of a user who may send no new ones: queued ones now, running ones within about a second.

    In transactions of its own, some jobs in each: it must not hold the user's row while it waits for projects'. If it
    is cut off, the runners do the rest: they begin no job of such a user, and cancel what runs. Returns: how many.
    """
    stopped = 0
    while True:
        async with database.sessions.begin() as session:
            job_ids = await some_unfinished(session, user_id, _AT_ONCE)
            if not job_ids:
                return stopped
            stopped += await request_cancel_of_all(session, job_ids)
