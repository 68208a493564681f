"""A Blender pod stays warm after a job, with the user's scenes in its folder; not that of a user who is gone."""

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.db.engine import DATABASE_ERRORS
from cloud.jobs.closing import queries

if TYPE_CHECKING:
    from cloud.db.engine import Database
    from cloud.fleet.contract import Fleet

_EVERY_S = 5.0

logger = logging.getLogger(__name__)


async def stop_pods_of_nobody(database: "Database", fleet: "Fleet") -> None:
    """Stop the pods of this runner whose users are suspended, being deleted or gone, every few seconds until cancelled.

    Their files go with them. A job that still has such a pod is being cancelled.
    """
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await stop_once(database, fleet)
        except DATABASE_ERRORS:
            logger.info("pods are not looked through: the database is away")


async def stop_once(database: "Database", fleet: "Fleet") -> int:
    """One look. Returns: how many pods were stopped."""
    held = {UUID(user_id) for user_id in await fleet.list()}
    if not held:
        return 0
    async with database.sessions() as session:
        strangers = held - await queries.active_among(session, list(held))
    for user_id in strangers:
        await fleet.stop(str(user_id))
    return len(strangers)
