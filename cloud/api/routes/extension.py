"""The Blender add-on to download, as a static extension repository that Blender installs and updates from.

`scripts/build_extension.py` makes the files (`scripts/setup` calls it); this process reads them and knows no Blender.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, Field

from cloud.api.dependencies import ServicesDep
from cloud.api.downloads import attachment_header, names_tag
from cloud.api.problems import documented
from cloud.errors import NotFound, Prompt2MeshError, Unavailable

router = APIRouter(tags=["add-on"])

OLDEST_ADD_ON = "0.1.0"
"""The oldest add-on that can talk to this server. It rises with a change of the API that an older one cannot take."""

_LISTING = "index.json"
_FRESH = {"Cache-Control": "public, no-cache"}  # an update must be seen at once; the ETag saves the download
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "`If-None-Match` names it as it is"}}
FileName = Annotated[
    str, Path(max_length=100, description="As `archive_url` of the listing says.", examples=["prompt2mesh-0.1.0.zip"])
]
KnownTag = Annotated[str | None, Header(alias="If-None-Match")]


class AddOnVersions(BaseModel):
    """Which add-ons fit, and where the newest is."""

    oldest: str = Field(description="The oldest add-on that this server serves.")
    newest: str | None = Field(description="The add-on that this server offers; null: none was built there.")
    path: str | None = Field(description="Where its zip is, from the server's root.")
    repository: str = Field(description="The extension repository that Blender installs and updates it from.")


class VersionOut(BaseModel):
    """What runs here."""

    version: str = Field(description="The server's own.")
    add_on: AddOnVersions


class ExtensionListing(BaseModel, extra="allow"):
    """A static extension repository, as Blender's `extension server-generate` writes it."""

    version: str
    data: list[dict[str, Any]]


class NotBuilt(Unavailable):
    """Set-up could not build the add-on, or has not tried."""

    code = "extension_not_built"

    def __init__(self) -> None:
        Prompt2MeshError.__init__(
            self, "This server has no Blender add-on to give; its administrator can build it with `./scripts/setup`."
        )


class NoSuchAddOn(NotFound):
    """The zip of another version, or nothing that ever was one."""

    def __init__(self) -> None:
        Prompt2MeshError.__init__(
            self, f"That is not the add-on that this server offers; /v1/extension/{_LISTING} says which it is."
        )


@dataclass(frozen=True)
class Extension:
    """The add-on that is offered."""

    version: str
    name: str
    content: bytes = field(repr=False)
    sha256: str
    listing: bytes = field(repr=False)


def find_extension(folder: FilePath) -> Extension | None:
    """What the folder holds now; None: nothing, or nothing whole. Reads and hashes the zip, in about a millisecond."""
    try:
        return _load(folder)
    except (OSError, ValueError, LookupError, TypeError):
        return None


@router.get("/version", summary="See which versions run and fit")
def get_version(request: Request, services: ServicesDep) -> VersionOut:
    """For clients that are installed apart from the server, the add-on above all. Without a session."""
    found = find_extension(services.settings.extension_dir)
    add_on = AddOnVersions(
        oldest=OLDEST_ADD_ON,
        newest=found.version if found else None,
        path=f"/v1/extension/{found.name}" if found else None,
        repository=f"/v1/extension/{_LISTING}",
    )
    return VersionOut(version=request.app.version, add_on=add_on)


@router.get(
    f"/extension/{_LISTING}",
    summary="See the add-on as a repository of Blender's",
    response_model=ExtensionListing,
    responses=_UNCHANGED | documented(503),
)
def get_extension_listing(services: ServicesDep, known: KnownTag = None) -> Response:
    """In Blender: Preferences, Get Extensions, Repositories, Add Remote Repository, with this address.

    Raises: NotBuilt.
    """
    found = _extension(services.settings.extension_dir)
    tag = hashlib.sha256(found.listing).hexdigest()
    return _answer(found.listing, "application/json", {"ETag": f'"{tag}"'}, known)


@router.get(
    "/extension/{name}",
    summary="Download the add-on",
    response_class=Response,
    responses={200: {"description": "The zip", "content": {"application/zip": {}}}}
    | _UNCHANGED
    | documented(404, 422, 503),
)
def download_extension(name: FileName, services: ServicesDep, known: KnownTag = None) -> Response:
    """In Blender: Preferences, Add-ons, Install from Disk; or drag the link into its window. Raises: NotBuilt."""
    found = _extension(services.settings.extension_dir)
    if name != found.name:
        raise NoSuchAddOn
    headers = {"ETag": f'"{found.sha256}"', "Content-Disposition": attachment_header(found.name)}
    return _answer(found.content, "application/zip", headers, known)


def _extension(folder: FilePath) -> Extension:
    found = find_extension(folder)
    if found is None:
        raise NotBuilt
    return found


def _answer(content: bytes, media_type: str, headers: dict[str, str], known: str | None) -> Response:
    headers |= _FRESH
    if known is not None and names_tag(known, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _load(folder: FilePath) -> Extension:
    """Raises: OSError, ValueError, LookupError, TypeError: the files are not there, or are not those of one build."""
    listing = (folder / _LISTING).read_bytes()
    (entry,) = json.loads(listing)["data"]
    name = FilePath(entry["archive_url"]).name
    content = (folder / name).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if entry["archive_hash"] != f"sha256:{sha256}":
        raise ValueError(f"{name} is not the file of the listing")
    return Extension(entry["version"], name, content, sha256, listing)
