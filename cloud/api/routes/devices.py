"""Device sign-in (RFC 8628): for programs without a browser, such as the add-on and the command line."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from cloud.accounts.devices import codes, grants
from cloud.accounts.origin import Origin
from cloud.accounts.scopes import session_scopes
from cloud.accounts.throttle.throttle import Limit
from cloud.api.dependencies import IdentityDep, OriginDep, Services, ServicesDep, TransactionDep
from cloud.api.oauth import NO_STORE, REFUSED, OAuthRefusal, answer_of, demand, form_of, read_form
from cloud.api.problems import documented
from cloud.api.schemas import Body
from cloud.db.account_models import DeviceGrant

public = APIRouter(tags=["device sign-in"])
router = APIRouter(tags=["device sign-in"])

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_CLIENT: dict[str, Any] = {
    "type": "string",
    "enum": list(grants.CLIENTS),
    "description": "Which of our programs asks.",
}
_SENTENCES: dict[grants.Refusal, str] = {
    "authorization_pending": "Nobody has answered yet; ask again after the interval.",
    "slow_down": "Asked too soon; from now on wait 5 seconds longer between two requests.",
    "access_denied": "The sign-in was turned down.",
    "expired_token": "The code has expired; begin anew.",
    "invalid_grant": "This device code is wrong, has been used, or is of another client.",
}


# Every code that is looked up or answered counts, right or wrong: forgotten after a right one, somebody who guesses
# could put right ones of their own in between. A guess hits with a chance of 1 in 25,600,000,000 for each that waits.
_CODES = Limit(60, 900, "device codes")


class DeviceCodeOut(BaseModel):
    """What the device shows (`user_code`, `verification_uri`), and what it keeps to itself (`device_code`)."""

    device_code: str
    user_code: str = Field(examples=["WDJB-MJHT"])
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(description="Seconds.", examples=[900])
    interval: int = Field(description="Seconds to wait between two requests for the token.", examples=[5])


class DeviceTokenOut(BaseModel):
    """A session for the device, which shows in the person's list of sessions."""

    access_token: str = Field(examples=["p2m_ses_…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a type
    expires_in: int = Field(description="Seconds from its last use on.")
    scope: str = Field(examples=["account build read"])


class UserCodeIn(Body):
    """A code as the person typed it: case, spaces and hyphens do not matter."""

    user_code: Annotated[str, Field(min_length=1, max_length=64, examples=["WDJB-MJHT"])]


class WaitingDeviceOut(BaseModel):
    """Who asks. `device` is what the program says of itself; `address` is where its request came from."""

    user_code: str
    client: grants.Client
    device: str
    address: str
    created_at: dt.datetime
    expires_at: dt.datetime


@public.post(
    "/device/authorize",
    summary="Begin a device sign-in",
    response_model=DeviceCodeOut,
    responses={**REFUSED, **documented(429)},
    openapi_extra=form_of(
        client_id=_CLIENT,
        device_name={"type": "string", "default": "", "description": "Shown to the person who approves: its host."},
    ),
)
async def authorize_device(request: Request, services: ServicesDep, origin: OriginDep) -> Response:
    """The device authorization request of RFC 8628, section 3.1: show the person the code and the address.

    Errors with status 400 are those of RFC 6749, section 5.2, and no problem documents.
    """
    try:
        fields = await read_form(request)
        client = _client_of(fields)
    except OAuthRefusal as refusal:
        return answer_of(refusal)
    async with services.database.sessions.begin() as session:
        device_code, grant = await grants.begin(session, client, origin, fields.get("device_name", ""))
    user_code = codes.shown(grant.user_code)
    page = f"{services.settings.public_url or str(request.base_url).rstrip('/')}/device"
    answer = DeviceCodeOut(
        device_code=device_code,
        user_code=user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={user_code}",
        expires_in=int(grants.LASTS.total_seconds()),
        interval=grant.interval_s,
    )
    return JSONResponse(answer.model_dump(), headers=NO_STORE)


@public.post(
    "/device/token",
    summary="Get a device's token",
    response_model=DeviceTokenOut,
    responses={**REFUSED, **documented(429)},
    openapi_extra=form_of(
        grant_type={"type": "string", "enum": [GRANT_TYPE]}, device_code={"type": "string"}, client_id=_CLIENT
    ),
)
async def get_device_token(request: Request, services: ServicesDep, origin: OriginDep) -> Response:
    """The device access token request of RFC 8628, section 3.4. A code gives one token, once.

    Until the person answers, the error is `authorization_pending`, or `slow_down`, from which on the interval is 5
    seconds longer. Errors with status 400 are those of the RFC, and no problem documents.
    """
    try:
        fields = await read_form(request)
        if demand(fields, "grant_type") != GRANT_TYPE:
            raise OAuthRefusal("unsupported_grant_type", f"The grant_type must be {GRANT_TYPE}.")
        token = await _redeem(services, demand(fields, "device_code"), _client_of(fields), origin)
    except OAuthRefusal as refusal:
        return answer_of(refusal)
    return JSONResponse(token.model_dump(), headers=NO_STORE)


async def _redeem(services: Services, device_code: str, client: grants.Client, origin: Origin) -> DeviceTokenOut:
    """Raises: OAuthRefusal, when it is kept that the device has asked."""
    async with services.database.sessions.begin() as session:
        found = await grants.redeem(session, device_code, client)
        if isinstance(found, grants.Redeemed):
            here = Origin(address=origin.address, device=found.grant.device)
            token, opened = await services.accounts.open_session(session, found.user, client=client, origin=here)
            left = opened.expires_at - dt.datetime.now(dt.UTC)
            scope = " ".join(sorted(session_scopes(is_admin=found.user.is_admin)))
            return DeviceTokenOut(access_token=token, expires_in=max(int(left.total_seconds()), 0), scope=scope)
    raise OAuthRefusal(found, _SENTENCES[found])


def _client_of(fields: dict[str, str]) -> grants.Client:
    """Raises: OAuthRefusal: it is none of ours."""
    named = demand(fields, "client_id")
    for client in grants.CLIENTS:
        if client == named:
            return client
    raise OAuthRefusal("invalid_client", f"The client_id must be one of: {', '.join(grants.CLIENTS)}.")


async def limit_guesses(identity: IdentityDep, services: ServicesDep) -> None:
    """Raises: LimitReached."""
    await services.throttle.demand_kept(f"device-code:{identity.user.id}", _CODES)


_ANSWERS: dict[str, Any] = {"dependencies": [Depends(limit_guesses)], "responses": documented(404, 422, 429)}


@router.post("/device/lookup", summary="See which device asks", **_ANSWERS)
async def look_up_device(body: UserCodeIn, transaction: TransactionDep) -> WaitingDeviceOut:
    """What the person is about to let in; nothing happens yet."""
    return _shown(await grants.look_up(transaction, body.user_code))


@router.post("/device/approve", status_code=204, summary="Let a device in", **_ANSWERS)
async def approve_device(
    body: UserCodeIn, identity: IdentityDep, transaction: TransactionDep, origin: OriginDep
) -> None:
    """The device that shows this code gets a session of one's own. It can be ended like any other."""
    await grants.settle(transaction, body.user_code, identity.user, "approved", origin)


@router.post("/device/deny", status_code=204, summary="Turn a device away", **_ANSWERS)
async def deny_device(body: UserCodeIn, identity: IdentityDep, transaction: TransactionDep, origin: OriginDep) -> None:
    """The device is told so, and the code is worth nothing."""
    await grants.settle(transaction, body.user_code, identity.user, "denied", origin)


def _shown(grant: DeviceGrant) -> WaitingDeviceOut:
    facts = {"client": grant.client, "device": grant.device, "address": grant.address}
    times = {"created_at": grant.created_at, "expires_at": grant.expires_at}
    return WaitingDeviceOut.model_validate({"user_code": codes.shown(grant.user_code), **facts, **times})
