"""The web UI's own addresses over real HTTP on loopback, in front of an API that tells what it was asked."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from ui.live.hub import Hub
from ui.server.backend import Backend
from ui.server.guard import Guard
from ui.server.routes import our_routes
from ui.server.uploads import SignedInUploads

TOKEN = "p2m_ses_of_ada"
LINK = "https://bucket.s3.eu-central-1.amazonaws.com/ab/cd?X-Amz-Signature=1"
FILE = bytes(range(256)) * 40


@dataclass
class TellingApi:
    """An API that answers `/v1/…`: `paths`: what it was asked for, raw. `open_streams`: how many it is sending."""

    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open_streams: int = 0

    def app(self) -> Starlette:
        """The app to serve."""
        return Starlette(
            routes=[
                Route("/v1/me", self.me),
                Route("/v1/artifacts/file/content", self.file),
                Route("/v1/artifacts/page/content", self.page),
                Route("/v1/events", self.events),
                Route("/v1/half", self.half),
                Route("/v1/artifacts/large/content", self.large),
                Route("/{path:path}", self.anything, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )

    async def me(self, request: Request) -> Response:
        self._note(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"code": "unauthorized"}, 401)
        answer = JSONResponse({"username": "ada"}, headers={"X-Of-The-API": "inside"})
        answer.set_cookie("api", "secret")
        return answer

    async def file(self, request: Request) -> Response:
        self._note(request)
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "public, max-age=60", "ETag": '"one"'}
        if request.headers.get("range") == "bytes=10-19":
            headers |= {"Content-Range": f"bytes 10-19/{len(FILE)}"}
            return Response(FILE[10:20], 206, headers=headers, media_type="model/gltf-binary")
        return Response(FILE, headers=headers, media_type="model/gltf-binary")

    async def page(self, request: Request) -> Response:
        return Response("<script>steal()</script>", media_type="text/html")

    async def events(self, request: Request) -> Response:
        self._note(request)

        async def beats() -> AsyncIterator[str]:
            self.open_streams += 1
            try:
                while True:
                    yield ": still there\n\n"
                    await asyncio.sleep(0.02)
            finally:
                self.open_streams -= 1

        return StreamingResponse(beats(), media_type="text/event-stream")

    async def large(self, request: Request) -> Response:
        """As the API does it where a bucket keeps the files."""
        if request.headers.get("sec-fetch-mode") not in (None, "navigate"):
            return await self.file(request)
        headers = {"Location": LINK, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return Response(status_code=307, headers=headers)

    async def half(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"the first half"
            raise ConnectionResetError("the API dies here")

        return StreamingResponse(pieces(), media_type=request.query_params["type"])

    async def anything(self, request: Request) -> Response:
        self._note(request)
        return PlainTextResponse("reached")

    def _note(self, request: Request) -> None:
        query = request.scope["query_string"].decode()
        self.paths.append(request.scope["raw_path"].decode() + (f"?{query}" if query else ""))
        self.headers.append(dict(request.headers))


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Its address, until the block ends."""
    config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    with config.bind_socket() as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)


def ui_server(backend: Backend) -> Starlette:
    """What `ui.app` serves, but for Streamlit; a WebSocket and an upload address stand in for its own."""

    async def greet(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("|".join(websocket.cookies))
        await websocket.close()

    async def uploaded(request: Request) -> Response:
        return PlainTextResponse("taken")

    return Starlette(
        routes=[
            *our_routes(backend, Hub(lambda: backend.http)),
            WebSocketRoute("/_stcore/stream", greet),
            Route("/_stcore/upload_file/{session}/{file}", uploaded, methods=["PUT"]),
            Route("/media/{name}", uploaded),
        ],
        middleware=[Middleware(Guard), Middleware(SignedInUploads, backend=backend)],
        lifespan=backend.lifespan,
    )


@pytest.fixture(scope="module")
def telling() -> TellingApi:
    return TellingApi()


@pytest.fixture(scope="module")
def served(telling: TellingApi) -> Iterator[str]:
    """The address of the web UI's server."""
    with serving(telling.app()) as api_url, serving(ui_server(Backend(api_url))) as url:
        yield url


@pytest.fixture
def visitor(served: str) -> Iterator[httpx2.Client]:
    """A browser without a cookie."""
    with httpx2.Client(base_url=served, trust_env=False) as client:
        yield client


@pytest.fixture
def ada(visitor: httpx2.Client) -> httpx2.Client:
    """A browser with the cookie of somebody who is signed in."""
    visitor.headers["Cookie"] = f"p2m_web={TOKEN}"
    return visitor
