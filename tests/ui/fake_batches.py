"""Batches, as the stand-in of the API has them: plain lines and JSON alone; a prompt "bad" cannot be read."""

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import now, page, problem

if TYPE_CHECKING:
    from tests.ui.fake_api import FakeApi

FREE = {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "usd": 0.0}


def batch_of(prompts: list[str], name: str = "Set") -> dict[str, Any]:
    """A batch that waits."""
    items = [
        {
            "position": number,
            "prompt": prompt,
            "name": prompt,
            "project_id": str(uuid.uuid4()),
            "project_deleted": False,
            "job_id": str(uuid.uuid4()),
            "state": "queued",
            "stage": None,
            "outcome": None,
            "error": None,
            "preview_id": None,
            "objects": 0,
            "triangles": 0,
            "seconds": 0.0,
            "usd": 0.0,
        }
        for number, prompt in enumerate(prompts, 1)
    ]
    return told({"id": str(uuid.uuid4()), "name": name, "created_at": now(), "usage": FREE, "items": items})


def told(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch, with what its items come to."""
    states = [item["state"] for item in batch["items"]]
    counts = {each: states.count(each) for each in ("queued", "running", "succeeded", "failed", "cancelled")}
    left = counts["queued"] + counts["running"]
    return {**batch, "total": len(states), "counts": counts, "done": round(1 - left / len(states), 4)}


class BatchRoutes:
    """Routes on the batches of `api`, which a test changes item by item."""

    def __init__(self, api: "FakeApi") -> None:
        self.api = api

    def table(self) -> dict[str, Callable[[Request], Any]]:
        """Each route, by its method and path."""
        return {
            "POST /v1/batch-previews": self.preview,
            "POST /v1/batches": self.create,
            "GET /v1/batches": self.list,
            "GET /v1/batches/{id}": self.get,
            "POST /v1/batches/{id}/retry": self.retry,
            "POST /v1/batches/{id}/cancel": self.cancel,
        }

    async def preview(self, request: Request) -> Response:
        prompts = await _prompts_in(request)
        if "bad" in prompts:
            return problem(422, "malformed_batch", f"Line {prompts.index('bad') + 1}: this cannot be used.")
        usual = {"model": None, "formats": [], "quality": request.query_params.get("quality"), "max_usd": None}
        items = [{"prompt": one, "name": one, "detail": request.query_params.get("detail"), **usual} for one in prompts]
        whole = {"name": None, "total": len(prompts), "limit": 500, "most_usd": 5.0 * len(prompts)}
        return JSONResponse({**whole, "items": items})

    async def create(self, request: Request) -> Response:
        prompts = await _prompts_in(request)
        made = batch_of(prompts, request.query_params.get("name") or f"{len(prompts)} prompts")
        made["asked"] = dict(request.query_params)
        self.api.batches[made["id"]] = made
        return JSONResponse(made, 202)

    async def list(self, request: Request) -> Response:
        return page([told(batch) for batch in self.api.batches.values()])

    async def get(self, request: Request) -> Response:
        return JSONResponse(told(self.api.batches[request.path_params["id"]]))

    async def retry(self, request: Request) -> Response:
        return self._move(request, {"failed", "cancelled"}, "queued", "There is nothing to try again.")

    async def cancel(self, request: Request) -> Response:
        return self._move(request, {"queued", "running"}, "cancelled", "Everything has ended.")

    def _move(self, request: Request, states: set[str], to: str, refusal: str) -> Response:
        batch = self.api.batches[request.path_params["id"]]
        moved = [item for item in batch["items"] if item["state"] in states]
        for item in moved:
            item.update(state=to, error=None)
        return JSONResponse(told(batch), 202) if moved else problem(409, "conflict", refusal)


async def _prompts_in(request: Request) -> list[str]:
    content = (await request.body()).decode()
    if request.headers["Content-Type"] == "application/json":
        return json.loads(content)["items"]
    return [line for line in content.split("\n") if line.strip()]
