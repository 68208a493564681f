"""Files: what a job has made and what the user has uploaded."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.downloads import DOWNLOAD_RESPONSES, StoredFile, WantedDep, send_file
from cloud.api.noted_downloads import DownloadNotesDep
from cloud.api.problems import documented
from cloud.api.schemas import ArtifactOut
from cloud.api.shapes import artifact_out
from cloud.projects import queries

router = APIRouter(prefix="/artifacts", tags=["artifacts"], responses=documented(404, 422))


@router.get("/{artifact_id}", summary="Get a file's facts")
async def get_artifact(artifact_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> ArtifactOut:
    return artifact_out(await queries.get_artifact(transaction, owner, artifact_id))


@router.get(
    "/{artifact_id}/content",
    summary="Download a file",
    response_class=StreamingResponse,
    responses=DOWNLOAD_RESPONSES,
)
async def get_content(
    artifact_id: UUID, owner: OwnerDep, services: ServicesDep, wanted: WantedDep, notes: DownloadNotesDep
) -> Response:
    """The file's bytes. Content never changes, so a broken download goes on with `Range`."""
    async with services.database.sessions() as session:
        artifact = await queries.get_artifact(session, owner, artifact_id)
    file = StoredFile(artifact.name, artifact.media_type, artifact.sha256, artifact.bytes)
    response = await send_file(services.store, file, wanted)
    await notes.note(f"artifact:{artifact_id}", response, media_type=artifact.media_type, name=artifact.name)
    return response
