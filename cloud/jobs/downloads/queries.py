"""The SQL of downloads. The caller has made sure that the project or the job is the user's own; their transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Artifact, Job

_UNFINISHED = ("queued", "running")


async def formats_being_made(
    session: AsyncSession, project_id: UUID, snapshot_id: UUID, *, is_head: bool
) -> dict[str, UUID]:
    """The formats of the snapshot that exports are at work on or wait to make, each with its job."""
    named = Job.request["snapshot_id"].astext
    of_it = or_(named == str(snapshot_id), named.is_(None)) if is_head else named == str(snapshot_id)
    statement = select(Job).where(Job.project_id == project_id, Job.kind == "export", Job.state.in_(_UNFINISHED), of_it)
    jobs = (await session.scalars(statement.order_by(Job.created_at))).all()
    return {file_format: job.id for job in jobs for file_format in job.request.get("formats", [])}


async def contents_of(session: AsyncSession, owner: UUID, hashes: Sequence[str]) -> Mapping[str, Artifact]:
    """Those of the user's files that have one of these hashes, by hash."""
    statement = select(Artifact).where(Artifact.user_id == owner, Artifact.sha256.in_(hashes))
    return {row.sha256: row for row in await session.scalars(statement)}


async def references_of(session: AsyncSession, project_id: UUID) -> Sequence[Artifact]:
    """The project's reference pictures, the oldest first."""
    statement = select(Artifact).where(Artifact.project_id == project_id, Artifact.kind == "reference")
    return (await session.scalars(statement.order_by(Artifact.created_at, Artifact.id))).all()


async def files_of_job(session: AsyncSession, job_id: UUID) -> Sequence[Artifact]:
    """The job's files, the oldest first."""
    statement = select(Artifact).where(Artifact.job_id == job_id)
    return (await session.scalars(statement.order_by(Artifact.created_at, Artifact.id))).all()
