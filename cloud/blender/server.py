"""The front's web application: MCP at `/mcp`, files, and the health checks. No `bpy` in this process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloud.blender.auth import PodGate
from cloud.blender.calls import Calls
from cloud.blender.endpoint import BODY_LIMIT_BYTES, McpEndpoint
from cloud.blender.files import file_routes
from cloud.blender.resources import PictureShelf, ResourceDesk
from cloud.blender.supervisor import BlenderSupervisor
from cloud.blender.tools import ToolDesk
from cloud.errors import Prompt2MeshError

_INSTRUCTIONS = (
    "A real Blender with one scene, which outlasts each call. Build with run_python in small steps, look and check, "
    "mend what is wrong, export at the end."
)


def build_app(supervisor: BlenderSupervisor, *, workspace: Path, public_key: str, audience: str) -> Starlette:
    """The application, which owns the supervisor: it starts and stops with it."""
    calls = Calls()
    # The bearer token keeps strangers out; the Host check would only refuse names given by a cluster.
    library = StreamableHTTPSessionManager(
        _mcp_server(supervisor, calls),
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=BODY_LIMIT_BYTES,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await supervisor.start()
        try:
            async with library.run():
                yield
        finally:
            await supervisor.stop()

    return Starlette(
        routes=[
            Route("/healthz", _healthy),
            Route("/readyz", _readiness(supervisor)),
            *file_routes(workspace),
            Route("/mcp", McpEndpoint(library.handle_request, calls)),
        ],
        middleware=[Middleware(PodGate, public_key=public_key, audience=audience)],
        lifespan=lifespan,
    )


def _mcp_server(supervisor: BlenderSupervisor, calls: Calls) -> Server[Any]:
    pictures = PictureShelf()
    tools = ToolDesk(supervisor, calls, pictures)
    resources = ResourceDesk(supervisor.store, pictures)
    return Server(
        "prompt2mesh-blender",
        title="Prompt2Mesh Blender",
        instructions=_INSTRUCTIONS,
        on_list_tools=tools.list_tools,
        on_call_tool=tools.call_tool,
        on_list_resources=resources.list_resources,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read,
    )


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _readiness(supervisor: BlenderSupervisor):  # noqa: ANN202
    """Runs real code in Blender; while Blender is at work for its user, that it works is the answer."""

    async def ready(_: Request) -> Response:
        if supervisor.busy and supervisor.ready_once:
            return JSONResponse({"status": "busy"})
        try:
            answer = await supervisor.call("ping", {})
        except Prompt2MeshError as error:
            return JSONResponse({"status": error.code, "detail": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"} | answer.header["structured"])

    return ready
