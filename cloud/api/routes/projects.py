"""Projects: one evolving scene each, with what is put into it and asked of it."""

import datetime as dt
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request

from cloud.api.dependencies import OwnerDep, PagingDep, Services, ServicesDep, TransactionDep
from cloud.api.idempotency import IdempotencyDep
from cloud.api.orders import order_build, order_export
from cloud.api.problems import documented
from cloud.api.schemas import ArtifactOut, ExportIn, JobIn, JobOut, Page, ProjectIn, ProjectOut
from cloud.api.shapes import artifact_out, job_out, page_out, project_out
from cloud.db.models import Artifact
from cloud.errors import InvalidInput, TooLarge
from cloud.jobs.retention import deletion
from cloud.jobs.retention.space import require_space
from cloud.projects import queries
from cloud.projects.images import clean_image_name
from cloud.projects.names import checked_project_name

router = APIRouter(prefix="/projects", tags=["projects"], responses=documented(404, 422))

_IMAGE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in ("image/png", "image/jpeg", "image/webp", "image/gif")
        },
    }
}


@router.post("", status_code=201, summary="Create a project", responses=documented(409))
async def create_project(
    body: ProjectIn, owner: OwnerDep, transaction: TransactionDep, idempotency: IdempotencyDep
) -> ProjectOut:
    """A new project with an empty scene."""
    name, new_id = checked_project_name(body.name), uuid4()
    if earlier := await idempotency.made_before(transaction, new_id):
        return project_out(await queries.get_project(transaction, owner, earlier))
    return project_out(await queries.add_project(transaction, owner, name, new_id))


@router.get("/{project_id}", summary="Get a project")
async def get_project(project_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> ProjectOut:
    return project_out(await queries.get_project(transaction, owner, project_id))


@router.patch("/{project_id}", summary="Rename a project")
async def rename_project(project_id: UUID, body: ProjectIn, owner: OwnerDep, transaction: TransactionDep) -> ProjectOut:
    name = checked_project_name(body.name)
    return project_out(await queries.rename_project(transaction, owner, project_id, name))


@router.delete("/{project_id}", status_code=204, summary="Delete a project", responses=documented(503))
async def delete_project(
    project_id: UUID,
    owner: OwnerDep,
    services: ServicesDep,
    purge: Annotated[bool, Query(description="For good, and at once; also what is deleted already.")] = False,
) -> None:
    """Jobs that have not ended are cancelled. For 7 days the project can be brought back, unless it is purged."""
    if purge:
        await deletion.purge_project(services.database, owner, project_id)
        return
    async with services.database.sessions.begin() as session:
        await deletion.delete_project(session, owner, project_id)


@router.post("/{project_id}/undelete", summary="Bring a deleted project back", responses=documented(409))
async def undelete_project(
    project_id: UUID, owner: OwnerDep, transaction: TransactionDep, services: ServicesDep
) -> ProjectOut:
    """Its files and its history are as they were; its jobs that had not ended stay cancelled."""
    since = _now() - _kept(services)
    return project_out(await queries.undelete_project(transaction, owner, project_id, since))


@router.post(
    "/{project_id}/images",
    status_code=201,
    summary="Upload a reference image",
    responses=documented(403, 413),
    openapi_extra=_IMAGE_BODY,
)
async def upload_image(
    project_id: UUID,
    request: Request,
    owner: OwnerDep,
    services: ServicesDep,
    name: Annotated[str, Query(max_length=1_000, description="The file's name, which the model is told.")] = "",
) -> ArtifactOut:
    """Send the file itself as the body: PNG, JPEG, WebP or GIF, whatever the Content-Type says.

    It is kept without its metadata and at most 1568 px long; name its `id` in a job's `image_ids`.
    """
    async with services.database.sessions() as session:
        await queries.get_project(session, owner, project_id)
        await require_space(session, owner, services.settings)
    content = await _read_body(request, services.settings.image_limit_bytes)
    if not content:
        raise InvalidInput("The body is empty; send the image file itself as the body.")
    image = await services.images.clean(content)
    stored = await services.store.put(image.content)
    artifact = Artifact(
        user_id=owner,
        project_id=project_id,
        kind="reference",
        name=clean_image_name(name, image.extension),
        media_type=image.media_type,
        sha256=stored.sha256,
        bytes=stored.bytes,
    )
    async with services.database.sessions.begin() as session:
        # Locked: it may have been deleted, even for good, while the image came.
        if (await queries.find_project(session, owner, project_id)).deleted_at is not None:
            raise queries.ProjectDeleted(project_id)
        kept = await queries.add_artifact(session, artifact)
        await require_space(session, owner, services.settings, with_file=True)
        return artifact_out(kept)


@router.post(
    "/{project_id}/jobs", status_code=202, summary="Send a prompt", tags=["jobs"], responses=documented(403, 409)
)
async def create_job(
    project_id: UUID,
    body: JobIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> JobOut:
    """Queue a prompt for the project's scene. Answers at once; follow `GET /v1/jobs/{id}/events`."""
    job_id = uuid4()
    if earlier := await idempotency.made_before(transaction, job_id):
        return job_out(await queries.get_job(transaction, owner, earlier))
    return job_out(await order_build(services, transaction, owner, project_id, body, job_id))


@router.post(
    "/{project_id}/exports", status_code=202, summary="Export the scene", tags=["jobs"], responses=documented(403, 409)
)
async def create_export(
    project_id: UUID,
    body: ExportIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> JobOut:
    """Queue a job that writes the scene, or that of any step, in one format; its file is among the job's artifacts."""
    job_id = uuid4()
    if earlier := await idempotency.made_before(transaction, job_id):
        return job_out(await queries.get_job(transaction, owner, earlier))
    return job_out(await order_export(services, transaction, owner, project_id, body, job_id))


@router.get("/{project_id}/artifacts", summary="List a project's files", tags=["artifacts"])
async def list_project_artifacts(
    project_id: UUID, owner: OwnerDep, transaction: TransactionDep, paging: PagingDep
) -> Page[ArtifactOut]:
    """Reference images, pictures and results of all jobs of the project, newest first."""
    page = await queries.list_artifacts(transaction, owner, paging.cursor, paging.limit, project_id=project_id)
    return page_out(page, artifact_out)


def _kept(services: Services) -> dt.timedelta:
    return dt.timedelta(days=services.settings.deleted_kept_days)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise TooLarge(f"The image is larger than {limit_bytes / 2**20:.0f} MiB; scale it down.")
    return bytes(body)
