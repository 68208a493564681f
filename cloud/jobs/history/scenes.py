"""The scenes of the history: those that a job's request names, and the event that tells of a move to one."""

from uuid import UUID

from cloud.db.engine import Database
from cloud.db.models import Job, Snapshot
from cloud.jobs.events import SceneMoved
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


def scene_moved(reason: str, snapshot: Snapshot | None) -> SceneMoved:
    """The project's scene is this snapshot now (None: the empty one)."""
    if snapshot is None:
        return SceneMoved(reason=reason, snapshot_id=None, thumbnail_id=None)
    return SceneMoved(
        reason=reason, snapshot_id=snapshot.id, thumbnail_id=snapshot.thumbnail_id, model_id=snapshot.model_id
    )
