"""Floods of what strangers may send: refused before anything is read, parsed or asked of the database."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import Scope

from cloud.accounts.origin import network_of
from cloud.accounts.throttle.throttle import Limit
from cloud.errors import TooManyRequests

_SIGN_INS = Limit(100, 5, "sign-ins from your network")
_PROVIDER = Limit(120, 60, "sign-ins from your network")
_LIMITS: Mapping[tuple[str, str], Limit] = {
    ("POST", "/v1/sessions"): _SIGN_INS,
    ("POST", "/v1/users"): _SIGN_INS,
    ("POST", "/v1/password-resets"): _SIGN_INS,
    ("POST", "/v1/oidc/sessions"): _SIGN_INS,
    ("GET", "/v1/oidc/login"): _PROVIDER,
    ("GET", "/v1/oidc/callback"): _PROVIDER,
    ("POST", "/v1/device/authorize"): Limit(60, 60, "device sign-ins from your network"),
    ("POST", "/v1/device/token"): Limit(600, 60, "requests for a device's token from your network"),
}
# A page is a handful of requests. Tokens have 256 bits: this is against load, not against guesses.
_SHARED = Limit(600, 60, "requests for shared pages from your network")
_OF_SHARED = ("/s/", "/v1/shares/", "/assets/")


def refuse_floods(app: FastAPI, scope: Scope) -> TooManyRequests | None:
    """What to answer instead of the request; None: let it in. Each network's requests are counted for themselves."""
    limit = _limit_of(scope) if scope["type"] == "http" else None
    if limit is None:
        return None
    address = (scope.get("client") or ("", 0))[0]
    services = app.state.services
    try:
        services.throttle.demand(f"flood:{limit.what}:{network_of(address)}", limit)
        if limit is not _SHARED:
            services.accounts.passwords.demand_place()
    except TooManyRequests as refusal:
        return refusal
    return None


def _limit_of(scope: Scope) -> Limit | None:
    path = scope.get("path", "")
    return _SHARED if path.startswith(_OF_SHARED) else _LIMITS.get((scope.get("method", ""), path))
