"""The addresses under `/p2m/live/`: a job's view as a stream, and the code of a step."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ui.live.code import coloured
from ui.live.follower import Follower, as_json
from ui.live.hub import Hub
from ui.server.backend import problem
from ui.server.cookie import token_in

# At most ten pushes a second: a person sees no more, and a stream of words has many pieces.
COALESCE_S = 0.1
_STILL_HERE_S = 15.0
_STEP_WAIT_S = 10.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def live_routes(hub: Hub) -> list[BaseRoute]:
    """Both addresses, for whoever the cookie names."""

    async def stream(request: Request) -> Response:
        token = token_in(request.cookies)
        if token is None:
            return problem(401, "signed_out", "You are signed out; sign in again.")
        return StreamingResponse(
            _pushes(hub, token, request.path_params["id"]), media_type="text/event-stream", headers=_HEADERS
        )

    async def code(request: Request) -> Response:
        token = token_in(request.cookies)
        if token is None:
            return problem(401, "signed_out", "You are signed out; sign in again.")
        async with hub.following(token, request.path_params["id"]) as follower:
            found = await _code_of(follower, request.path_params["number"])
        if found is None:
            return problem(404, "no_code", "This step's code is not here; reload the page.")
        return JSONResponse(coloured(found), headers=_HEADERS)

    return [
        Route("/p2m/live/jobs/{id}", stream, methods=["GET"]),
        Route("/p2m/live/jobs/{id}/steps/{number:int}/code", code, methods=["GET"]),
    ]


async def _pushes(hub: Hub, token: str, job_id: str) -> AsyncIterator[str]:
    """Everything first, then what changes, until the job's end."""
    async with hub.following(token, job_id) as follower:
        seen = -1
        while not hub.ending:
            view = follower.view
            if view is None and follower.gone is not None:
                yield f"data: {as_json({'version': 0, 'full': True, 'gone': follower.gone[1], 'steps': []})}\n\n"
                return
            if view is not None and view.version != seen:
                yield f"data: {as_json(view.since(seen))}\n\n"
                seen = view.version
                if view.over:
                    return
                await asyncio.sleep(COALESCE_S)
            elif not await follower.changed(_STILL_HERE_S):
                yield ": still here\n\n"


async def _code_of(follower: Follower, number: int) -> str | None:
    """The step's code, once the follower has read that far; None: it will not come."""
    deadline = time.monotonic() + _STEP_WAIT_S
    while (left_s := deadline - time.monotonic()) > 0:
        steps = follower.view.progress.steps if follower.view is not None else []
        found = next((step for step in steps if step.number == number), None)
        if found is not None:
            return found.code
        if follower.gone is not None or (follower.view is not None and follower.view.over):
            return None
        await follower.changed(left_s)
    return None
