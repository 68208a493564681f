"""The walk finds what it is for: with a check taken out of the running API, it says which route has a hole."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from cloud.db.models import Artifact, Batch, Job, Project, Snapshot
from cloud.jobs.batches import queries as batch_queries
from cloud.jobs.gallery import queries as gallery_queries
from cloud.jobs.history import queries as history_queries
from cloud.projects import queries
from cloud.projects.pages import Page
from tests.api.every_route import routes
from tests.api.tenants.walk import TenantWalk

ROUTES = {str(route): route for route in routes()}


async def _any_project(session: Any, _owner: UUID, project_id: UUID) -> Any:
    return queries._found(await session.get(Project, project_id), "project", project_id)


async def _any_job(session: Any, _owner: UUID, job_id: UUID) -> Any:
    return queries._found(await session.get(Job, job_id), "job", job_id)


async def _any_artifact(session: Any, _owner: UUID, artifact_id: UUID) -> Any:
    return queries._found(await session.get(Artifact, artifact_id), "file", artifact_id)


async def _any_snapshot(session: Any, _project_id: UUID, snapshot_id: UUID) -> Any:
    return queries._found(await session.get(Snapshot, snapshot_id), "project", snapshot_id)


async def _any_batch(session: Any, _owner: UUID, batch_id: UUID, **_options: Any) -> Any:
    return queries._found(await session.get(Batch, batch_id), "project", batch_id)


async def _jobs_of_all(session: Any, _owner: UUID, _project: Any, _state: Any, cursor: Any, limit: int) -> Any:
    return await queries._page(session, select(Job), Job, cursor, limit)


async def _projects_of_all(session: Any, _owner: UUID, _wanted: Any, _cursor: Any, limit: int) -> Any:
    rows = (await session.scalars(select(Project).limit(limit))).all()
    return Page(await gallery_queries.cards_of(session, rows), None)


async def _told_that_it_is_anothers(session: Any, owner: UUID, project_id: UUID) -> Any:
    """A 404 that says more than that of nothing."""
    project = await session.get(Project, project_id)
    if project is not None and project.user_id != owner:
        raise queries.ProjectDeleted(project_id)
    return queries._found(project, "project", project_id)


async def _renamed_and_then_refused(session: Any, owner: UUID, project_id: UUID, name: str) -> Any:
    """Answers as it should, when it is too late."""
    async with session.bind.begin() as connection:
        await connection.execute(update(Project).where(Project.id == project_id).values(name=name))
    return await queries.get_project(session, owner, project_id)


async def _any_image(_session: Any, _project: Any, _image_ids: Any) -> None:
    """Asks nothing."""


HOLES: dict[str, tuple[str, Any, str, Any]] = {
    "a project without its owner": ("GET /v1/projects/{project_id}", queries, "get_project", _any_project),
    "a job without its owner": ("GET /v1/jobs/{job_id}", queries, "get_job", _any_job),
    "a job's events without its owner": ("GET /v1/jobs/{job_id}/usage", queries, "get_job", _any_job),
    "a file without its owner": ("GET /v1/artifacts/{artifact_id}", queries, "get_artifact", _any_artifact),
    "a snapshot without its project": (
        "GET /v1/projects/{project_id}/snapshots/{snapshot_id}/script",
        history_queries,
        "get_snapshot",
        _any_snapshot,
    ),
    "a batch without its owner": ("GET /v1/batches/{batch_id}", batch_queries, "get_batch", _any_batch),
    "everybody's jobs": ("GET /v1/jobs", queries, "list_jobs", _jobs_of_all),
    "everybody's projects": ("GET /v1/projects", gallery_queries, "list_cards", _projects_of_all),
    "a project that says it is another's": (
        "GET /v1/projects/{project_id}",
        queries,
        "get_project",
        _told_that_it_is_anothers,
    ),
    "a write before the check": (
        "PATCH /v1/projects/{project_id}",
        queries,
        "rename_project",
        _renamed_and_then_refused,
    ),
    "an image in a body": ("POST /v1/projects/{project_id}/jobs", queries, "require_reference_images", _any_image),
}


@pytest.mark.parametrize("hole", HOLES)
def test_the_walk_finds_a_hole(walk: TenantWalk, monkeypatch: pytest.MonkeyPatch, hole: str) -> None:
    name, module, function, careless = HOLES[hole]
    assert walk.find_holes(ROUTES[name]) == []
    monkeypatch.setattr(module, function, careless)

    found = walk.find_holes(ROUTES[name])

    assert found
    assert all(name in one for one in found)
