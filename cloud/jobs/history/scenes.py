"""The scenes of the history that a job's request names."""

from uuid import UUID

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.pod import EMPTY_SCENE


async def scene_of(database: Database, job: Job, field: str) -> str:
    """The hash of the snapshot whose id stands in this field of the request; None there is the empty scene.

    Raises: NoSuchSnapshot.
    """
    snapshot_id = job.request[field]
    if snapshot_id is None:
        return EMPTY_SCENE
    async with database.sessions() as session:
        return (await get_snapshot(session, job.project_id, UUID(snapshot_id))).sha256
