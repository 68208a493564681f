"""What a user takes home: the list of what can be had of a scene, and everything of a scene or a job as one zip."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.downloads import attachment_header
from cloud.api.noted_downloads import DownloadNotes, DownloadNotesDep
from cloud.api.problems import documented
from cloud.jobs.downloads.archive import Contents, contents_of_job, contents_of_scene, stream_contents
from cloud.jobs.downloads.offer import Offer, OfferKind, Offers, OfferState, offers_of
from cloud.projects import queries
from cloud.storage.store import ArtifactStore

router = APIRouter(tags=["downloads"], responses=documented(404, 422))

_ZIP = {200: {"description": "A zip", "content": {"application/zip": {}}}, **documented(409)}
SnapshotQuery = Annotated[UUID | None, Query(description="A step of the history; else the scene as it stands.")]


class DownloadFileOut(BaseModel):
    """A file that is there."""

    name: str
    url: str = Field(description="Its address, from this server's root.")
    media_type: str
    bytes: int | None = Field(description="null: not known before it is made, as with the zip.")
    artifact_id: UUID | None = Field(description="null: it is no artifact; take it from its `url`.")


class DownloadOut(BaseModel):
    """One thing to take home."""

    kind: OfferKind
    format: str = Field(description="What `POST …/exports` takes; empty where nothing needs to be made.")
    name: str
    state: OfferState = Field(
        description="`ready`: its `files` are there; `making`: by the job `job_id`; `can_be_made`: by `POST …/exports`."
    )
    bytes: int | None = Field(description="Of all its files; null: they are not there yet, or it is not known.")
    files: list[DownloadFileOut] = Field(description="The main one first; with it what belongs to it.")
    job_id: UUID | None
    reason: str = Field(description="Why it cannot be had; else empty.")


class DownloadsOut(BaseModel):
    """All that can be had of a scene."""

    snapshot_id: UUID | None = Field(description="The scene that all this is of; null: it is empty.")
    objects: int | None = Field(description="With geometry; null: not counted.")
    triangles: int | None
    size_m: list[float] | None = Field(description="The scene's box along x, y and z, metres; null: not measured.")
    items: list[DownloadOut] = Field(description="In the order in which to show them, the .blend first.")


@router.get("/projects/{project_id}/downloads", summary="List what can be downloaded")
async def list_downloads(
    project_id: UUID, owner: OwnerDep, transaction: TransactionDep, snapshot_id: SnapshotQuery = None
) -> DownloadsOut:
    """Of the scene as it stands, or of a step: what is there, and what can be made. Files of other steps are not in it.

    An empty scene has none.
    """
    project = await queries.get_project(transaction, owner, project_id)
    wanted = snapshot_id or project.head_snapshot_id
    if wanted is None:
        return DownloadsOut(snapshot_id=None, objects=0, triangles=0, size_m=None, items=[])
    return _downloads_out(await offers_of(transaction, project, wanted))


@router.get(
    "/projects/{project_id}/archive",
    summary="Download everything of a scene",
    response_class=StreamingResponse,
    responses=_ZIP,
)
async def get_project_archive(
    project_id: UUID,
    owner: OwnerDep,
    services: ServicesDep,
    notes: DownloadNotesDep,
    snapshot_id: SnapshotQuery = None,
) -> StreamingResponse:
    """One zip: the .blend, each format that was made, pictures, the script with the files that it needs, parameters,
    prompts, reference pictures."""
    # In a session of its own: the download lives long, and must not hold a connection.
    async with services.database.sessions.begin() as session:
        project = await queries.get_project(session, owner, project_id)
        contents = await contents_of_scene(session, project, snapshot_id)
    return await _send(services.store, contents, notes, f"project:{project_id}")


@router.get(
    "/jobs/{job_id}/archive",
    summary="Download everything that a job made",
    tags=["jobs"],
    response_class=StreamingResponse,
    responses=_ZIP,
)
async def get_job_archive(
    job_id: UUID, owner: OwnerDep, services: ServicesDep, notes: DownloadNotesDep
) -> StreamingResponse:
    """One zip of all files of the job; while it runs, of those that there are."""
    async with services.database.sessions.begin() as session:
        job = await queries.get_job(session, owner, job_id)
        project = await queries.get_project(session, owner, job.project_id)
        contents = await contents_of_job(session, job, project.name)
    return await _send(services.store, contents, notes, f"job:{job_id}")


async def _send(store: ArtifactStore, contents: Contents, notes: DownloadNotes, subject: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": attachment_header(contents.name),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    response = StreamingResponse(stream_contents(store, contents), headers=headers, media_type="application/zip")
    await notes.note(subject, response, name=contents.name)
    return response


def _downloads_out(offers: Offers) -> DownloadsOut:
    counted = offers.geometry
    return DownloadsOut(
        snapshot_id=offers.snapshot.id,
        objects=counted.objects if counted else None,
        triangles=counted.triangles if counted else None,
        size_m=list(counted.size_m) if counted and counted.size_m is not None else None,
        items=[_download_out(offer) for offer in offers.items],
    )


def _download_out(offer: Offer) -> DownloadOut:
    sizes = [file.bytes for file in offer.files]
    known = [size for size in sizes if size is not None]
    return DownloadOut(
        kind=offer.kind,
        format=offer.format,
        name=offer.name,
        state=offer.state,
        bytes=sum(known) if known and len(known) == len(sizes) else None,
        files=[
            DownloadFileOut(
                name=file.name,
                url=file.path,
                media_type=file.media_type,
                bytes=file.bytes,
                artifact_id=file.artifact_id,
            )
            for file in offer.files
        ],
        job_id=offer.job_id,
        reason=offer.reason,
    )
