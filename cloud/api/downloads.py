"""Downloads from the artifact store: whole, a range, or "as you have it"; and what the file is called."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import Depends, Header, Response
from fastapi.responses import StreamingResponse

from cloud.api.problems import ProblemResponse, documented
from cloud.storage.store import ArtifactStore

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE | re.ASCII)

DOWNLOAD_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", "content": {"*/*": {}}},
    206: {"description": "The bytes that `Range` asked for"},
    304: {"description": "`If-None-Match` names the file as it is"},
    **documented(410, 416),
}
"""`responses=` of a route that answers with `send_file`."""


class ByteRange(NamedTuple):
    """The bytes from `start` to before `end`."""

    start: int
    end: int
    is_partial: bool


@dataclass(frozen=True)
class StoredFile:
    """A file of the artifact store, with what a client is told of it."""

    name: str
    media_type: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Wanted:
    """Which part of a file a client asks for, and what it has of it already: its headers as they came."""

    range: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None


def read_wanted(
    wanted_range: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Wanted:
    """The headers of a download's request."""
    return Wanted(wanted_range, if_range, if_none_match)


WantedDep = Annotated[Wanted, Depends(read_wanted)]


async def send_file(store: ArtifactStore, file: StoredFile, wanted: Wanted) -> Response:
    """The file's bytes. Content never changes, so a broken download goes on with `Range`.

    Raises: ArtifactMissing, StoreUnavailable.
    """
    headers = _headers_of(file)
    if wanted.if_none_match is not None and names_tag(wanted.if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    is_stale = wanted.if_range is not None and wanted.if_range != headers["ETag"]
    selected = parse_range(None if is_stale else wanted.range, file.bytes)
    if selected is None:
        return ProblemResponse(
            416,
            "range_not_satisfiable",
            f"The file has {file.bytes} bytes; the range lies outside.",
            headers={"Content-Range": f"bytes */{file.bytes}"},
        )
    headers["Content-Length"] = str(selected.end - selected.start)
    if selected.is_partial:
        headers["Content-Range"] = f"bytes {selected.start}-{selected.end - 1}/{file.bytes}"
    status = 206 if selected.is_partial else 200
    if selected.end == selected.start:
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    chunks = store.stream(file.sha256, selected.start, selected.end)
    # The first chunk comes before the headers go out, so that a missing file is still a problem document.
    first = await anext(chunks)
    return StreamingResponse(_chain(first, chunks), status_code=status, headers=headers, media_type=file.media_type)


def parse_range(header: str | None, size_bytes: int) -> ByteRange | None:
    """What `Range` asks for; the whole file if it is absent, malformed or names several ranges (RFC 9110 allows it).

    None: it lies outside of the file (416).
    """
    whole = ByteRange(0, size_bytes, is_partial=False)
    found = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return whole
    first, last = found.groups()
    if not first:
        length = min(int(last), size_bytes)
        return ByteRange(size_bytes - length, size_bytes, is_partial=True) if length else None
    start = int(first)
    end = min(int(last) + 1, size_bytes) if last else size_bytes
    if last and int(last) < start:
        return whole
    return ByteRange(start, end, is_partial=True) if start < size_bytes else None


def attachment_header(name: str) -> str:
    """`Content-Disposition` for a file of this name in any script (RFC 6266, RFC 8187)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%;/]', "_", name)
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _headers_of(file: StoredFile) -> dict[str, str]:
    return {
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": attachment_header(file.name),
        "X-Content-Type-Options": "nosniff",
    }


def names_tag(if_none_match: str, etag: str) -> bool:
    """Whether the header `If-None-Match` names this ETag, as its client has the file."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
