"""Deleting a project: out of sight at first, for good when its owner says so or when its time is over."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.errors import Conflict, Unavailable
from cloud.jobs.queue import request_cancel
from cloud.projects import queries

if TYPE_CHECKING:
    from cloud.db.engine import Database, Transaction

# A running job ends within a second of its cancel; one that lost its runner, within ten.
_POLL_S, _TRIES = 0.1, 120


class StillStopping(Unavailable):
    """A job of the project has not ended yet."""

    code = "still_stopping"

    def __init__(self) -> None:
        super().__init__(
            "The project is deleted, but one of its jobs is still being stopped; send this again in a moment to purge "
            "the project."
        )


async def delete_project(session: "Transaction", owner: UUID, project_id: UUID) -> None:
    """The project is out of sight and its jobs are cancelled; it can be brought back. Raises: NotFound."""
    for job in await queries.delete_project(session, owner, project_id):
        # One that has ended since needs no cancel.
        with suppress(Conflict):
            await request_cancel(session, job)


async def purge_project(database: "Database", owner: UUID, project_id: UUID) -> None:
    """Delete the project for good, whether it is deleted already or not; waits until its jobs have stopped.

    Its objects in the store go with the next clean-up. Raises: NotFound. StillStopping: it is only deleted so far.
    """
    async with database.sessions.begin() as session:
        project = await queries.find_project(session, owner, project_id)
        if project.deleted_at is None:
            await delete_project(session, owner, project_id)
    for _ in range(_TRIES):
        async with database.sessions.begin() as session:
            if await queries.purge_project(session, owner, project_id):
                return
        await asyncio.sleep(_POLL_S)
    raise StillStopping
