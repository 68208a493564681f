"""3D files of the user, as what a project begins with or goes on with."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request

from cloud.api.dependencies import OwnerDep, ServicesDep
from cloud.api.idempotency import KeyDep, idempotent
from cloud.api.problems import documented
from cloud.api.schemas import JobOut
from cloud.api.shapes import job_out
from cloud.db.models import Artifact, Job
from cloud.errors import Conflict, InvalidInput, TooLarge
from cloud.jobs import queue
from cloud.jobs.quotas.admission import require_room
from cloud.projects import queries
from cloud.projects.uploads import HEAD_BYTES, MEDIA_TYPES, check_beginning, checked_upload_name, extension_of
from cloud.storage.store import Stored

router = APIRouter(prefix="/projects", tags=["projects"], responses=documented(404, 422))

BODY_LIMIT_BYTES = 512 * 2**20
"""What the pod takes of a file at most; `import_limit_bytes` of the settings is the limit for users."""

_NAME = f"\\.({'|'.join(MEDIA_TYPES)})$"
_FILE_BODY = {
    "requestBody": {
        "required": False,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NoModelFile(Conflict):
    """The file that was named is one's own, and holds no 3D scene."""

    code = "no_model_file"


@router.post(
    "/{project_id}/imports",
    status_code=202,
    summary="Import a 3D file",
    tags=["jobs"],
    responses=documented(403, 413),
    openapi_extra=_FILE_BODY,
    max_body_size=BODY_LIMIT_BYTES,
)
async def create_import(
    project_id: UUID,
    request: Request,
    owner: OwnerDep,
    services: ServicesDep,
    key: KeyDep,
    name: Annotated[
        str,
        Query(
            max_length=1_000,
            description="The file's name with its extension; with an `artifact_id` it may be left out.",
            json_schema_extra={"pattern": _NAME},
        ),
    ] = "",
    artifact_id: Annotated[UUID | None, Query(description="A 3D file of one's own, instead of a body.")] = None,
    scale: Annotated[
        float, Query(ge=1e-6, le=1e6, allow_inf_nan=False, description="0.001: the file is in millimetres.")
    ] = 1.0,
) -> JobOut:
    """Send the file itself as the body: .blend, .glb, .gltf (with all in it), .fbx, .obj, .stl, .ply, .usd, .usdz.

    A job adds what it holds to the project's scene, in a collection of the file's name. Nothing in the file is run.
    """
    async with services.database.sessions() as session:
        await queries.get_project(session, owner, project_id)
        await require_room(session, owner, services.settings)
        source = await _own_file(await queries.get_artifact(session, owner, artifact_id)) if artifact_id else None
    if source is not None:
        name, stored = checked_upload_name(name or source.name), Stored(source.sha256, source.bytes)
        if extension_of(name) != extension_of(source.name):
            raise InvalidInput(f"The file is a .{extension_of(source.name)}; its name must end so.")
    else:
        name = checked_upload_name(name)
        limit_bytes = min(services.settings.import_limit_bytes, BODY_LIMIT_BYTES)
        stored = await services.store.put(_checked_body(request, name, limit_bytes))
    idempotency = idempotent(request, owner, key, stored.sha256.encode())
    async with services.database.sessions.begin() as session:
        job_id = uuid4()
        if earlier := await idempotency.made_before(session, job_id):
            return job_out(await queries.get_job(session, owner, earlier))
        # Locked: it may have been deleted, even for good, while the file came.
        if (await queries.find_project(session, owner, project_id)).deleted_at is not None:
            raise queries.ProjectDeleted(project_id)
        upload = await queries.add_artifact(session, _upload(owner, project_id, name, stored))
        asked = {"artifact_id": str(upload.id), "scale": scale, "formats": ["blend", "glb"]}
        job = Job(
            id=job_id, user_id=owner, project_id=project_id, kind="import", prompt=f"Import {name}", request=asked
        )
        await queue.enqueue(session, job, services.settings, with_file=True)
        return job_out(job)


async def _own_file(artifact: Artifact) -> Artifact:
    """Raises: NoModelFile."""
    if artifact.kind not in ("upload", "scene"):
        raise NoModelFile(f"{artifact.name} is a {artifact.kind}, not a 3D file; name an uploaded file or a scene.")
    return artifact


def _upload(owner: UUID, project_id: UUID, name: str, stored: Stored) -> Artifact:
    return Artifact(
        user_id=owner,
        project_id=project_id,
        kind="upload",
        name=name,
        media_type=MEDIA_TYPES[extension_of(name)],
        sha256=stored.sha256,
        bytes=stored.bytes,
    )


async def _checked_body(request: Request, name: str, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body as it comes, once its beginning is that of such a file. Raises: InvalidInput, TooLarge."""
    head, size, is_checked = b"", 0, False
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise TooLarge(f"{name} is larger than {limit_bytes / 2**20:.0f} MiB; send a simpler or a compressed file.")
        if not is_checked:
            head += chunk
            if len(head) < HEAD_BYTES:
                continue
            check_beginning(name, head)
            is_checked, chunk = True, head
        yield chunk
    if not is_checked:
        check_beginning(name, head)
        yield head
