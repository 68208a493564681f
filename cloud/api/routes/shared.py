"""What anybody with a link gets: a page, and the files that it shows. Nothing here asks who it is.

Each address holds the link's token, and each answer is found by it anew: a revoked link shows nothing at once. A link
of the bucket that was given just before lives on for its own seconds (`P2M_ARTIFACTS_PRESIGN_S`, 300 at most).
"""

import datetime as dt
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import Origin, network_of
from cloud.accounts.throttle.throttle import Limit, LimitReached
from cloud.api.dependencies import OriginDep, Services, ServicesDep
from cloud.api.downloads import DOWNLOAD_RESPONSES, StoredFile, Wanted, WantedDep, send_file
from cloud.api.problems import documented
from cloud.api.routes.shares import LinkBaseDep
from cloud.api.shared_page import assets, page
from cloud.errors import NotFound, Prompt2MeshError
from cloud.jobs.sharing.queries import count_view
from cloud.jobs.sharing.shown import ModelState, SharedFile, ShareGone, Shown, find_shown

pages = APIRouter(tags=["shares"])
files = APIRouter(prefix="/shares/{token}", tags=["shares"], responses=documented(404, 422, 429))

Token = Annotated[str, Path(description="The last part of the link.")]
Number = Annotated[str, Path(description="1 is the first.", json_schema_extra={"pattern": "^[1-9][0-9]*$"})]
FileName = Annotated[str, Path(json_schema_extra={"enum": ["scene.blend", "scene.glb"]})]
_ONCE_AN_HOUR = Limit(1, 3600, "views")


class SharedFileOut(BaseModel):
    """A file of the page."""

    name: str
    media_type: str
    bytes: int
    url: str = Field(description="Its address, from this server's root.")


class SharedOut(BaseModel):
    """What the page shows; there is no more to get with its link."""

    title: str
    made_at: dt.datetime = Field(description="When the scene was made.")
    expires_at: dt.datetime | None = Field(description="When the link ends; null: it does not.")
    objects: int | None = Field(description="null: not counted yet.")
    triangles: int | None
    pictures: list[SharedFileOut]
    model_state: ModelState = Field(description="`preparing`: ask again in a few seconds; `none`: there will be none.")
    model: SharedFileOut | None = Field(description="What the 3D viewer shows.")
    downloads: list[SharedFileOut] = Field(description="What can be taken; empty: the owner allows none.")


class NotShared(NotFound):
    """The link lives, and does not give this."""

    def __init__(self, what: str) -> None:
        Prompt2MeshError.__init__(self, f"The link does not give {what}.")


@files.get("", summary="See what a link shows")
async def get_shared(token: Token, services: ServicesDep, origin: OriginDep, response: Response) -> SharedOut:
    """Without a session: whoever has the link may see it. An ended, revoked or wrong one is a 404 like any other."""
    shown = await _shown(services, token)
    await _count_view(services, shown, origin)
    response.headers["Cache-Control"] = "no-store"
    root = f"/v1/shares/{token}"
    pictures = [_file_out(file, f"{root}/pictures/{number}") for number, file in enumerate(shown.pictures, 1)]
    return SharedOut(
        title=shown.title,
        made_at=shown.made_at,
        expires_at=shown.expires_at,
        objects=shown.objects,
        triangles=shown.triangles,
        pictures=pictures,
        model_state=shown.model_state,
        model=_file_out(shown.model, f"{root}/model.glb") if shown.model else None,
        downloads=[_file_out(file, f"{root}/download/{file.name}") for file in _downloads(shown)],
    )


@files.get(
    "/pictures/{number}",
    summary="See a picture of a link",
    response_class=StreamingResponse,
    responses=DOWNLOAD_RESPONSES,
)
async def get_shared_picture(token: Token, number: Number, services: ServicesDep, wanted: WantedDep) -> Response:
    """Its bytes, of the type that `pictures` says."""
    shown = await _shown(services, token)
    picture = dict(zip(map(str, range(1, 100)), shown.pictures, strict=False)).get(number)
    if picture is None:
        raise NotShared("this picture")
    return await _send(services, picture, wanted, may_go=False)


