"""A new project that begins at a step of another one. It shares no row with its origin, which may be deleted."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from cloud.db.engine import Transaction
from cloud.db.models import Artifact, Project, Snapshot
from cloud.jobs.history.queries import add_rows, get_snapshot, views_of
from cloud.jobs.history.scenes import scene_moved
from cloud.jobs.queries import chain_to, open_project_writer
from cloud.jobs.script import seed_of_project
from cloud.projects.names import checked_project_name
from cloud.projects.queries import add_project

_NAME_LIMIT_CHARS = 200
_SUFFIX = " (branch)"


async def branch(session: Transaction, origin: Project, snapshot_id: UUID, name: str | None) -> Project:
    """A new project of the same owner whose scene and history are those of the origin at this snapshot.

    Raises: NoSuchSnapshot. InvalidInput: the name.
    """
    await get_snapshot(session, origin.id, snapshot_id)
    # Nothing of the origin goes away while it is copied.
    await open_project_writer(session, origin.id)
    kept = origin.name[: _NAME_LIMIT_CHARS - len(_SUFFIX)]
    project = await add_project(session, origin.user_id, checked_project_name(name or f"{kept}{_SUFFIX}"))
    project.seed = seed_of_project(origin)
    chain = [snapshot for snapshot, _ in await chain_to(session, snapshot_id)]
    files = {file_id: _copied_file(file, project) for file_id, file in (await views_of(session, chain)).items()}
    await add_rows(session, list(files.values()))
    copies: list[Snapshot] = []
    for snapshot in chain:
        copies.append(_copied_step(snapshot, project, copies[-1].id if copies else None, files))
    await add_rows(session, copies)
    head = copies[-1]
    writer = await open_project_writer(session, project.id)
    await writer.move_head(head.id)
    writer.emit(scene_moved("branch", head))
    await session.flush()
    await session.refresh(project)
    return project


def _copied_step(
    origin: Snapshot, project: Project, parent_id: UUID | None, files: Mapping[UUID, Artifact]
) -> Snapshot:
    """`files`: the copies of its picture and its model, by the ids of theirs."""
    thumbnail, model = (files.get(file_id) if file_id else None for file_id in (origin.thumbnail_id, origin.model_id))
    return Snapshot(
        id=uuid4(),
        user_id=project.user_id,
        project_id=project.id,
        job_id=origin.job_id,
        run_id=origin.run_id or origin.job_id,
        parent_id=parent_id,
        thumbnail_id=thumbnail.id if thumbnail else None,
        model_id=model.id if model else None,
        step=origin.step,
        message_seq=origin.message_seq,
        title=origin.title,
        label=origin.label,
        code=origin.code,
        changed=origin.changed,
        seconds=origin.seconds,
        sha256=origin.sha256,
        bytes=origin.bytes,
        created_at=origin.created_at,  # lists are by time: copies of one moment would have no order
    )


def _copied_file(origin: Artifact, project: Project) -> Artifact:
    return Artifact(
        id=uuid4(),
        user_id=project.user_id,
        project_id=project.id,
        kind=origin.kind,
        name=origin.name,
        media_type=origin.media_type,
        sha256=origin.sha256,
        bytes=origin.bytes,
        created_at=origin.created_at,
    )
