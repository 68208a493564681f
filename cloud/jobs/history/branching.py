"""A new project that begins at a step of another one, or as all of it. It shares no row with its origin, which may be
deleted."""

import re
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from cloud.db.engine import Transaction
from cloud.db.models import Artifact, Project, Snapshot
from cloud.db.scene_models import SceneFacts, SceneFile
from cloud.jobs.history.queries import add_rows, all_snapshots, get_snapshot, views_of
from cloud.jobs.history.scenes import scene_moved
from cloud.jobs.queries import chain_to, open_project_writer
from cloud.jobs.scenes.queries import facts_of, files_of
from cloud.jobs.script import seed_of_project
from cloud.projects.names import checked_project_name
from cloud.projects.queries import add_project

_NAME_LIMIT_CHARS = 200
_BRANCH = " (branch)"
_IS_COPY = re.compile(r"(.*) \(copy(?: (\d{1,6}))?\)", re.DOTALL)


async def branch(session: Transaction, origin: Project, snapshot_id: UUID, name: str | None) -> Project:
    """A new project of the same owner whose scene and history are those of the origin at this snapshot.

    Raises: NoSuchSnapshot. InvalidInput: the name.
    """
    await get_snapshot(session, origin.id, snapshot_id)
    # Nothing of the origin goes away while it is copied.
    await open_project_writer(session, origin.id)
    named = checked_project_name(name or _with_suffix(origin.name, _BRANCH))
    project = await add_project(session, origin.user_id, named)
    chain = [snapshot for snapshot, _ in await chain_to(session, snapshot_id)]
    copies = await _copy(session, origin, project, chain, snapshot_id)
    return await _set_head(session, project, copies, snapshot_id, reason="branch")


async def duplicate(session: Transaction, origin: Project, name: str | None, new_id: UUID) -> Project:
    """A new project of the same owner with the origin's scene, all of its history, and what could be redone in it.

    Raises: InvalidInput: the name.
    """
    await open_project_writer(session, origin.id)
    project = await add_project(
        session, origin.user_id, checked_project_name(name or _name_of_copy(origin.name)), new_id
    )
    copies = await _copy(session, origin, project, await all_snapshots(session, origin.id), origin.head_snapshot_id)
    redo = [str(copies[UUID(each)]) for each in origin.redo if UUID(each) in copies]
    return await _set_head(session, project, copies, origin.head_snapshot_id, redo, reason="duplicate")


async def _set_head(
    session: Transaction,
    project: Project,
    copies: Mapping[UUID, UUID],
    head_id: UUID | None,
    redo: Sequence[str] = (),
    *,
    reason: str,
) -> Project:
    """The new project's scene is the copy of this snapshot."""
    if head_id is not None:
        writer = await open_project_writer(session, project.id)
        head = await get_snapshot(session, project.id, copies[head_id])
        await writer.move_head(head.id, redo)
        writer.emit(scene_moved(reason, head))
    await session.flush()
    await session.refresh(project)
    return project


async def _copy(
    session: Transaction, origin: Project, project: Project, snapshots: Sequence[Snapshot], head_id: UUID | None
) -> dict[UUID, UUID]:
    """Copy these snapshots, each after its parent, with their pictures and models, and the scene's files.

    Returns: the copies' ids, by those of the originals.
    """
    project.seed = seed_of_project(origin)
    views = {view_id: _copied_file(view, project) for view_id, view in (await views_of(session, snapshots)).items()}
    of_head = await files_of(session, head_id) if head_id else {}
    files = [_copied_file(artifact, project) for artifact in of_head.values()]
    await add_rows(session, [*views.values(), *files])
    ids: dict[UUID, UUID] = {}
    copies: list[Snapshot] = []
    for snapshot in snapshots:
        parent_id = ids.get(snapshot.parent_id) if snapshot.parent_id else None
        copies.append(_copied_step(snapshot, project, parent_id, views))
        ids[snapshot.id] = copies[-1].id
    await add_rows(session, copies)
    facts = [
        SceneFacts(
            snapshot_id=ids[each.snapshot_id],
            project_id=project.id,
            objects=each.objects,
            triangles=each.triangles,
            size_m=each.size_m,
        )
        for each in await facts_of(session, list(ids))
    ]
    made_of_head = [
        SceneFile(artifact_id=file.id, snapshot_id=ids[head_id], project_id=project.id) for file in files if head_id
    ]
    await add_rows(session, [*facts, *made_of_head])
    return ids


def _with_suffix(name: str, suffix: str) -> str:
    return f"{name[: _NAME_LIMIT_CHARS - len(suffix)]}{suffix}"


def _name_of_copy(name: str) -> str:
    """`Chair (copy)`, and of that `Chair (copy 2)`."""
    found = _IS_COPY.fullmatch(name)
    if found is None:
        return _with_suffix(name, " (copy)")
    return _with_suffix(found[1], f" (copy {int(found[2] or 1) + 1})")


def _copied_step(
    origin: Snapshot, project: Project, parent_id: UUID | None, views: Mapping[UUID, Artifact]
) -> Snapshot:
    """`views`: the copies of its picture and its model, by the ids of theirs."""
    thumbnail, model = (views.get(view_id) if view_id else None for view_id in (origin.thumbnail_id, origin.model_id))
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