@files.get(
    "/model.glb",
    summary="See the 3D model of a link",
    response_class=StreamingResponse,
    responses=DOWNLOAD_RESPONSES,
)
async def get_shared_model(token: Token, services: ServicesDep, wanted: WantedDep) -> Response:
    """What the viewer draws, also where nothing can be downloaded: a browser cannot show what it does not load."""
    model = (await _shown(services, token)).model
    if model is None:
        raise NotShared("a 3D model (yet)")
    return await _send(services, model, wanted, may_go=False)


@files.get(
    "/download/{name}",
    summary="Download a file of a link",
    response_class=StreamingResponse,
    responses=DOWNLOAD_RESPONSES,
)
async def download_shared(
    token: Token, name: FileName, services: ServicesDep, wanted: WantedDep, origin: OriginDep
) -> Response:
    """Where the owner allows it."""
    shown = await _shown(services, token)
    file = next((file for file in _downloads(shown) if file.name == name), None)
    if file is None:
        raise NotShared("this file to download")
    await _note_download(services, shown, file.name, origin)
    return await _send(services, file, wanted)


@pages.get("/s/{token}", include_in_schema=False)
async def show_page(token: Token, services: ServicesDep, origin: OriginDep, base: LinkBaseDep) -> HTMLResponse:
    """The page for people."""
    try:
        shown = await _shown(services, token)
    except ShareGone:
        return page.gone()
    await _count_view(services, shown, origin)
    return page.page_of(shown, token, base)


@pages.get("/assets/{digest}/{name}", include_in_schema=False)
async def get_asset(digest: str, name: str, request: Request) -> Response:
    """A file of the page that is the same for everybody; its address holds its hash. Raises: NotFound."""
    asset = assets.find(name)
    if asset is None or asset.digest != digest:
        raise NotShared("such a file")
    return assets.response_of(asset, request.headers)


async def _shown(services: Services, token: str) -> Shown:
    async with services.database.sessions() as session:
        return await find_shown(session, token)


def _downloads(shown: Shown) -> list[SharedFile]:
    if not shown.allow_download:
        return []
    return [shown.blend, *([shown.model] if shown.model else [])]


async def _send(services: Services, file: SharedFile, wanted: Wanted, *, may_go: bool = True) -> Response:
    """`may_go`: whoever asks may be sent on to the bucket. What the page itself shows is not: see `Wanted`."""
    told = StoredFile(file.name, file.media_type, file.sha256, file.bytes)
    return await send_file(services.store, told, wanted if may_go else replace(wanted, fetch_mode="cors"))


async def _count_view(services: Services, shown: Shown, origin: Origin) -> None:
    if _is_first(services, f"share-view:{shown.share_id}:{network_of(origin.address)}"):
        async with services.database.sessions.begin() as session:
            await count_view(session, shown.share_id)


async def _note_download(services: Services, shown: Shown, name: str, origin: Origin) -> None:
    """The audit log has it once an hour for an address: a stranger cannot fill it."""
    if _is_first(services, f"share-download:{shown.share_id}:{name}:{network_of(origin.address)}"):
        async with services.database.sessions.begin() as session:
            subject = f"share:{shown.share_id}"
            await add_entry(
                session, "share.downloaded", actor=None, origin=origin, subject=subject, details={"file": name}
            )


def _is_first(services: Services, key: str) -> bool:
    try:
        services.throttle.demand(key, _ONCE_AN_HOUR)
    except LimitReached:
        return False
    return True


def _file_out(file: SharedFile, url: str) -> SharedFileOut:
    return SharedFileOut(name=file.name, media_type=file.media_type, bytes=file.bytes, url=url)
