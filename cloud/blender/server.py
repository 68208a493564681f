"""The front's web application: MCP at `/mcp`, files, and the health checks. No `bpy` in this process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloud.blender.auth import PodGate
from cloud.blender.files import file_routes
from cloud.blender.supervisor import BlenderSupervisor
from cloud.blender.tools import register_tools
from cloud.errors import Prompt2MeshError


def build_app(supervisor: BlenderSupervisor, *, workspace: Path, public_key: str, audience: str) -> Starlette:
    """The application, which owns the supervisor: it starts and stops with it."""
    server: MCPServer[None] = MCPServer("prompt2mesh-blender", log_level="WARNING")
    register_tools(server, supervisor)
    # The bearer token keeps strangers out; the Host check would only refuse names given by a cluster.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    mcp_app = server.streamable_http_app(stateless_http=True, transport_security=security)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await supervisor.start()
        try:
            async with server.session_manager.run():
                yield
        finally:
            await supervisor.stop()

    return Starlette(
        routes=[
            Route("/healthz", _healthy),
            Route("/readyz", _readiness(supervisor)),
            *file_routes(workspace),
            *mcp_app.routes,
        ],
        middleware=[Middleware(PodGate, public_key=public_key, audience=audience)],
        lifespan=lifespan,
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
