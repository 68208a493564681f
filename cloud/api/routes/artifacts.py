"""Files: what a job has made and what the user has uploaded."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.downloads import ByteRange, attachment_header, parse_range
from cloud.api.problems import ProblemResponse, documented
from cloud.api.schemas import ArtifactOut
from cloud.api.shapes import artifact_out
from cloud.db.models import Artifact
from cloud.projects import queries
from cloud.storage.store import ArtifactStore

router = APIRouter(prefix="/artifacts", tags=["artifacts"], responses=documented(404, 422))


@router.get("/{artifact_id}", summary="Get a file's facts")
async def get_artifact(artifact_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> ArtifactOut:
    return artifact_out(await queries.get_artifact(transaction, owner, artifact_id))


@router.get(
    "/{artifact_id}/content",
    summary="Download a file",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The whole file", "content": {"*/*": {}}},
        206: {"description": "The bytes that `Range` asked for"},
        304: {"description": "`If-None-Match` names the file as it is"},
        **documented(410, 416),
    },
)
async def get_content(
    artifact_id: UUID,
    owner: OwnerDep,
    services: ServicesDep,
    wanted_range: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The file's bytes. Content never changes, so a broken download goes on with `Range`."""
    async with services.database.sessions() as session:
        artifact = await queries.get_artifact(session, owner, artifact_id)
    headers = _headers_of(artifact)
    if if_none_match is not None and _names(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if if_range is not None and if_range != headers["ETag"]:
        wanted_range = None
    selected = parse_range(wanted_range, artifact.bytes)
    if selected is None:
        return ProblemResponse(
            416,
            "range_not_satisfiable",
            f"The file has {artifact.bytes} bytes; the range lies outside.",
            headers={"Content-Range": f"bytes */{artifact.bytes}"},
        )
    return await _send(services.store, artifact, selected, headers)


async def _send(store: ArtifactStore, artifact: Artifact, selected: ByteRange, headers: dict[str, str]) -> Response:
    headers["Content-Length"] = str(selected.end - selected.start)
    if selected.is_partial:
        headers["Content-Range"] = f"bytes {selected.start}-{selected.end - 1}/{artifact.bytes}"
    status = 206 if selected.is_partial else 200
    if selected.end == selected.start:
        return Response(status_code=status, headers=headers, media_type=artifact.media_type)
    chunks = store.stream(artifact.sha256, selected.start, selected.end)
    # The first chunk comes before the headers go out, so that a missing file is still a problem document.
    first = await anext(chunks)
    return StreamingResponse(_chain(first, chunks), status_code=status, headers=headers, media_type=artifact.media_type)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _headers_of(artifact: Artifact) -> dict[str, str]:
    return {
        "ETag": f'"{artifact.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": attachment_header(artifact.name),
        "X-Content-Type-Options": "nosniff",
    }


def _names(if_none_match: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
