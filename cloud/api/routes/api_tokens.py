"""One's own API tokens, for scripts. No API token reaches these routes: a stolen one makes no other."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from cloud.accounts.api_tokens import queries
from cloud.accounts.api_tokens.tokens import make_token, revoke_token
from cloud.accounts.scopes import TokenScope
from cloud.api.dependencies import IdentityDep, OriginDep, OwnerDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import Body, Page
from cloud.db.account_models import ApiToken

router = APIRouter(tags=["API tokens"])


class ApiTokenIn(Body):
    """What a new token is for, and what it may do."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["nightly renders"])]
    scopes: Annotated[
        list[TokenScope],
        Field(
            min_length=1,
            max_length=3,
            description="`read` sees your things, `build` makes and changes them, `admin` is for admins alone. A "
            "script that builds needs `read` and `build`.",
            default_factory=lambda: ["read", "build"],
        ),
    ]
    expires_in_days: Annotated[int | None, Field(ge=1, le=3650, description="null: it holds until it is revoked.")] = 90


class ApiTokenOut(BaseModel):
    """What is shown of a token. `last_used_at` is right to a minute; null: it has not been used."""

    id: UUID
    name: str
    hint: str = Field(description="Its last four characters.")
    scopes: list[TokenScope]
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    expires_at: dt.datetime | None


class NewApiTokenOut(ApiTokenOut):
    """A token that has just been made."""

    token: str = Field(description="Send as `Authorization: Bearer …`. Shown once.", examples=["p2m_pat_…"])


@router.post(
    "/account/tokens",
    status_code=201,
    summary="Make an API token",
    responses=documented(409, 422),
)
async def create_api_token(
    body: ApiTokenIn, identity: IdentityDep, transaction: TransactionDep, origin: OriginDep, response: Response
) -> NewApiTokenOut:
    """It is shown in this answer and never again. A user has 100 at most."""
    token, row = await make_token(
        transaction,
        identity.user,
        name=body.name,
        scopes=body.scopes,
        expires_in_days=body.expires_in_days,
        origin=origin,
    )
    response.headers["Cache-Control"] = "no-store"
    return NewApiTokenOut(token=token, **_shown(row).model_dump())


@router.get("/account/tokens", summary="List one's API tokens")
async def list_api_tokens(owner: OwnerDep, transaction: TransactionDep) -> Page[ApiTokenOut]:
    """Newest first, all on one page; those that have expired lately too, revoked ones not."""
    return Page(items=[_shown(row) for row in await queries.list_tokens(transaction, owner)])


@router.delete(
    "/account/tokens/{token_id}", status_code=204, summary="Revoke an API token", responses=documented(404, 422)
)
async def delete_api_token(token_id: UUID, owner: OwnerDep, transaction: TransactionDep, origin: OriginDep) -> None:
    """From now on nothing can be done with it. What it has begun goes on."""
    await revoke_token(transaction, owner, token_id, origin)


def _shown(row: ApiToken) -> ApiTokenOut:
    return ApiTokenOut.model_validate(row, from_attributes=True)
