"""Jobs: one prompt or export at work. Their live events: `event_streams`."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.api.dependencies import OwnerDep, PagingDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import ArtifactOut, JobOut, Page
from cloud.api.shapes import artifact_out, job_out, page_out
from cloud.jobs import queue
from cloud.projects import queries

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=documented(404, 422))


@router.get("", summary="List jobs")
async def list_jobs(
    owner: OwnerDep,
    transaction: TransactionDep,
    paging: PagingDep,
    project_id: Annotated[UUID | None, Query(description="Only this project's.")] = None,
    state: Annotated[
        Literal["queued", "running", "succeeded", "failed", "cancelled"] | None,
        Query(description="Only those in this state."),
    ] = None,
) -> Page[JobOut]:
    """One's own jobs, newest first."""
    page = await queries.list_jobs(transaction, owner, project_id, state, paging.cursor, paging.limit)
    return page_out(page, job_out)


@router.get("/{job_id}", summary="Get a job")
async def get_job(job_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> JobOut:
    return job_out(await queries.get_job(transaction, owner, job_id))


@router.post("/{job_id}/cancel", status_code=202, summary="Cancel a job", responses=documented(409))
async def cancel_job(job_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> JobOut:
    """A queued job ends at once, a running one within about a second; its events say so."""
    job = await queries.get_job(transaction, owner, job_id)
    await queue.request_cancel(transaction, job)
    return job_out(job)


@router.get("/{job_id}/artifacts", summary="List a job's files", tags=["artifacts"])
async def list_job_artifacts(
    job_id: UUID, owner: OwnerDep, transaction: TransactionDep, paging: PagingDep
) -> Page[ArtifactOut]:
    """What the job has made so far, newest first."""
    page = await queries.list_artifacts(transaction, owner, paging.cursor, paging.limit, job_id=job_id)
    return page_out(page, artifact_out)
