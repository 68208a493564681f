"""Links to scenes, as the stand-in of the API has them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import now, page

_ONCE = ("url", "token", "job_id")


@dataclass(frozen=True)
class ShareRoutes:
    """Routes on these links, oldest first."""

    shares: list[dict[str, Any]]

    def table(self) -> dict[str, Callable[[Request], Any]]:
        """Each route, by its method and path."""
        return {
            "POST /v1/projects/{id}/shares": self.make,
            "GET /v1/projects/{id}/shares": self.list,
            "DELETE /v1/projects/{id}/shares/{share}": self.revoke,
        }

    async def make(self, request: Request) -> Response:
        body = await request.json()
        made = {
            "id": str(uuid.uuid4()),
            "project_id": request.path_params["id"],
            "snapshot_id": "s",
            "title": body["title"],
            "allow_download": body["allow_download"],
            "hint": "wxyz",
            "views": 1,
            "created_at": now(),
            "expires_at": now() if body["expires_in_days"] else None,
            "url": "http://mesh.example/s/p2m_shr_wxyz",
            "token": "p2m_shr_wxyz",
            "job_id": "j",
        }
        self.shares.append(made)
        return JSONResponse(made, 201)

    async def list(self, request: Request) -> Response:
        return page([{name: value for name, value in one.items() if name not in _ONCE} for one in self.shares[::-1]])

    async def revoke(self, request: Request) -> Response:
        self.shares[:] = [one for one in self.shares if one["id"] != request.path_params["share"]]
        return Response(status_code=204)
