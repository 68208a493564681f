"""Signing in with an OpenID provider, and the identities that an account is connected with.

A browser goes to `/v1/oidc/login`, from there to the provider, back to `/v1/oidc/callback`, and on to the web UI, which
redeems the code in its address for a session, or for a further identity of whoever is signed in.
"""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud.accounts.oidc import people, queries
from cloud.accounts.oidc.errors import SignInGone
from cloud.accounts.oidc.flows import COOKIE_LASTS
from cloud.accounts.oidc.sign_in import Answer, page_of_gone
from cloud.api.account_shapes import SessionOut, UserOut
from cloud.api.dependencies import IdentityDep, OriginDep, OwnerDep, ServicesDep, TransactionDep
from cloud.api.oauth import NO_STORE
from cloud.api.oidc_setup import cookie_of, demand_oidc, login_url, redirect_uri_of
from cloud.api.oidc_shapes import RETURN_PATTERN, IdentityOut, OidcSessionIn, RedeemIn, TicketOut
from cloud.api.problems import documented
from cloud.api.schemas import Page

public = APIRouter(tags=["sign-in with OpenID"])
router = APIRouter(tags=["sign-in with OpenID"])

_HEADERS = {**NO_STORE, "Referrer-Policy": "no-referrer"}
_Text = Annotated[str, Query(max_length=4096)]
_BACK = {303: {"description": "Back to the web UI, whatever the provider said"}}


@public.get(
    "/oidc/login",
    summary="Begin a sign-in with the OpenID provider",
    status_code=303,
    response_class=RedirectResponse,
    responses={303: {"description": "To the provider"}, **documented(404, 422, 429)},
)
async def begin_oidc(
    request: Request,
    services: ServicesDep,
    ticket: Annotated[
        str | None, Query(max_length=100, description="To connect an identity; left out: to sign in.")
    ] = None,
    to: Annotated[str, Query(pattern=RETURN_PATTERN, max_length=500, description="The page to come back to.")] = "/",
    invite: Annotated[str | None, Query(max_length=100, description="As for `POST /v1/users`.")] = None,
) -> RedirectResponse:
    """For browsers. They get a cookie that only the one that begins can end with."""
    oidc = demand_oidc(services)
    redirect_uri = redirect_uri_of(request, services)
    public_url = services.settings.public_url
    try:
        begun = await oidc.begin(redirect_uri=redirect_uri, ticket=ticket, to=to, invite=invite)
    except SignInGone:
        return RedirectResponse(public_url + page_of_gone("connect"), 303, headers=_HEADERS)
    answer = RedirectResponse(public_url + begun.url if begun.is_page else begun.url, 303, headers=_HEADERS)
    answer.set_cookie(
        cookie_of(redirect_uri),
        begun.browser,
        max_age=int(COOKIE_LASTS.total_seconds()),
        path="/",
        secure=redirect_uri.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer


@public.get(
    "/oidc/callback",
    summary="Back from the OpenID provider",
    status_code=303,
    response_class=RedirectResponse,
    responses={**_BACK, **documented(404, 422, 429)},
)
async def finish_oidc(
    request: Request,
    services: ServicesDep,
    origin: OriginDep,
    state: _Text = "",
    code: _Text = "",
    error: _Text = "",
    iss: Annotated[str | None, Query(max_length=4096)] = None,
) -> RedirectResponse:
    """For browsers that the provider sends. The web UI learns by redeeming the code whether it was in vain."""
    oidc = demand_oidc(services)
    browser = request.cookies.get(cookie_of(redirect_uri_of(request, services)), "")
    page = await oidc.finish(Answer(state=state, code=code, error=error, iss=iss), browser, origin)
    return RedirectResponse(services.settings.public_url + page, 303, headers=_HEADERS)


@public.post(
    "/oidc/sessions", status_code=201, summary="End a sign-in with OpenID", responses=documented(403, 404, 422, 429)
)
async def log_in_with_oidc(body: OidcSessionIn, services: ServicesDep, origin: OriginDep) -> SessionOut:
    """Redeem the code `oidc` in the web UI's address for a session. It works once, for a minute, in its browser.

    Whoever signs in for the first time gets an account, where that is allowed. The account is found by the identity at
    the provider alone: never by a name or an e-mail address.
    """
    token, row, user = await demand_oidc(services).open_session(
        body.code, body.browser, client=body.client, origin=origin
    )
    return SessionOut(id=row.id, token=token, expires_at=row.expires_at, ends_at=row.ends_at, user=UserOut.of(user))


@router.get("/account/identities", summary="Identities that one can sign in with")
async def list_identities(owner: OwnerDep, session: TransactionDep) -> Page[IdentityOut]:
    """One's identities at OpenID providers, oldest first, in one page."""
    return Page(items=[IdentityOut.of(row) for row in await queries.list_identities(session, owner)])


@router.post(
    "/account/identity-tickets",
    status_code=201,
    summary="Begin to connect an identity",
    responses=documented(404, 422, 429),
)
async def begin_to_connect(request: Request, identity: IdentityDep, services: ServicesDep) -> TicketOut:
    """An address to send one's browser to, once, within ten minutes; it comes back to `/account` of the web UI."""
    oidc = demand_oidc(services)
    login = login_url(redirect_uri_of(request, services))
    ticket = await oidc.allow_connecting(identity)
    return TicketOut(url=f"{login}?{urlencode({'ticket': ticket, 'to': '/account'})}")


@router.post(
    "/account/identities", status_code=201, summary="Connect an identity", responses=documented(403, 404, 409, 422)
)
async def connect_identity(
    body: RedeemIn, identity: IdentityDep, services: ServicesDep, origin: OriginDep
) -> IdentityOut:
    """Redeem the code `connect` in the web UI's address. It works once, for ten minutes, in its browser.

    Only the account that began can have the identity.
    """
    return IdentityOut.of(await demand_oidc(services).connect(body.code, body.browser, identity, origin))


@router.delete(
    "/account/identities/{identity_id}",
    status_code=204,
    summary="Disconnect an identity",
    responses=documented(404, 409, 422),
)
async def disconnect_identity(identity_id: UUID, owner: OwnerDep, session: TransactionDep, origin: OriginDep) -> None:
    """One cannot sign in with it any more. The last one of an account without a password stays."""
    await people.disconnect(session, owner, identity_id, origin)
