"""From the database's rows to the JSON that clients get."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from cloud.api.schemas import ArtifactOut, JobError, JobOut, Page, ProjectOut
from cloud.db.models import Artifact, Job, Project
from cloud.jobs.events import JobResult
from cloud.jobs.kinds import ASKS_A_MODEL
from cloud.jobs.options import BuildOptions
from cloud.projects import pages

Row = TypeVar("Row")
Shown = TypeVar("Shown")


def page_out(page: pages.Page[Row], show: Callable[[Row], Shown]) -> Page[Shown]:
    """A page of rows, each shown."""
    return Page(items=[show(row) for row in page.rows], next_cursor=page.next_cursor)


def project_out(project: Project, kept: dt.timedelta | None = None) -> ProjectOut:
    """`kept`: how long a deleted one is kept."""
    deleted_at = project.deleted_at
    return ProjectOut(
        id=project.id,
        name=project.name,
        created_at=project.created_at,
        updated_at=project.updated_at,
        head_snapshot_id=project.head_snapshot_id,
        thumbnail_id=project.thumbnail_id,
        model_id=project.model_id,
        can_undo=project.head_snapshot_id is not None,
        can_redo=bool(project.redo),
        deleted_at=deleted_at,
        purge_at=deleted_at + kept if deleted_at is not None and kept is not None else None,
    )


def job_out(job: Job) -> JobOut:
    return JobOut.model_validate(
        {
            "id": job.id,
            "project_id": job.project_id,
            "kind": job.kind,
            "prompt": job.prompt,
            "model": job.model,
            "formats": job.request.get("formats", []),
            "options": BuildOptions.of_request(job.request).model_dump() if job.kind in ASKS_A_MODEL else None,
            "state": job.state,
            "outcome": job.outcome,
            "error": JobError.model_validate(job.error) if job.error else None,
            "result": JobResult.model_validate(job.result) if job.result else None,
            "cancel_requested": job.cancel_requested_at is not None,
            "batch_id": job.batch_id,
            "batch_position": job.batch_position,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
        }
    )


def artifact_out(artifact: Artifact) -> ArtifactOut:
    return ArtifactOut.model_validate(artifact, from_attributes=True)
