"""Who may send files to Streamlit's own upload address: nobody but who is signed in.

Streamlit takes them from every page that is open, the sign-in too, and holds them in memory.
"""

import httpx2
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.server.backend import Backend, problem
from ui.server.cookie import token_in

_UPLOADS = "/_stcore/upload_file/"


class SignedInUploads:
    """Answers 401 to uploads whose cookie names nobody, before anything of the file is read."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["method"] == "PUT" and scope["path"].startswith(_UPLOADS):
            token = token_in(Request(scope).cookies)
            try:
                is_known = token is not None and await self._backend.knows(token)
            except httpx2.HTTPError:
                refusal = problem(502, "server_unreachable", "The server cannot be reached just now; try again soon.")
                await refusal(scope, receive, send)
                return
            if not is_known:
                await problem(401, "signed_out", "You are signed out; sign in again.")(scope, receive, send)
                return
        await self._app(scope, receive, send)
