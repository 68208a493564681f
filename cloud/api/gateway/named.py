"""What callers mean by a name or the beginning of an id."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from cloud.agent.scene_data import visible
from cloud.api.gateway.caller import short
from cloud.db.engine import Transaction
from cloud.db.models import Job, Project, Snapshot
from cloud.errors import Conflict, NotFound
from cloud.jobs.calls import queries as calls
from cloud.jobs.history.moves import Seen
from cloud.jobs.history.queries import NoSuchSnapshot
from cloud.projects.queries import get_job, get_project

Found = TypeVar("Found", Project, Snapshot, Job)

EMPTY = "empty"
_TOLD = 5


class SeveralMeant(Conflict):
    """The name is that of several."""

    code = "several_meant"

    def __init__(self, kind: str, name: str, ids: Sequence[UUID]) -> None:
        told = ", ".join(map(short, ids[:_TOLD]))
        super().__init__(f"{visible(name)!r} is the name of several {kind}s; say which by its id: {told}.")


async def find_project(session: Transaction, owner: UUID, name: str) -> Project:
    """The user's project. Raises: NotFound, ProjectDeleted, SeveralMeant."""
    if (project_id := _whole(name)) is not None:
        return await get_project(session, owner, project_id)
    found = await calls.projects_named(session, owner, name, _TOLD)
    return _only("project", name, found)


async def find_snapshot(session: Transaction, project: Project, name: str) -> Snapshot | None:
    """The project's snapshot; None: the empty scene is meant. Raises: NotFound, SeveralMeant."""
    if name == EMPTY:
        return None
    whole = _whole(name)
    found = await calls.snapshots_named(session, project.id, str(whole) if whole else name, _TOLD)
    if whole is not None and not found:
        raise NoSuchSnapshot(whole)
    return _only("snapshot", name, found)


async def find_job(session: Transaction, owner: UUID, name: str) -> Job:
    """The user's job. Raises: NotFound, SeveralMeant."""
    if (job_id := _whole(name)) is not None:
        return await get_job(session, owner, job_id)
    return _only("job", name, await calls.jobs_named(session, owner, name, _TOLD))


async def scene_seen(session: Transaction, project: Project, name: str) -> Seen | None:
    """The scene that a caller says it saw; None: it does not say. Raises: as `find_snapshot`."""
    if not name:
        return None
    found = await find_snapshot(session, project, name)
    return Seen(found.id if found else None)


def _whole(name: str) -> UUID | None:
    try:
        return UUID(name) if len(name) == 36 else None
    except ValueError:
        return None


def _only(kind: str, name: str, found: Sequence[Found]) -> Found:
    if not found:
        raise NotFound(kind, visible(name)[:100])
    if len(found) > 1:
        raise SeveralMeant(kind, name, [each.id for each in found])
    return found[0]
