"""Jobs: one prompt or export at work, with its live events."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from cloud.api.dependencies import OwnerDep, PagingDep, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import ArtifactOut, JobOut, Page
from cloud.api.shapes import artifact_out, job_out, page_out
from cloud.errors import InvalidInput
from cloud.jobs import queue
from cloud.projects import queries

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=documented(404, 422))

_LAST_SEQ = 2**31 - 1


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


async def _find_own_job(job_id: UUID, owner: OwnerDep, services: ServicesDep, response: Response) -> UUID:
    response.headers["Cache-Control"] = "no-store"
    # In a session of its own: the stream lives long, and must not hold a connection.
    async with services.database.sessions() as session:
        return (await queries.get_job(session, owner, job_id)).id


def _read_position(
    last_event_id: Annotated[str | None, Header(description="The `id` of the last event that came.")] = None,
    after: Annotated[int, Query(ge=0, le=_LAST_SEQ, description="The same, for clients that set no header.")] = 0,
) -> int:
    if last_event_id is None or not last_event_id.strip():
        return after
    text = last_event_id.strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= _LAST_SEQ):
        raise InvalidInput("Last-Event-ID must be the number of an event of this job, as its `id:` said.")
    return int(text)


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=EventSourceResponse,
)
async def follow_job(
    job_id: Annotated[UUID, Depends(_find_own_job)],
    position: Annotated[int, Depends(_read_position)],
    services: ServicesDep,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: those so far, then each as it happens; the stream ends after `job.finished`.

    `id:` counts from 1 without gaps, `event:` is the type, `data:` is the JSON that `cloud/jobs/events.py`
    describes. Reconnect with `Last-Event-ID` to get what was missed. A comment comes every 15 s of silence.
    """
    async for seq, event in services.feed.subscribe(job_id, position):
        yield ServerSentEvent(id=str(seq), event=event.type, data=event)
