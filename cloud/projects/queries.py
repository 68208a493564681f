"""The SQL of projects and of what belongs to them. Every query takes the owner.

Another owner's row, and what belongs to a deleted project, counts as absent; the owner of a deleted project is told
how to bring it back. The caller's transaction; nothing here commits.
"""

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Artifact, Job, Project
from cloud.errors import Conflict, NotFound
from cloud.projects.pages import Cursor, Page, cut_page

Row = TypeVar("Row", Project, Job, Artifact)


class ProjectDeleted(NotFound):
    """The project is deleted, and its owner asks for it."""

    code = "project_deleted"

    def __init__(self, project_id: UUID) -> None:
        super(NotFound, self).__init__(
            f"This project is deleted; POST /v1/projects/{project_id}/undelete brings it back as long as it is kept."
        )


async def add_project(session: AsyncSession, owner: UUID, name: str, project_id: UUID | None = None) -> Project:
    """A new, empty project, with this id or one of its own."""
    project = Project(id=project_id or uuid4(), user_id=owner, name=name)
    session.add(project)
    await session.flush()
    await session.refresh(project)
    return project


async def find_project(session: AsyncSession, owner: UUID, project_id: UUID) -> Project:
    """The project, be it deleted or not; locked, so that it stays what it is. Raises: NotFound."""
    statement = select(Project).where(Project.id == project_id, Project.user_id == owner)
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return _found(await session.scalar(locked), "project", project_id)


async def get_project(session: AsyncSession, owner: UUID, project_id: UUID) -> Project:
    """Raises: NotFound, ProjectDeleted."""
    statement = select(Project).where(Project.id == project_id, Project.user_id == owner)
    project = _found(await session.scalar(statement), "project", project_id)
    if project.deleted_at is not None:
        raise ProjectDeleted(project_id)
    return project


async def rename_project(session: AsyncSession, owner: UUID, project_id: UUID, name: str) -> Project:
    """Raises: NotFound."""
    project = await get_project(session, owner, project_id)
    project.name = name
    await session.flush()
    await session.refresh(project)
    return project


async def delete_project(session: AsyncSession, owner: UUID, project_id: UUID) -> Sequence[Job]:
    """The project and all that belongs to it is gone for its owner; rows and files stay for now.

    Returns: its jobs that have not ended. Raises: NotFound, ProjectDeleted.
    """
    project = await find_project(session, owner, project_id)
    if project.deleted_at is not None:
        raise ProjectDeleted(project_id)
    project.deleted_at = func.now()
    await session.flush()
    await session.execute(select(func.pg_notify("p2m_events", f"{project_id}:")))  # who follows it is to hear of this
    unfinished = select(Job).where(Job.project_id == project_id, Job.state.in_(("queued", "running")))
    return (await session.scalars(unfinished)).all()


async def undelete_project(session: AsyncSession, owner: UUID, project_id: UUID, deleted_after: dt.datetime) -> Project:
    """The project is back as it was. Raises: NotFound: also deleted before that time. Conflict: it is not deleted."""
    project = await find_project(session, owner, project_id)
    if project.deleted_at is None:
        raise Conflict("The project is not deleted; there is nothing to bring back.")
    if project.deleted_at <= deleted_after:
        raise NotFound("project", project_id)
    project.deleted_at = None
    await session.flush()
    await session.refresh(project)
    return project


async def purge_project(session: AsyncSession, owner: UUID, project_id: UUID) -> bool:
    """Delete a deleted project's rows for good, but for the ledger of usage; False: one of its jobs still runs."""
    at_work = exists().where(Job.project_id == project_id, Job.state == "running")
    if await session.scalar(select(at_work)):
        return False
    gone = delete(Project).where(
        Project.id == project_id, Project.user_id == owner, Project.deleted_at.is_not(None), ~at_work
    )
    await session.execute(gone)
    return True


async def list_jobs(
    session: AsyncSession, owner: UUID, project_id: UUID | None, state: str | None, cursor: Cursor | None, limit: int
) -> Page[Job]:
    """The owner's jobs, of one project or in one state where these are given. Raises: NotFound: the project."""
    statement = select(Job).join(Project, Project.id == Job.project_id)
    statement = statement.where(Job.user_id == owner, Project.deleted_at.is_(None))
    if project_id is not None:
        await get_project(session, owner, project_id)
        statement = statement.where(Job.project_id == project_id)
    if state is not None:
        statement = statement.where(Job.state == state)
    return await _page(session, statement, Job, cursor, limit)


async def get_job(session: AsyncSession, owner: UUID, job_id: UUID) -> Job:
    """Raises: NotFound."""
    statement = select(Job).join(Project, Project.id == Job.project_id)
    statement = statement.where(Job.id == job_id, Job.user_id == owner, Project.deleted_at.is_(None))
    return _found(await session.scalar(statement), "job", job_id)


async def list_artifacts(
    session: AsyncSession,
    owner: UUID,
    cursor: Cursor | None,
    limit: int,
    *,
    project_id: UUID | None = None,
    job_id: UUID | None = None,
) -> Page[Artifact]:
    """The files of one project or of one job. Raises: NotFound: the project or the job."""
    statement = select(Artifact).where(Artifact.user_id == owner)
    if project_id is not None:
        await get_project(session, owner, project_id)
        statement = statement.where(Artifact.project_id == project_id)
    if job_id is not None:
        await get_job(session, owner, job_id)
        statement = statement.where(Artifact.job_id == job_id)
    return await _page(session, statement, Artifact, cursor, limit)


async def get_artifact(session: AsyncSession, owner: UUID, artifact_id: UUID) -> Artifact:
    """Raises: NotFound."""
    statement = select(Artifact).join(Project, Project.id == Artifact.project_id)
    statement = statement.where(Artifact.id == artifact_id, Artifact.user_id == owner, Project.deleted_at.is_(None))
    return _found(await session.scalar(statement), "file", artifact_id)


async def add_artifact(session: AsyncSession, artifact: Artifact) -> Artifact:
    """Keep the row; its bytes are in the store already."""
    session.add(artifact)
    await session.flush()
    await session.refresh(artifact)
    return artifact


async def require_reference_images(session: AsyncSession, project: Project, image_ids: Sequence[UUID]) -> None:
    """Raises: NotFound: one of them is no reference image of this project."""
    statement = select(Artifact.id).where(
        Artifact.user_id == project.user_id,
        Artifact.project_id == project.id,
        Artifact.kind == "reference",
        Artifact.id.in_(image_ids),
    )
    known = set(await session.scalars(statement)) if image_ids else set()
    for image_id in image_ids:
        if image_id not in known:
            raise NotFound("reference image", image_id)


async def _page(
    session: AsyncSession, statement: Select[Row], model: type[Row], cursor: Cursor | None, limit: int
) -> Page[Row]:
    if cursor is not None:
        statement = statement.where(tuple_(model.created_at, model.id) < (cursor.created_at, cursor.id))
    statement = statement.order_by(model.created_at.desc(), model.id.desc()).limit(limit + 1)
    rows = (await session.scalars(statement)).all()
    return cut_page(rows, limit, lambda row: Cursor(row.created_at, row.id))


def _found(row: Row | None, kind: str, identifier: UUID) -> Row:
    if row is None:
        raise NotFound(kind, identifier)
    return row
