"""Who may call this pod: the bearer of a short-lived token that the backend signed for it and for one user.

The pod has the public key only. It belongs to the first user who calls it, until it ends.
"""

import json
import logging

import jwt
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.errors import Prompt2MeshError, Unauthorized

logger = logging.getLogger(__name__)

PUBLIC_PATHS = frozenset({"/healthz", "/readyz"})
_CLOCK_SKEW_S = 5


class OtherOwner(Prompt2MeshError):
    """The token is good, but this pod belongs to another user."""

    code, http_status = "other_owner", 403

    def __init__(self) -> None:
        super().__init__("This pod belongs to another user.")


class PodGate:
    """ASGI middleware: checks every HTTP call but the health checks."""

    def __init__(self, app: ASGIApp, *, public_key: str, audience: str) -> None:
        self._app = app
        self._public_key = public_key
        self._audience = audience
        self._owner: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PUBLIC_PATHS:
            try:
                self._admit(Headers(scope=scope).get("authorization", ""))
            except Prompt2MeshError as error:
                logger.warning("call refused", extra={"code": error.code, "path": scope["path"]})
                await _refuse(send, error)
                return
        await self._app(scope, receive, send)

    def _admit(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("This call carries no bearer token.")
        try:
            claims = jwt.decode(
                token,
                self._public_key,
                algorithms=["EdDSA"],
                audience=self._audience,
                leeway=_CLOCK_SKEW_S,
                options={"require": ["exp", "sub", "aud"]},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized("The token is wrong, expired, or not meant for this pod.") from error
        if self._owner is None:
            self._owner = claims["sub"]
        elif self._owner != claims["sub"]:
            raise OtherOwner


async def _refuse(send: Send, error: Prompt2MeshError) -> None:
    body = json.dumps({"type": "about:blank", "title": error.code, "status": error.http_status, "detail": str(error)})
    headers = [(b"content-type", b"application/problem+json"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
