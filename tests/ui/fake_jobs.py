"""Jobs in the fake API: what they are, and their events as they are played."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.ui.fake_answers import page, problem

if TYPE_CHECKING:
    from tests.ui.fake_api import FakeApi

ENDED = {"succeeded", "failed", "cancelled"}


class JobRoutes:
    """The routes of jobs. While the API is `away`, streams end, and none begins."""

    def __init__(self, api: "FakeApi") -> None:
        self.api = api

    def table(self) -> dict[str, Any]:
        return {
            "POST /v1/projects/{id}/imports": self.create_import,
            "GET /v1/jobs": self.list_jobs,
            "GET /v1/jobs/{id}": self.get_job,
            "POST /v1/jobs/{id}/cancel": self.cancel,
            "GET /v1/jobs/{id}/events": self.stream_events,
        }

    async def create_import(self, request: Request) -> Response:
        assert await request.body()
        name = request.query_params["name"]
        return JSONResponse(self.api.add_job(request.path_params["id"], f"Import {name}", "import"), 202)

    async def get_job(self, request: Request) -> Response:
        return JSONResponse(self.api.jobs[request.path_params["id"]])

    async def list_jobs(self, request: Request) -> Response:
        wanted = request.query_params
        return page([job for job in self.api.jobs.values() if all(job[key] == wanted[key] for key in wanted)])

    async def cancel(self, request: Request) -> Response:
        job = self.api.jobs[request.path_params["id"]]
        if job["state"] in ENDED:
            return problem(409, "conflict", "The job has ended already.")
        self.api.play_end(job, "cancelled")
        return JSONResponse(job, 202)

    async def stream_events(self, request: Request) -> Response:
        events = self.api.events[request.path_params["id"]]
        sent = int(request.headers.get("Last-Event-ID", 0))
        if self.api.away:
            return problem(503, "unavailable", "The server is being started; try again in a moment.")
        self.api.streams += 1

        async def lines() -> AsyncIterator[str]:
            seq = sent
            silent = 0
            self.api.streams_open += 1
            try:
                while not self.api.away:
                    for kind, data in events[seq:]:
                        seq += 1
                        yield f"id: {seq}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
                        if kind == "job.finished":
                            return
                    await asyncio.sleep(0.01)
                    silent += 1
                    if silent % 500 == 0:  # as the API does, or a client would think that the connection is dead
                        yield ": still here\n\n"
            finally:
                self.api.streams_open -= 1

        return StreamingResponse(lines(), media_type="text/event-stream")
