"""The SQL of what belongs to a snapshot. That the project is the user's own, its caller knows. Their transaction.

Of two files of one kind and name the newer one counts: a later job has made the same again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Artifact
from cloud.db.scene_models import SceneFacts, SceneFile


@dataclass(frozen=True)
class Geometry:
    """What a scene holds: objects with geometry, the triangles of their evaluated meshes, and its box.

    `size_m` is along x, y and z, metres; None: not measured.
    """

    objects: int
    triangles: int
    size_m: Sequence[float] | None = None


async def note_files(session: AsyncSession, project_id: UUID, snapshot_id: UUID, artifact_ids: Sequence[UUID]) -> None:
    """These files are of this snapshot; their rows are in the session."""
    await session.flush()
    session.add_all(
        SceneFile(artifact_id=artifact_id, snapshot_id=snapshot_id, project_id=project_id)
        for artifact_id in artifact_ids
    )


async def note_geometry(session: AsyncSession, project_id: UUID, snapshot_id: UUID, found: Geometry) -> None:
    """Keep what was counted in a snapshot, whose row is in the session; a size that is known stays known."""
    await session.flush()
    facts = {"objects": found.objects, "triangles": found.triangles}
    size_m = None if found.size_m is None else list(found.size_m)
    row = insert(SceneFacts).values(snapshot_id=snapshot_id, project_id=project_id, size_m=size_m, **facts)
    known = func.coalesce(row.excluded.size_m, SceneFacts.size_m)
    await session.execute(
        row.on_conflict_do_update(index_elements=[SceneFacts.snapshot_id], set_={**facts, "size_m": known})
    )


async def files_of(session: AsyncSession, snapshot_id: UUID) -> Mapping[tuple[str, str], Artifact]:
    """The snapshot's files by kind and name, the newest of each."""
    statement = select(Artifact).join(SceneFile, SceneFile.artifact_id == Artifact.id)
    statement = statement.where(SceneFile.snapshot_id == snapshot_id).order_by(Artifact.created_at, Artifact.id)
    return {(row.kind, row.name): row for row in await session.scalars(statement)}


async def geometry_of(session: AsyncSession, snapshot_id: UUID) -> Geometry | None:
    """What was counted in the snapshot; None: nobody has counted yet."""
    found = await session.get(SceneFacts, snapshot_id)
    return None if found is None else Geometry(found.objects, found.triangles, found.size_m)


async def facts_of(session: AsyncSession, snapshot_ids: Sequence[UUID]) -> Sequence[SceneFacts]:
    """What was counted in these snapshots, of those in which somebody has."""
    return (await session.scalars(select(SceneFacts).where(SceneFacts.snapshot_id.in_(snapshot_ids)))).all()
