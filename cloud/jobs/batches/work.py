"""Making a batch, cancelling it, and trying its failures again, in the caller's transaction."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cloud.db.models import Batch, Job, Project
from cloud.errors import Conflict
from cloud.jobs import queries as job_queries
from cloud.jobs import queue
from cloud.jobs.batches import queries
from cloud.jobs.batches.parsing import BatchItem
from cloud.jobs.history.scenes import scene_moved
from cloud.jobs.options import BuildOptions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.settings import Settings

UNBUILT = ("failed", "cancelled")


async def make_batch(session: "AsyncSession", batch: Batch, items: Sequence[BatchItem], settings: "Settings") -> None:
    """Keep the batch, with a new project and a queued job for each item, in their order. Raises: as `admit`."""
    began = await queries.add_batch(session, batch)
    projects: list[Project] = []
    jobs: list[Job] = []
    for position, item in enumerate(items, 1):
        # Lists are in order of time: of equal times the order would be chance.
        moment = began + dt.timedelta(microseconds=position)
        project = Project(id=uuid4(), user_id=batch.user_id, name=item.name, created_at=moment, updated_at=moment)
        projects.append(project)
        jobs.append(
            Job(
                id=uuid4(),
                user_id=batch.user_id,
                project_id=project.id,
                batch_id=batch.id,
                batch_position=position,
                kind="build",
                prompt=item.prompt,
                model=item.model,
                request=_request_of(item),
                created_at=moment,
            )
        )
    await queries.add_projects(session, projects)
    await queue.enqueue_all(session, jobs, settings)


def _request_of(item: BatchItem) -> dict[str, Any]:
    """What the item says of how to build it; the rest as everywhere."""
    names = ("formats", "quality", "detail", "max_usd", "brief")
    said = {name: value for name in names if (value := getattr(item, name))}
    return BuildOptions(**said).model_dump(mode="json")


async def cancel_batch(session: "AsyncSession", owner: UUID, batch_id: UUID) -> None:
    """Cancel every job of the batch that has not ended. Raises: NotFound. Conflict: all have."""
    await queries.get_batch(session, owner, batch_id, lock=True)
    unfinished = await queries.newest_jobs(session, batch_id, queries.UNFINISHED)
    if not await queue.request_cancel_of_all(session, [job.id for job in unfinished]):
        raise Conflict("Every job of the batch has already ended; there is nothing to cancel.")


async def retry_batch(session: "AsyncSession", owner: UUID, batch_id: UUID, settings: "Settings") -> None:
    """A new job for each that failed or was cancelled, in the same project.

    Raises: NotFound. Conflict: there is none. What `admit` raises.
    """
    await queries.get_batch(session, owner, batch_id, lock=True)
    unbuilt = await queries.newest_jobs(session, batch_id, UNBUILT)
    if not unbuilt:
        raise Conflict("No job of the batch has failed or was cancelled; there is nothing to try again.")
    again = [
        Job(
            id=uuid4(),
            user_id=owner,
            project_id=job.project_id,
            batch_id=batch_id,
            batch_position=job.batch_position,
            kind=job.kind,
            prompt=job.prompt,
            model=job.model,
            request=dict(job.request),
        )
        for job in unbuilt
    ]
    await _take_back(session, unbuilt)
    await queue.enqueue_all(session, again, settings)


async def _take_back(session: "AsyncSession", jobs: Sequence[Job]) -> None:
    """Begin where each job began: what it left half done would be built twice. History keeps it."""
    for job in await queries.left_half_done(session, jobs):
        writer = await job_queries.open_project_writer(session, job.project_id)
        if not await queries.left_half_done(session, [job]):
            continue  # somebody went on with it since
        await writer.move_head(job.base_snapshot_id)
        base = await job_queries.head_of(session, job.project_id)
        writer.emit(scene_moved("restore", base))
        await session.flush()
