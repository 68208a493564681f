"""The outermost part of the web UI's server: who may open a connection, and headers on every answer."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.server.cookie import without_plain_cookie

# Streamlit's page needs inline styles, evaluates its own expressions, and loads the scripts of components from blobs.
PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR = "max-age=31536000"
_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_SECURE = {"https", "wss"}
# Addresses that answer by the cookie (the API's), or to whoever has the address (Streamlit's own files).
_PRIVATE = ("/p2m/api/", "/p2m/live/", "/media/")
_BY_COOKIE = ("/p2m/api/", "/p2m/live/")
# Streamlit tells anybody who asks how many people are there, and counts its memory for them.
_CLOSED = {"/_stcore/metrics"}


class Guard:
    """Refuses what another site's page asks of us with the browser's cookie, and sets the headers that protect ours.

    Streamlit lets pages of any port of this machine open its WebSocket, and cookies know no ports: so the origin must
    be exactly the host that was asked. Over https the cookie that http has set is not seen: others can plant that one.
    A header that a route sets itself stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if scope["path"] in _CLOSED:
            await PlainTextResponse("There is no such page.", 404)(scope, receive, send)
            return
        if _is_foreign(scope):
            await _refuse(scope, receive, send)
            return
        if scope["scheme"] in _SECURE:
            scope = {**scope, "headers": without_plain_cookie(scope["headers"])}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(_PRIVATE):
                    headers.setdefault("Cache-Control", "private, no-cache")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _YEAR)
            await send(message)

        await self._app(scope, receive, send_guarded)


def _is_foreign(scope: Scope) -> bool:
    """Whether the browser says that a page of another origin asks for what only our own pages may."""
    headers = Headers(scope=scope)
    is_ours = headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
    if scope["type"] == "http" and scope["method"] not in _CHANGES:
        # Other ports of this machine are the same site, so the cookie goes along with what their pages embed.
        return scope["path"].startswith(_BY_COOKIE) and not is_ours
    origin = headers.get("origin")
    if origin is None:
        return not is_ours
    came_from = urlsplit(origin)
    # Whether a proxy in front speaks https is not always told; that a page came over http is.
    is_weaker = scope["scheme"] in _SECURE and came_from.scheme != "https"
    return is_weaker or not came_from.netloc or came_from.netloc.lower() != headers.get("host", "").lower()


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "another site's page"})
    else:
        await PlainTextResponse("This is for our own pages.", 403)(scope, receive, send)
