"""What a client can read besides tool results: snapshots, the last pictures, exported files.

`p2m://snapshots/{sha256}.blend`, `p2m://pictures/{n}.png`, `p2m://exports/{name}`; lists are newest first.
"""

import asyncio
import base64
import mimetypes
import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
)

from cloud.blender.answers import PICTURE_TYPES
from cloud.blender.store import PodStore

READ_LIMIT_BYTES = 16 * 2**20
PAGE_LENGTH = 100

_PICTURES_KEPT = 20
_PICTURES_LIMIT_BYTES = 32 * 2**20
_FILE_URI = re.compile(r"p2m://(?:(snapshots)/([0-9a-f]{64}\.blend)|(exports)/([A-Za-z0-9][A-Za-z0-9_.-]{0,99}))")
_BLEND = "application/x-blender"


class PictureShelf:
    """The last pictures of `look`, in memory: twenty at most, and never more than 32 MiB."""

    def __init__(self) -> None:
        self._pictures: deque[tuple[Resource, bytes]] = deque()
        self._taken = 0

    def add(self, media_type: str, data: bytes) -> str:
        """Keep a picture. Returns: its URI."""
        self._taken += 1
        name = f"{self._taken}.{PICTURE_TYPES[media_type]}"
        uri = f"p2m://pictures/{name}"
        self._pictures.appendleft((Resource(uri=uri, name=name, mime_type=media_type, size=len(data)), data))
        while (
            len(self._pictures) > _PICTURES_KEPT or sum(len(kept) for _, kept in self._pictures) > _PICTURES_LIMIT_BYTES
        ):
            self._pictures.pop()
        return uri

    def listed(self) -> list[Resource]:
        """Newest first."""
        return [resource for resource, _ in self._pictures]

    def get(self, uri: str) -> tuple[str, bytes] | None:
        """Media type and bytes of a picture that is still kept."""
        return next((((r.mime_type or ""), data) for r, data in self._pictures if r.uri == uri), None)


class ResourceDesk:
    """Answers `resources/list`, `resources/templates/list` and `resources/read`."""

    def __init__(self, store: PodStore, pictures: PictureShelf) -> None:
        self._store = store
        self._folders = {"snapshots": store.snapshots_folder, "exports": store.exports_folder}
        self._pictures = pictures

    async def list_resources(
        self, _: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """A page. The cursor is the last URI of the page before. Raises: MCPError: it is none."""
        found = await asyncio.to_thread(self._listed)
        start = 0
        if params and params.cursor is not None:
            uris = [resource.uri for resource in found]
            if params.cursor not in uris:
                raise MCPError(INVALID_PARAMS, "There is no such page (any longer); list from the first one.")
            start = uris.index(params.cursor) + 1
        page = found[start : start + PAGE_LENGTH]
        more = start + PAGE_LENGTH < len(found)
        return ListResourcesResult(resources=page, next_cursor=page[-1].uri if more else None)

    async def list_templates(
        self, _: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """All templates, on one page. Raises: MCPError: a cursor, which was never given."""
        if params and params.cursor:
            raise MCPError(INVALID_PARAMS, "There is no such page: all templates are on the first.")
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    name="snapshot",
                    uri_template="p2m://snapshots/{sha256}.blend",
                    mime_type=_BLEND,
                    description="The scene after a step; the snapshots tool lists them.",
                ),
                ResourceTemplate(
                    name="picture",
                    uri_template="p2m://pictures/{name}",
                    description=f"One of the last {_PICTURES_KEPT} pictures that look took.",
                ),
                ResourceTemplate(
                    name="export", uri_template="p2m://exports/{name}", description="A file that export wrote."
                ),
            ]
        )

    async def read(self, _: ServerRequestContext[Any], params: ReadResourceRequestParams) -> ReadResourceResult:
        """The resource's bytes. Raises: MCPError: there is none, or it is too long for MCP."""
        uri = str(params.uri)
        if (picture := self._pictures.get(uri)) is not None:
            media_type, data = picture
        elif (match := _FILE_URI.fullmatch(uri)) and (parts := [part for part in match.groups() if part]):
            folder, name = parts
            media_type = _media_type(name)
            data = await asyncio.to_thread(_read_file, self._folders[folder] / name, f"/files/{folder}/{name}")
        else:
            raise _absent(uri)
        blob = base64.b64encode(data).decode()
        return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type=media_type, blob=blob)])

    def _listed(self) -> list[Resource]:
        return [*self._snapshots(), *self._pictures.listed(), *self._exports()]

    def _snapshots(self) -> Iterator[Resource]:
        for entry in self._store.list_snapshots():
            name = f"{entry.sha256}.blend"
            title = entry.label or entry.title or None
            yield Resource(uri=f"p2m://snapshots/{name}", name=name, title=title, mime_type=_BLEND, size=entry.bytes)

    def _exports(self) -> list[Resource]:
        found: list[tuple[float, Resource]] = []
        with os.scandir(self._folders["exports"]) as entries:
            for entry in entries:
                uri = f"p2m://exports/{entry.name}"
                if _FILE_URI.fullmatch(uri) and entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    resource = Resource(uri=uri, name=entry.name, mime_type=_media_type(entry.name), size=facts.st_size)
                    found.append((facts.st_mtime, resource))
        return [resource for _, resource in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _read_file(path: Path, http_path: str) -> bytes:
    """Raises: MCPError: there is no such plain file, or it is too long."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise _absent(path.name) from None
    with open(fd, "rb") as file:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise _absent(path.name)
        if facts.st_size > READ_LIMIT_BYTES:
            limit = READ_LIMIT_BYTES // 2**20
            sentence = f"The file is longer than {limit} MiB; get it over HTTP: GET {http_path} with the same token."
            raise MCPError(INVALID_REQUEST, sentence)
        return file.read(READ_LIMIT_BYTES)


def _media_type(name: str) -> str:
    if name.endswith(".blend"):
        return _BLEND
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _absent(what: str) -> MCPError:
    return MCPError(INVALID_PARAMS, f"There is no resource {what[:120]!a} (any longer).")
