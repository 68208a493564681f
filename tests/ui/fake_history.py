"""The stand-in's history and parameters: steps that a test adds, and a scene that moves among them."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import now, page, problem

Projects = dict[str, dict[str, Any]]
Jobs = dict[str, dict[str, Any]]


@dataclass
class FakeHistory:
    """`steps` by project, oldest first; `undone` the heads to redo; `refuse` a problem for the next move or change."""

    steps: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    undone: dict[str, list[str]] = field(default_factory=dict)
    parameters: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    refuse: tuple[int, str, str] | None = None

    def add_step(self, project: dict[str, Any], title: str, parent_id: str | None = None, **facts: Any) -> str:
        """A step that makes the scene; `parent_id` None: it goes on from the scene as it is."""
        steps = self.steps.setdefault(project["id"], [])
        identifier = str(uuid.uuid4())
        steps.append(
            {
                "id": identifier,
                "parent_id": parent_id or project["head_snapshot_id"],
                "step": len(steps) + 1,
                "title": title,
                "label": "",
                "job_id": None,
                "tool": "run_python",
                "changed": f"added {title}",
                "seconds": 0.4,
                "cost": None,
                "sha256": "0" * 64,
                "bytes": 120_000,
                "thumbnail_id": None,
                "model_id": f"model-{identifier}",
                "is_head": False,
                "created_at": now(),
                "code": f"import bpy  # {title}",
                **facts,
            }
        )
        project["head_snapshot_id"] = identifier
        return identifier

    def step(self, project_id: str, snapshot_id: str) -> dict[str, Any] | None:
        return next((step for step in self.steps.get(project_id, []) if step["id"] == snapshot_id), None)


class HistoryRoutes:
    """Its routes. `add_job` makes a job of the stand-in."""

    def __init__(self, history: FakeHistory, projects: Projects, jobs: Jobs, add_job: Any) -> None:
        self.history, self.projects, self.jobs, self.add_job = history, projects, jobs, add_job

    def table(self) -> dict[str, Any]:
        return {
            "GET /v1/jobs/{id}": self.get_job,
            "GET /v1/projects/{id}": self.get_project,
            "GET /v1/projects/{id}/snapshots": self.list_steps,
            "GET /v1/projects/{id}/snapshots/{step}": self.get_step,
            "PATCH /v1/projects/{id}/snapshots/{step}": self.label,
            "POST /v1/projects/{id}/snapshots/{step}/restore": self.restore,
            "POST /v1/projects/{id}/snapshots/{step}/branch": self.branch,
            "POST /v1/projects/{id}/snapshots/{step}/model": self.make_model,
            "POST /v1/projects/{id}/undo": self.undo,
            "POST /v1/projects/{id}/redo": self.redo,
            "POST /v1/projects/{id}/compare": self.compare,
            "GET /v1/projects/{id}/parameters": self.list_parameters,
            "POST /v1/projects/{id}/parameters": self.change_parameters,
        }

    def _project(self, request: Request) -> dict[str, Any]:
        project = self.projects[request.path_params["id"]]
        head = self.history.step(project["id"], project["head_snapshot_id"] or "")
        project["can_undo"] = head is not None
        project["can_redo"] = bool(self.history.undone.get(project["id"]))
        return project

    async def get_project(self, request: Request) -> Response:
        return JSONResponse(self._project(request))

    async def get_job(self, request: Request) -> Response:
        return JSONResponse(self.jobs[request.path_params["id"]])

    async def list_steps(self, request: Request) -> Response:
        project = self._project(request)
        steps = self.history.steps.get(project["id"], [])
        return page([{**step, "is_head": step["id"] == project["head_snapshot_id"]} for step in steps])

    async def get_step(self, request: Request) -> Response:
        return JSONResponse(self.history.step(request.path_params["id"], request.path_params["step"]))

    async def label(self, request: Request) -> Response:
        step = self.history.step(request.path_params["id"], request.path_params["step"])
        assert step is not None
        step["label"] = (await request.json())["label"]
        return JSONResponse(step)

    async def _refused(self, request: Request) -> Response | None:
        body = await request.json() if int(request.headers.get("content-length") or 0) else {}
        self.history.asked.append((request.url.path.rsplit("/", 1)[-1], body))
        refused, self.history.refuse = self.history.refuse, None
        if refused is None and body.get("expected_head", "unseen") not in {
            "unseen",
            self._project(request)["head_snapshot_id"],
        }:
            refused = (409, "scene_changed", "The scene has been changed meanwhile.")
        return problem(*refused) if refused else None

    async def restore(self, request: Request) -> Response:
        if refused := await self._refused(request):
            return refused
        project = self._project(request)
        project["head_snapshot_id"] = request.path_params["step"]
        self.history.undone[project["id"]] = []
        return JSONResponse(self._project(request))

    async def undo(self, request: Request) -> Response:
        if refused := await self._refused(request):
            return refused
        project = self._project(request)
        head = self.history.step(project["id"], project["head_snapshot_id"])
        assert head is not None
        self.history.undone.setdefault(project["id"], []).append(head["id"])
        project["head_snapshot_id"] = head["parent_id"]
        return JSONResponse(self._project(request))

    async def redo(self, request: Request) -> Response:
        if refused := await self._refused(request):
            return refused
        project = self._project(request)
        project["head_snapshot_id"] = self.history.undone[project["id"]].pop()
        return JSONResponse(self._project(request))

    async def branch(self, request: Request) -> Response:
        origin = self._project(request)
        name = (await request.json())["name"]
        made = {**origin, "id": str(uuid.uuid4()), "name": name, "head_snapshot_id": None}
        self.projects[made["id"]] = made
        self.history.add_step(made, "Branched off")
        return JSONResponse(made, 201)

    async def make_model(self, request: Request) -> Response:
        job = self.add_job(request.path_params["id"], "", "export", [])
        return JSONResponse({"model_id": None, "job": job}, 202)

    async def compare(self, request: Request) -> Response:
        self.history.asked.append(("compare", await request.json()))
        return JSONResponse(self.add_job(request.path_params["id"], "", "compare", []), 202)

    async def list_parameters(self, request: Request) -> Response:
        head = self._project(request)["head_snapshot_id"]
        return JSONResponse({"head_snapshot_id": head, "items": self.history.parameters})

    async def change_parameters(self, request: Request) -> Response:
        if refused := await self._refused(request):
            return refused
        return JSONResponse(self.add_job(request.path_params["id"], "with a value", "parameters"), 202)
