"""What the runner would have written, for tests of the API alone."""

import hashlib
from uuid import UUID

from cloud.db.engine import Database
from cloud.db.models import Artifact, Snapshot
from cloud.jobs import queries
from cloud.jobs.events import JobEvent
from cloud.storage.store import ArtifactStore
from tests.conftest import RunningApi


async def start_job(database: Database, job_id: str) -> None:
    """The job runs."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        writer.job.state = "running"
        writer.job.started_at = queries.utc_now()


async def emit(database: Database, job_id: str, *events: JobEvent) -> None:
    """The job has these further events."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        for event in events:
            writer.emit(event)


async def finish_job(database: Database, job_id: str) -> None:
    """The job has succeeded."""
    async with database.sessions.begin() as session:
        (await queries.open_writer(session, UUID(job_id))).finish("succeeded", "finished")


async def give_scene(database: Database, job_id: str) -> None:
    """The job has made a scene, which is its project's now."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        job = writer.job
        snapshot = Snapshot(
            user_id=job.user_id, project_id=job.project_id, job_id=job.id, sha256="0" * 64, bytes=1, code="pass"
        )
        session.add(snapshot)
        await session.flush()
        await writer.move_head(snapshot.id)


async def give_file(
    database: Database, api: RunningApi, job_id: str, name: str, content: bytes, *, is_stored: bool = True
) -> str:
    """A file of the job. Returns: its id."""
    if is_stored:
        await ArtifactStore.local(api.settings.artifacts_dir).put(content)
    async with database.sessions.begin() as session:
        job = (await queries.open_writer(session, UUID(job_id))).job
        artifact = Artifact(
            user_id=job.user_id,
            project_id=job.project_id,
            job_id=job.id,
            kind="scene",
            name=name,
            media_type="application/x-blender",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )
        session.add(artifact)
        await session.flush()
        return str(artifact.id)
