"""The links by which one shows a result to anybody: make, list, change and revoke them."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from cloud.api.dependencies import OriginDep, OwnerDep, ServicesDep, TransactionDep
from cloud.api.patterns import LINE_OR_NOTHING
from cloud.api.problems import documented
from cloud.api.schemas import Body, Page
from cloud.db.account_models import Share
from cloud.jobs.sharing import queries
from cloud.jobs.sharing.shares import Terms, change_share, make_share, revoke_share
from cloud.projects.queries import get_project

router = APIRouter(tags=["shares"], responses=documented(404, 422))

Title = Annotated[
    str,
    Field(
        max_length=200,
        examples=["A lighthouse on its rock"],
        description="What the page is called; empty: nothing. The project's name is not shown.",
        json_schema_extra={"pattern": LINE_OR_NOTHING},
    ),
]
AllowDownload = Annotated[bool, Field(description="Whether the .blend and the .glb can be taken from the page.")]
ExpiresInDays = Annotated[
    int | None, Field(ge=1, le=3650, description="From now on; null: it shows until it is revoked.")
]


class ShareIn(Body):
    """What a new page shows, and for how long."""

    snapshot_id: Annotated[UUID | None, Field(description="null: the scene that the project has now.")] = None
    title: Title = ""
    allow_download: AllowDownload = False
    expires_in_days: ExpiresInDays = 30


class ShareChangeIn(Body):
    """What is to be otherwise; what is left out stays."""

    title: Title = ""
    allow_download: AllowDownload = False
    expires_in_days: ExpiresInDays = None


class ShareOut(BaseModel):
    """A link, without what makes it work. `views` counts an address once an hour."""

    id: UUID
    project_id: UUID
    snapshot_id: UUID
    title: str
    allow_download: bool
    hint: str = Field(description="The last four characters of the link.")
    views: int
    created_at: dt.datetime
    expires_at: dt.datetime | None


class NewShareOut(ShareOut):
    """A link that has just been made."""

    url: str = Field(description="The page. Shown once.", examples=["https://mesh.example.org/s/p2m_shr_…"])
    token: str = Field(description="The last part of `url`, for `GET /v1/shares/{token}`.", examples=["p2m_shr_…"])
    job_id: UUID | None = Field(description="The job that makes the page's 3D model; null: it is there already.")


def link_base(services: ServicesDep, request: Request) -> str:
    """The address at which strangers reach this API."""
    return services.settings.share_url or str(request.base_url).rstrip("/")


LinkBaseDep = Annotated[str, Depends(link_base)]


@router.post("/projects/{project_id}/shares", status_code=201, summary="Share a scene", responses=documented(403, 409))
async def create_share(
    project_id: UUID,
    body: ShareIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    origin: OriginDep,
    base: LinkBaseDep,
    response: Response,
) -> NewShareOut:
    """A public page of one scene, which later changes of the project do not reach. Its address is in this answer alone.

    Whoever has the address sees the scene's picture, its 3D model (whose .glb a browser must load, so it can be kept)
    and the title: no name, no prompt, no other scene. Where the scene has no .glb yet, a job is queued that makes it.
    """
    project = await get_project(transaction, owner, project_id)
    terms = Terms(body.title, body.allow_download, body.expires_in_days)
    made = await make_share(transaction, project, body.snapshot_id, terms, origin, services.settings)
    response.headers["Cache-Control"] = "no-store"
    return NewShareOut(
        **_shown(made.row).model_dump(),
        url=f"{base}/s/{made.token}",
        token=made.token,
        job_id=made.row.job_id if made.makes_model else None,
    )


@router.get("/shares", summary="List one's shares")
async def list_shares(owner: OwnerDep, transaction: TransactionDep) -> Page[ShareOut]:
    """Of all projects, newest first, all on one page; those that have expired lately too, revoked ones not."""
    return Page(items=[_shown(row) for row in await queries.list_shares(transaction, owner, None)])


@router.get("/projects/{project_id}/shares", summary="List a project's shares")
async def list_project_shares(project_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> Page[ShareOut]:
    """Newest first, all on one page; those that have expired lately too, revoked ones not."""
    await get_project(transaction, owner, project_id)
    return Page(items=[_shown(row) for row in await queries.list_shares(transaction, owner, project_id)])


@router.patch("/projects/{project_id}/shares/{share_id}", summary="Change a share")
async def update_share(
    project_id: UUID,
    share_id: UUID,
    body: ShareChangeIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    origin: OriginDep,
) -> ShareOut:
    """Its title, whether files can be taken, or when it ends. What it shows stays: for another scene make another."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    return _shown(await change_share(transaction, owner, project_id, share_id, changes, origin))


@router.delete("/projects/{project_id}/shares/{share_id}", status_code=204, summary="Revoke a share")
async def delete_share(
    project_id: UUID, share_id: UUID, owner: OwnerDep, transaction: TransactionDep, origin: OriginDep
) -> None:
    """From now on its address shows nothing, for good."""
    await revoke_share(transaction, owner, project_id, share_id, origin)


def _shown(row: Share) -> ShareOut:
    return ShareOut.model_validate(row, from_attributes=True)
