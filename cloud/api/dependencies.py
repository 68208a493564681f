"""What routes are given: who asks, a transaction, the settings, and the parts of the backend."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.oidc.sign_in import OidcSignIn
from cloud.accounts.origin import Origin, device_of
from cloud.accounts.password_changes import PasswordChanges
from cloud.accounts.queries import Identity
from cloud.accounts.scopes import Scope
from cloud.accounts.sign_in import Accounts
from cloud.accounts.throttle.throttle import Throttle
from cloud.agent.access import ModelAccess
from cloud.agent.catalogue import ModelCatalogue
from cloud.api.cookies import session_token_in
from cloud.api.open_streams import OpenStreams
from cloud.api.rates import RequestRates
from cloud.db.engine import Database, Transaction
from cloud.errors import Forbidden, Unauthorized
from cloud.jobs.closing.work import Deletions
from cloud.jobs.feed import EventFeed
from cloud.jobs.takeout.archive import Exports
from cloud.projects.image_process import ImageProcesses
from cloud.projects.pages import CURSOR_PATTERN, Cursor
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore

bearer = HTTPBearer(auto_error=False, description="The token that `POST /v1/sessions` gave.")
"""Reads the header `Authorization`; None: there is none."""


@dataclass(frozen=True)
class Services:
    """The parts that live as long as the app."""

    settings: Settings
    database: Database
    store: ArtifactStore
    accounts: Accounts
    password_changes: PasswordChanges
    throttle: Throttle
    deletions: Deletions
    exports: Exports
    feed: EventFeed
    images: ImageProcesses
    models: ModelAccess
    catalogue: ModelCatalogue
    model_keys: ModelKeys
    streams: OpenStreams
    rates: RequestRates
    oidc: OidcSignIn | None = None


def get_services(request: Request) -> Services:
    """The app's parts; there once it has started."""
    return request.app.state.services


ServicesDep = Annotated[Services, Depends(get_services)]


async def require_identity(
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    request: Request,
) -> Identity:
    """Who asks. Every router but the public one depends on this. Raises: Unauthorized, Forbidden (a cookie's call)."""
    token = credentials.credentials if credentials else session_token_in(request, services.settings)
    if token is None:
        raise Unauthorized("This needs a session: log in and send its token as `Authorization: Bearer …`.")
    return await services.accounts.identify(token, _address_of(request))


IdentityDep = Annotated[Identity, Depends(require_identity)]


class Demand:
    """What every route but the public ones depends on: somebody signed in, with a scope that allows the call.

    `scope` None goes by the method: what only reads wants `read`, all else `build`.
    """

    def __init__(self, scope: Scope | None = None) -> None:
        self.scope: Scope | None = scope

    async def __call__(self, request: Request, identity: IdentityDep) -> None:
        """Raises: Unauthorized. ScopeMissing. TooManyCalls."""
        get_services(request).rates.count(identity.user.id)
        by_method: Scope = "read" if request.method in ("GET", "HEAD") else "build"
        wanted = self.scope or by_method
        if wanted not in identity.scopes:
            raise ScopeMissing(wanted)


class ScopeMissing(Forbidden):
    """The session or token does not reach so far."""

    code = "scope_missing"

    def __init__(self, wanted: Scope) -> None:
        what = {
            "admin": "This is for admins.",
            "account": "This needs a signed-in session: no API token may do it.",
        }.get(wanted, f"This API token has not the scope `{wanted}`; make one that has.")
        super().__init__(what)


def get_origin(request: Request) -> Origin:
    """Where the request comes from; behind a proxy, what the proxy says (uvicorn takes it from trusted ones alone)."""
    return Origin(address=_address_of(request), device=device_of(request.headers.get("user-agent", "")))


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


OriginDep = Annotated[Origin, Depends(get_origin)]


def get_owner(identity: IdentityDep) -> UUID:
    """The id by which every query is filtered."""
    return identity.user.id


OwnerDep = Annotated[UUID, Depends(get_owner)]


async def open_transaction(services: ServicesDep) -> AsyncIterator[Transaction]:
    """One transaction, committed before the answer is sent, rolled back by any error."""
    async with services.database.sessions.begin() as session:
        yield session


TransactionDep = Annotated[Transaction, Depends(open_transaction, scope="function")]


@dataclass(frozen=True)
class Paging:
    """Which page of a list."""

    cursor: Cursor | None
    limit: int


def get_paging(
    cursor: Annotated[
        Annotated[str, Field(json_schema_extra={"pattern": CURSOR_PATTERN})] | None,
        Query(description="`next_cursor` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Items of one page at most.")] = 50,
) -> Paging:
    """Raises: InvalidInput: the cursor is none of ours."""
    return Paging(Cursor.decode(cursor) if cursor is not None else None, limit)


PagingDep = Annotated[Paging, Depends(get_paging)]
