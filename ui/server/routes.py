"""The addresses under `/p2m/`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ui.live.hub import Hub
from ui.live.routes import live_routes
from ui.server.assets import serve_asset
from ui.server.backend import Backend
from ui.server.cookie import TICKETS, clear_cookie, fingerprint_of, set_cookie, token_in

_TEXT_CHARS = 200


def our_routes(backend: Backend, hub: Hub) -> list[BaseRoute]:
    """What the web UI's server answers besides Streamlit's own addresses."""
    return [
        Route("/p2m/session", _session, methods=["POST", "DELETE"]),
        Route("/p2m/api/{path:path}", backend.read, methods=["GET"]),
        Route("/p2m/assets/{stamp}/{name}", serve_asset, methods=["GET"]),
        *live_routes(hub),
    ]


async def _session(request: Request) -> Response:
    """`POST` a ticket: the session's cookie. `DELETE` with a token's fingerprint: no cookie of that token any more.

    `Guard` lets our own pages ask alone. The cookie may be of another session by now, which another tab has begun.
    """
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    said = await _text_in(request)
    if request.method == "DELETE":
        token = token_in(request.cookies)
        if token is not None and said in {"", fingerprint_of(token)}:
            clear_cookie(request, response)
        return response
    kept = TICKETS.redeem(said)
    if kept is None:
        return Response(status_code=404, headers={"Cache-Control": "no-store"})
    set_cookie(request, response, *kept)
    return response


async def _text_in(request: Request) -> str:
    """The body as far as a ticket or a fingerprint can go; nobody need be signed in to send one, so no more is read."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _TEXT_CHARS:
            return "too long"
    return body.decode("ascii", "replace")
