"""What the runner would have written, for tests of the API alone."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from cloud.db.engine import Database
from cloud.db.models import Artifact, Snapshot, Step, Usage
from cloud.jobs import queries
from cloud.jobs.events import JobEvent
from cloud.jobs.scenes.queries import Geometry, note_files, note_geometry
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


async def finish_job(database: Database, job_id: str, result: dict[str, Any] | None = None) -> None:
    """The job has succeeded."""
    async with database.sessions.begin() as session:
        (await queries.open_writer(session, UUID(job_id))).finish("succeeded", "finished", result=result)


async def fail_job(database: Database, job_id: str, code: str, message: str) -> None:
    """The job has failed."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        writer.finish("failed", "failed", error={"code": code, "message": message})


async def pay(database: Database, job_id: str, usd: float) -> None:
    """The job has made a model call that cost this."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        writer.add(Usage(user_id=writer.job.user_id, job_id=UUID(job_id), model="m", output_tokens=10, usd=usd))


async def give_scene(database: Database, job_id: str) -> str:
    """The job has made a scene, which is its project's now. Returns: the snapshot's id."""
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        job = writer.job
        snapshot = Snapshot(
            user_id=job.user_id, project_id=job.project_id, job_id=job.id, sha256="0" * 64, bytes=1, code="pass"
        )
        session.add(snapshot)
        await session.flush()
        await writer.move_head(snapshot.id)
        return str(snapshot.id)


async def give_steps(database: Database, api: RunningApi, job_id: str, codes: Sequence[str]) -> list[str]:
    """The job has succeeded in one turn of a model, with a step for each code. Returns: the snapshots' ids in order."""
    store = ArtifactStore.of_settings(api.settings)
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        job = writer.job
        mine = {"user_id": job.user_id, "project_id": job.project_id, "job_id": job.id}
        cost = {"input_tokens": 1000, "output_tokens": 200, "usd": 0.25}
        writer.add(Usage(user_id=job.user_id, job_id=job.id, message_seq=2, model="claude", **cost))
        ids = []
        for number, code in enumerate(codes, 1):
            scene = await store.put(f"scene after {code}".encode())
            picture = await store.put(f"picture of {code}".encode())
            name = f"step-{number}.png"
            thumbnail = Artifact(
                id=uuid4(), kind="thumbnail", name=name, media_type="image/png", **mine, **picture._asdict()
            )
            writer.add(thumbnail)
            await session.flush()
            facts = {"title": f"Step {number}", "code": code, "changed": f"added Thing {number}", "seconds": 0.5}
            snapshot = Snapshot(
                id=uuid4(),
                run_id=job.id,
                parent_id=writer.project.head_snapshot_id,
                step=number,
                message_seq=2,
                thumbnail_id=thumbnail.id,
                created_at=queries.utc_now(),
                **mine,
                **facts,
                **scene._asdict(),
            )
            await writer.add_snapshot(snapshot)
            writer.add(
                Step(job_id=job.id, number=number, message_seq=2, tool="run_python", title="", code=code, attempt=1)
            )
            ids.append(str(snapshot.id))
        writer.finish("succeeded", "finished")
    return ids


async def give_model(database: Database, api: RunningApi, snapshot_id: str, content: bytes) -> str:
    """The step has a model for the 3D viewer. Returns: the file's id."""
    stored = await ArtifactStore.of_settings(api.settings).put(content)
    async with database.sessions.begin() as session:
        snapshot = await session.get_one(Snapshot, UUID(snapshot_id))
        model = Artifact(
            id=uuid4(),
            user_id=snapshot.user_id,
            project_id=snapshot.project_id,
            job_id=snapshot.job_id,
            kind="model",
            name=f"step-{snapshot.step:03d}.glb",
            media_type="model/gltf-binary",
            **stored._asdict(),
        )
        session.add(model)
        await session.flush()
        snapshot.model_id = model.id
        return str(model.id)


async def give_file(
    database: Database,
    api: RunningApi,
    job_id: str,
    name: str,
    content: bytes,
    *,
    kind: str = "scene",
    is_stored: bool = True,
    snapshot_id: str | None = None,
) -> str:
    """A file of the job, made of this snapshot if of any. Returns: its id."""
    if is_stored:
        await ArtifactStore.of_settings(api.settings).put(content)
    async with database.sessions.begin() as session:
        job = (await queries.open_writer(session, UUID(job_id))).job
        artifact = Artifact(
            user_id=job.user_id,
            project_id=job.project_id,
            job_id=job.id,
            kind=kind,
            name=name,
            media_type="application/x-blender",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )
        session.add(artifact)
        await session.flush()
        if snapshot_id is not None:
            await note_files(session, job.project_id, UUID(snapshot_id), [artifact.id])
        return str(artifact.id)


async def give_geometry(
    database: Database, project_id: str, snapshot_id: str, objects: int, triangles: int, size_m: list[float] | None
) -> None:
    """Somebody has counted and measured the snapshot's scene."""
    async with database.sessions.begin() as session:
        found = Geometry(objects, triangles, size_m)
        await note_geometry(session, UUID(project_id), UUID(snapshot_id), found)
