"""Downloads from the artifact store: whole, a range, or "as you have it"; and what the file is called.

Where the store is a bucket, large files are not sent through us: the client is sent on (307) to a link of the bucket
that is good for some seconds, which names the file as our own answer would. Who has the link needs nothing else, so it
is given only after all checks, and is not to be kept.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import Depends, Header, Response
from fastapi.responses import StreamingResponse

from cloud.api.problems import ProblemResponse, documented
from cloud.storage.store import ArtifactStore, Link

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE | re.ASCII)

# Below this a second request costs more than our sending it.
_LEAST_SENT_ON_BYTES = 256 * 1024

DOWNLOAD_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", "content": {"*/*": {}}},
    206: {"description": "The bytes that `Range` asked for"},
    307: {
        "description": "A large file is fetched from the storage itself: `Location` is good for some seconds, takes "
        "`Range`, and must not be sent our `Authorization`"
    },
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
    fetch_mode: str | None = None

    @property
    def can_be_sent_on(self) -> bool:
        """Whether whoever asks can go on at another origin.

        A page's own scripts and pictures cannot: its policy forbids other origins, and the bucket forbids the page's.
        What goes on with `If-Range` has our tag, which the bucket does not know.
        """
        return self.if_range is None and self.fetch_mode in (None, "navigate")


def read_wanted(
    wanted_range: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    fetch_mode: Annotated[str | None, Header(alias="Sec-Fetch-Mode", include_in_schema=False)] = None,
) -> Wanted:
    """The headers of a download's request."""
    return Wanted(wanted_range, if_range, if_none_match, fetch_mode)


WantedDep = Annotated[Wanted, Depends(read_wanted)]


async def send_file(store: ArtifactStore, file: StoredFile, wanted: Wanted) -> Response:
    """The file's bytes, or where they are. Content never changes, so a broken download goes on with `Range`.

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
    is_worth_it = file.bytes >= _LEAST_SENT_ON_BYTES and not file.media_type.startswith("image/")
    if wanted.can_be_sent_on and is_worth_it:
        link = await store.link_to(file.sha256, headers["Content-Disposition"], file.media_type)
        if link is not None:
            return _sent_on(link)
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


def _sent_on(link: Link) -> Response:
    """To the link, which no cache may keep and no page be told of."""
    return Response(
        status_code=307,
        headers={"Location": link.url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )


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
