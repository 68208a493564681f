"""The SQL of the backlog."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# By the index of `state`: jobs that have ended, of which there are millions, are not looked at. A user's second job
# waits for the first and not for a runner.
_BACKLOG = text(
    "WITH live AS MATERIALIZED (SELECT user_id, state, created_at FROM jobs WHERE state IN ('queued', 'running')),"
    " ready AS (SELECT user_id, min(created_at) AS since FROM live WHERE state = 'queued'"
    " AND user_id NOT IN (SELECT user_id FROM live WHERE state = 'running') GROUP BY user_id)"
    " SELECT (SELECT count(*) FROM live WHERE state = 'queued'), (SELECT count(*) FROM live WHERE state = 'running'),"
    " (SELECT count(*) FROM ready),"
    " coalesce((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM ready), 0)::float8"
)


class Backlog(NamedTuple):
    """The jobs that have not ended. `waiting`: users whose next job could begin if a runner were free.

    `oldest_s`: since when the first of those waits, by the database's clock, from its order on.
    """

    queued: int
    running: int
    waiting: int
    oldest_s: float


async def backlog(session: AsyncSession) -> Backlog:
    """What there is to do."""
    return Backlog(*(await session.execute(_BACKLOG)).one())
