"""Moves of a project's scene through its history: restore, undo, redo. Rows alone change, so they take no time.

The lock on the project's row puts them and the start of jobs in order, so that a scene has one writer at a time.
"""

from dataclasses import dataclass
from uuid import UUID

from cloud.db.engine import Transaction
from cloud.db.models import Project
from cloud.errors import Conflict, NotFound
from cloud.jobs.history.queries import NoSuchSnapshot, get_snapshot, has_work_on_scene
from cloud.jobs.history.scenes import scene_moved
from cloud.jobs.parameters.queries import scene_before
from cloud.jobs.queries import ProjectWriter, open_project_writer


class SceneBusy(Conflict):
    """A job works on the scene, or is about to."""

    code = "scene_busy"

    def __init__(self) -> None:
        super().__init__("A job is at work on this scene; cancel it or wait for its end, then try again.")


class SceneChanged(Conflict):
    """The scene is not the one that the client saw."""

    code = "scene_changed"

    def __init__(self, head: UUID | None) -> None:
        now = f"snapshot '{head}'" if head else "empty"
        super().__init__(f"The scene has been changed meanwhile, it is {now} now; look at it, then try again.")


class NothingToMoveTo(Conflict):
    """There is no step in that direction."""


@dataclass(frozen=True)
class Seen:
    """The scene that a client says it saw; None is the empty one."""

    head: UUID | None


async def lock_scene(session: Transaction, project_id: UUID, seen: Seen | None) -> ProjectWriter:
    """Hold the scene as it stands until the end of the transaction; nobody works on it.

    Raises: NotFound: the project was deleted meanwhile. SceneBusy. SceneChanged: it is not what was `seen`.
    """
    writer = await open_project_writer(session, project_id)
    if writer.project.deleted_at is not None:
        raise NotFound("project", project_id)
    if seen is not None and writer.project.head_snapshot_id != seen.head:
        raise SceneChanged(writer.project.head_snapshot_id)
    if await has_work_on_scene(session, project_id):
        raise SceneBusy
    return writer


async def restore(session: Transaction, project_id: UUID, snapshot_id: UUID | None, seen: Seen | None) -> Project:
    """The scene is this snapshot now (None: empty). Raises: NoSuchSnapshot, and what `lock_scene` raises."""
    if snapshot_id is not None:
        await get_snapshot(session, project_id, snapshot_id)
    writer = await lock_scene(session, project_id, seen)
    return await _move(writer, "restore", snapshot_id)


async def undo(session: Transaction, project_id: UUID, seen: Seen | None) -> Project:
    """The scene is what it was before its last step, or before its parameters were changed.

    Raises: NothingToMoveTo, and what `lock_scene` raises."""
    writer = await lock_scene(session, project_id, seen)
    head_id = writer.project.head_snapshot_id
    if head_id is None:
        raise NothingToMoveTo("The scene is empty: there is no step to undo.")
    parent_id = await scene_before(session, await get_snapshot(session, project_id, head_id))
    return await _move(writer, "undo", parent_id, [*writer.project.redo, str(head_id)])


async def redo(session: Transaction, project_id: UUID, seen: Seen | None) -> Project:
    """The scene is what the last undo went back from. Raises: NothingToMoveTo, and what `lock_scene` raises."""
    writer = await lock_scene(session, project_id, seen)
    if not writer.project.redo:
        raise NothingToMoveTo("There is no step to redo: nothing was undone since the scene's last change.")
    *rest, last = writer.project.redo
    try:
        return await _move(writer, "redo", UUID(last), rest)
    except NoSuchSnapshot as error:
        raise NothingToMoveTo("The step to redo is no longer kept; restore another one from the history.") from error


async def _move(
    writer: ProjectWriter, reason: str, snapshot_id: UUID | None, redo_ids: list[str] | None = None
) -> Project:
    session, project = writer.session, writer.project
    snapshot = None if snapshot_id is None else await get_snapshot(session, project.id, snapshot_id)
    await writer.move_head(snapshot_id, redo_ids or ())
    writer.emit(scene_moved(reason, snapshot))
    await session.flush()
    await session.refresh(project)
    return project
