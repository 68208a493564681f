"""`/mcp`: MCP for a user's own agent. API tokens alone, or a session's token, as a bearer: no cookies."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials

from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep, bearer
from cloud.api.gateway.caller import Visitor
from cloud.api.gateway.gateway import Gateway
from cloud.api.origins import require_own_page
from cloud.api.routes.shares import LinkBaseDep
from cloud.errors import Unauthorized

router = APIRouter(include_in_schema=False)


@router.api_route("/mcp", methods=["POST", "GET", "DELETE"])
async def speak_mcp(
    request: Request,
    services: ServicesDep,
    identity: IdentityDep,
    origin: OriginDep,
    base: LinkBaseDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Response:
    """Serve one MCP request. Raises: Unauthorized: by a cookie. ForeignOrigin: for a web page of somebody else's."""
    if credentials is None:
        raise Unauthorized("MCP needs an API token: send it as `Authorization: Bearer …`.")
    if "origin" in request.headers:
        require_own_page(request.scope, services.settings)
    gateway: Gateway = request.app.state.gateway
    return gateway.answer(Visitor(services, identity, origin, base, gateway.errands), credentials.credentials)
