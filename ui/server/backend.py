"""The API, as a browser's own requests reach it: with the token of their cookie, and streamed."""

import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ui.server.cookie import token_in

# A live stream says something every 15 s at least.
_TIMEOUT = httpx2.Timeout(60.0, connect=5.0, pool=5.0)
_LIMITS = httpx2.Limits(max_connections=1000, keepalive_expiry=4.0)
_ASKED = ("accept", "range", "if-none-match", "if-range", "last-event-id", "sec-fetch-mode", "user-agent")
# A browser too old to say how it asks might be a script of the page, which can fetch from us alone.
_UNTOLD_MODE = {"sec-fetch-mode": "cors"}
BYTES_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""The Content-Security-Policy of what the API has sent without one."""
_ANSWERED = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "referrer-policy",
    "retry-after",
)


# Who uploads many files is asked for once in a while.
_KNOWN_FOR_S = 30.0
_KNOWN_AT_MOST = 1000


class Backend:
    """Passes reading requests on to the API at `base_url`. One for the process; `lifespan` opens and closes it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._http: httpx2.AsyncClient | None = None
        self._known_until: dict[str, float] = {}

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Holds the connections while the server runs."""
        host = httpx2.URL(self.base_url).host
        # Without TLS a context that trusts nobody will do, and loading the certificates takes 0.17 s.
        verify = True if self.base_url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        inside = host in {"127.0.0.1", "::1", "localhost"}
        async with httpx2.AsyncClient(
            base_url=self.base_url, timeout=_TIMEOUT, limits=_LIMITS, verify=verify, trust_env=not inside
        ) as self._http:
            yield

    @property
    def http(self) -> httpx2.AsyncClient:
        """Its connections to the API, inside the lifespan; whoever uses them sends a token along."""
        assert self._http is not None, "inside the lifespan"
        return self._http

    async def read(self, request: Request) -> Response:
        """Answer `GET /p2m/api/{path}` as the API answers `GET /{path}` to whoever the cookie names."""
        token = token_in(request.cookies)
        if token is None:
            return problem(401, "signed_out", "You are signed out; sign in again.")
        path = request.path_params["path"]
        if not path.startswith("v1/") or ".." in path.split("/"):
            return problem(404, "not_found", "There is no such file.")
        assert self._http is not None, "inside the lifespan"
        headers = _UNTOLD_MODE | {name: request.headers[name] for name in _ASKED if name in request.headers}
        headers |= {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity", **_way(request)}
        # Quoted again: what was quoted twice stays a name, and a `?` in a name does not begin the query.
        url = f"/{quote(path)}" + (f"?{request.url.query}" if request.url.query else "")
        asked = self._http.build_request("GET", url, headers=headers)
        try:
            answer = await self._http.send(asked, stream=True)
        except httpx2.HTTPError:
            return problem(502, "server_unreachable", "The server cannot be reached just now; try again in a moment.")
        return StreamingResponse(
            _bytes_of(answer), answer.status_code, headers=_headers_of(answer), background=BackgroundTask(answer.aclose)
        )

    async def knows(self, token: str) -> bool:
        """Whether the token is of somebody who is signed in, as the API said within the last half minute.

        Raises: httpx2.HTTPError: it says nothing.
        """
        now = time.monotonic()
        if self._known_until.get(token, 0.0) > now:
            return True
        assert self._http is not None, "inside the lifespan"
        answer = await self._http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            return False
        self._known_until = {each: until for each, until in self._known_until.items() if until > now}
        while len(self._known_until) >= _KNOWN_AT_MOST:
            self._known_until.pop(next(iter(self._known_until)))
        self._known_until[token] = now + _KNOWN_FOR_S
        return True


def _headers_of(answer: httpx2.Response) -> dict[str, str]:
    """What the browser is told. Bytes of users are no pages here, and no cache between keeps what a cookie has got."""
    kept = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
    kept.setdefault("content-security-policy", BYTES_POLICY)
    if "private" not in kept.get("cache-control", "") and "no-store" not in kept.get("cache-control", ""):
        kept["cache-control"] = "private, no-cache"
    kept["vary"] = "Cookie"
    return kept


async def _bytes_of(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Its body as it comes. An API that goes away breaks it, so that a half file is no whole one; live events just
    end, and the browser asks for the next."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx2.HTTPError:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise
    finally:
        await answer.aclose()


def _way(request: Request) -> dict[str, str]:
    """The addresses that the request has come through. The API believes them if it trusts ours."""
    here = request.client.host if request.client else ""
    way = [each for each in (request.headers.get("x-forwarded-for", ""), here) if each]
    return {"X-Forwarded-For": ", ".join(way)} if way else {}


def problem(status: int, code: str, detail: str) -> Response:
    """A problem document (RFC 9457), as the API's own."""
    body = {"status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json", headers={"Cache-Control": "no-store"})
