"""The SQL of tool calls: what they gave, whose they are, and what a few letters of an id mean. Takes the owner."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Artifact, Job, Project, Snapshot, Step

_UNFINISHED = ("queued", "running")
_BEGINNING = re.compile("[0-9a-f-]{6,36}")


async def result_of_call(session: AsyncSession, job_id: UUID) -> tuple[dict[str, Any], UUID | None] | None:
    """The packed result of the job's tool call, and the snapshot that it left; None: it has not ended."""
    row = await session.get(Step, (job_id, 1))
    return None if row is None or row.result is None else (row.result, row.after_snapshot_id)


async def unfinished_of_caller(
    session: AsyncSession, owner: UUID, caller: str, *, whole: bool = True
) -> Sequence[UUID]:
    """The user's jobs that this request waits for; without `whole`, all whose request's name begins so."""
    name = Job.request["caller"].astext
    is_its = name == caller if whole else name.startswith(caller, autoescape=True)
    statement = select(Job.id).where(Job.user_id == owner, Job.state.in_(_UNFINISHED), is_its)
    return (await session.scalars(statement)).all()


async def is_behind_another(session: AsyncSession, owner: UUID, job_id: UUID) -> bool:
    """Whether another job of the user is at work: one of a user runs at a time."""
    statement = select(Job.id).where(Job.user_id == owner, Job.state == "running", Job.id != job_id)
    return await session.scalar(statement.limit(1)) is not None


async def projects_named(session: AsyncSession, owner: UUID, name: str, limit: int) -> Sequence[Project]:
    """The user's projects whose name is this, or whose id begins so; the latest first."""
    statement = select(Project).where(
        Project.user_id == owner,
        Project.deleted_at.is_(None),
        or_(Project.name == name, _begins_with(Project.id, name)),
    )
    return (await session.scalars(statement.order_by(Project.created_at.desc()).limit(limit))).all()


async def snapshots_named(session: AsyncSession, project_id: UUID, name: str, limit: int) -> Sequence[Snapshot]:
    """The project's snapshots with this label, or whose id begins so; the latest first."""
    statement = select(Snapshot).where(
        Snapshot.project_id == project_id, or_(Snapshot.label == name, _begins_with(Snapshot.id, name))
    )
    return (await session.scalars(statement.order_by(Snapshot.created_at.desc()).limit(limit))).all()


async def jobs_named(session: AsyncSession, owner: UUID, name: str, limit: int) -> Sequence[Job]:
    """The user's jobs whose id begins so; the latest first."""
    statement = (
        select(Job)
        .join(Project, Project.id == Job.project_id)
        .where(Job.user_id == owner, Project.deleted_at.is_(None), _begins_with(Job.id, name))
    )
    return (await session.scalars(statement.order_by(Job.created_at.desc()).limit(limit))).all()


async def steps_of(session: AsyncSession, project_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many snapshots each project has."""
    statement = select(Snapshot.project_id, func.count()).where(Snapshot.project_id.in_(project_ids))
    return {row[0]: row[1] for row in await session.execute(statement.group_by(Snapshot.project_id))}


async def export_of(session: AsyncSession, snapshot: Snapshot, file_format: str) -> Job | None:
    """The latest export of just this scene in this format alone that has succeeded or may still do so."""
    statement = select(Job).where(
        Job.project_id == snapshot.project_id,
        Job.kind == "export",
        Job.state.in_(("succeeded", *_UNFINISHED)),
        Job.request["snapshot_id"].astext == str(snapshot.id),
        Job.request["formats"] == [file_format],
    )
    return await session.scalar(statement.order_by(Job.created_at.desc()).limit(1))


async def scene_files_of(session: AsyncSession, job_id: UUID) -> Sequence[Artifact]:
    """The files that a job has made of the scene, by name."""
    statement = select(Artifact).where(Artifact.job_id == job_id, Artifact.kind == "scene")
    return (await session.scalars(statement.order_by(Artifact.name))).all()


def _begins_with(column: Any, name: str) -> Any:
    """Whether the id begins so; a few letters that might be a word are no beginning of an id."""
    begins = _BEGINNING.fullmatch(name.lower()) is not None
    return cast(column, String).startswith(name.lower(), autoescape=True) if begins else false()
