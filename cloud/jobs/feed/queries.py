"""The SQL of the feed. Each read costs the same however many events there are: it goes by a unique index."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Integer, Uuid

from cloud.db.models import Event, Job, Project
from cloud.jobs.feed.topic import Topic

_FINAL_STATES = ("succeeded", "failed", "cancelled")


class Row(NamedTuple):
    """One event: its number within what is followed, and its JSON as text.

    `age_s`: how long it stood there when it was read, by the database's clock, from the begin of its transaction on.
    """

    number: int
    type: str
    data: str
    job_id: UUID | None
    age_s: float = 0.0


def _news_statement(owner: str, number: str) -> str:
    # LATERAL: one short walk of the index for each that is asked about.
    return (
        f"SELECT asked.id, found.number, found.type, found.data, found.job_id,"  # noqa: S608 - names of ours alone
        f" extract(epoch FROM clock_timestamp() - found.created_at)::float8"
        f" FROM unnest(:ids, :positions) AS asked(id, position) CROSS JOIN LATERAL ("
        f"SELECT {number} AS number, type, CAST(data AS text) AS data, job_id, created_at FROM events"
        f" WHERE {owner} = asked.id AND {number} > asked.position ORDER BY {number} LIMIT :page) AS found"
        f" ORDER BY asked.id, found.number"
    )


NEWS = {
    kind: text(_news_statement(owner, number)).bindparams(
        bindparam("ids", type_=ARRAY(Uuid())), bindparam("positions", type_=ARRAY(Integer()))
    )
    for kind, owner, number in (("job", "job_id", "seq"), ("project", "project_id", "project_seq"))
}


async def news_of(
    connection: AsyncConnection, kind: str, positions: Mapping[UUID, int], page: int
) -> dict[UUID, list[Row]]:
    """The events behind each position, in order, at most `page` of each job or project."""
    asked = {"ids": list(positions), "positions": list(positions.values()), "page": page}
    found: dict[UUID, list[Row]] = {}
    for owner, *row in await connection.execute(NEWS[kind], asked):
        found.setdefault(owner, []).append(Row(*row))
    return found


async def gone_of(connection: AsyncConnection, kind: str, ids: Iterable[UUID]) -> set[UUID]:
    """Those of the jobs or projects that are no longer there; a deleted project takes its jobs along."""
    asked = set(ids)
    if kind == "job":
        statement = select(Job.id).join(Project, Project.id == Job.project_id)
        statement = statement.where(Job.id.in_(asked), Project.deleted_at.is_(None))
    else:
        statement = select(Project.id).where(Project.id.in_(asked), Project.deleted_at.is_(None))
    return asked - set(await connection.scalars(statement))


async def is_over(connection: AsyncConnection, topic: Topic) -> bool:
    """Whether nothing more can come than there is: the job has ended, or what is followed is not there."""
    if topic.kind == "job":
        state = await connection.scalar(select(Job.state).where(Job.id == topic.id))
        return state is None or state in _FINAL_STATES
    return bool(await gone_of(connection, topic.kind, [topic.id]))


async def last_number(connection: AsyncConnection, topic: Topic) -> int:
    """The number of the newest event; 0 without any."""
    if topic.kind == "job":
        statement = select(func.max(Event.seq)).where(Event.job_id == topic.id)
    else:
        statement = select(func.max(Event.project_seq)).where(Event.project_id == topic.id)
    return await connection.scalar(statement) or 0
