"""Which web pages may call the API from a browser: by default those of its own origin alone."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

from cloud.errors import Forbidden
from cloud.settings import Settings

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Session-Id",
    "Range",
    "X-CSRF-Token",
)
_SHOWN = ("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Location", "Mcp-Session-Id", "Retry-After")
_PREFLIGHT_KEPT_S = 600


class ForeignOrigin(Forbidden):
    """A page of another origin has made a browser send this."""

    code = "foreign_origin"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"A web page of {origin[:200]!r} may not do this here; the operator lets pages in with P2M_CORS_ORIGINS, "
            "and says with P2M_PUBLIC_URL what this server's own address is."
        )


def cross_origin(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app with CORS for the pages that the settings name; without any it stays as it is: closed."""
    allowed = settings.allowed_origins
    if not allowed:
        return app
    return CORSMiddleware(
        app,
        allow_origins=allowed,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_SHOWN,
        allow_credentials=True,  # the origins are exact: each is named by the operator
        max_age=_PREFLIGHT_KEPT_S,
    )


def require_own_page(scope: Scope, settings: Settings) -> None:
    """A browser sends this for a page of ours, or of an origin that is let in.

    Browsers set both headers themselves: no page can forge them. Raises: ForeignOrigin.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None:
        own = {_own_origin(scope), settings.public_origin, *settings.allowed_origins} - {""}
        if origin.lower() not in own:
            raise ForeignOrigin(origin)
    elif (site := headers.get("sec-fetch-site", "none")) not in ("same-origin", "none"):
        raise ForeignOrigin(site)


def refuse_rebinding(scope: Scope, settings: Settings) -> ForeignOrigin | None:
    """What to answer a page that has a name of its own lead to this machine, to reach what listens here for it alone.

    To the browser such a page is of our origin. It always has a name with a dot, which we have not; whoever serves
    the API on one machine under such a name says so with P2M_PUBLIC_URL.
    """
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
        return None
    if not (_is_loopback(scope.get("client")) and _is_loopback(scope.get("server"))):
        return None
    origin = Headers(scope=scope).get("origin")
    if origin is None or origin.lower() in {settings.public_origin, *settings.allowed_origins}:
        return None
    return ForeignOrigin(origin) if _is_name_with_dot(origin) else None


def _own_origin(scope: Scope) -> str:
    return f"{scope.get('scheme', 'http')}://{Headers(scope=scope).get('host', '')}".lower()


def _is_loopback(end: tuple[str, int | None] | None) -> bool:
    return _holds(lambda: ipaddress.ip_address(end[0] if end else "").is_loopback)


def _is_name_with_dot(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return True
    is_address = _holds(lambda: bool(ipaddress.ip_address(host)))
    return "." in host and not is_address and not host.endswith(".localhost")


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except ValueError:
        return False
