"""The API as the web UI knows it, over real HTTP on loopback, with jobs that a test plays event by event.

The test in Chromium runs against the real API; this one brings a page into any state within milliseconds.
"""

import hashlib
import io
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.ui.fake_account import AccountRoutes, FakeAccount
from tests.ui.fake_admin import AdminRoutes, FakeAdmin
from tests.ui.fake_answers import now, page, problem
from tests.ui.fake_batches import BatchRoutes
from tests.ui.fake_gallery import GalleryRoutes
from tests.ui.fake_history import FakeHistory, HistoryRoutes
from tests.ui.fake_jobs import JobRoutes
from tests.ui.fake_shares import ShareRoutes
from tests.ui.fake_sign_in import PUBLIC, SignInRoutes

USAGE = {"input_tokens": 1200, "output_tokens": 300, "cache_read_tokens": 0, "cache_write_tokens": 0, "usd": 0.0123}
PASSWORD = "correct horse"
BRIEF = {
    "title": "Red *kitchen* chair",
    "summary": "A plain chair that stands alone.",
    "parts": [
        {"name": "Seat", "size_m": [0.42, 0.4, 0.04], "count": 1, "material": "red oak", "description": "dished"},
        {"name": "Leg", "size_m": [0.04, 0.04, 0.44], "count": 4, "material": "red oak", "description": "tapered"},
    ],
    "proportions": "The back is as high as the legs.",
    "style": "rustic",
    "checks": ["four legs", "the seat is level"],
}
VERDICT = {
    "decision": "mend",
    "summary": "Nearly there.",
    "requirements": [
        {"text": "four *legs*", "status": "met", "evidence": "front"},
        {"text": "the seat is level", "status": "partly", "evidence": "it slopes by 3 degrees in the left view"},
        {"text": "red", "status": "not", "evidence": "it is blue"},
    ],
    "defects": [{"severity": "major", "what": "one leg floats", "mend": "move it down", "objects": ["Leg 2"]}],
}
_USUAL_OPTIONS = {"quality": "standard", "detail": "moderate", "max_usd": None, "formats": []}


def picture_png(colour: str = "#8b5a2b", size_px: int = 64) -> bytes:
    """A small real PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (size_px, size_px), colour).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class FakeApi:
    """Its whole state, open to the test. One user's data only: owners are the real API's business."""

    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    sign_up: str = "open"
    add_on: str | None = "0.2.0"
    oidc: dict[str, str] | None = None
    codes: dict[str, str] = field(default_factory=dict)
    admins: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    refuse_jobs: str = ""
    away: bool = False
    streams: int = 0
    streams_open: int = 0
    refuse_keys: str = ""
    model_keys: list[str] = field(default_factory=list)
    account: FakeAccount = field(default_factory=FakeAccount)
    admin: FakeAdmin = field(default_factory=FakeAdmin)
    shares: list[dict[str, Any]] = field(default_factory=list)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: FakeHistory = field(default_factory=FakeHistory)

    def add_user(self, username: str = "ada", password: str = PASSWORD) -> str:
        """Returns: a token of this user."""
        self.passwords[username] = password
        token = f"p2m_{uuid.uuid4().hex}"
        self.tokens[token] = username
        return token

    def add_project(self, name: str, identifier: str = "") -> dict[str, Any]:
        identifier = identifier or str(uuid.uuid4())
        project = {"id": identifier, "name": name, "created_at": now(), "updated_at": now(), "head_snapshot_id": None}
        project |= {"thumbnail_id": None, "model_id": None, "can_undo": False, "can_redo": False}
        self.projects[identifier] = project
        return project

    def add_artifact(self, job: dict[str, Any], kind: str, name: str, content: bytes, media_type: str) -> str:
        identifier = str(uuid.uuid4())
        self.contents[identifier] = content
        self.artifacts[identifier] = {
            "id": identifier,
            "project_id": job["project_id"],
            "job_id": job["id"],
            "kind": kind,
            "name": name,
            "media_type": media_type,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "created_at": now(),
        }
        return identifier

    def add_job(self, project_id: str, prompt: str, kind: str = "build", formats: list[str] | None = None) -> dict:
        identifier = str(uuid.uuid4())
        job = {
            "id": identifier,
            "project_id": project_id,
            "kind": kind,
            "prompt": prompt,
            "model": None,
            "formats": formats or ["blend", "glb"],
            "state": "queued",
            "outcome": None,
            "error": None,
            "result": None,
            "cancel_requested": False,
            "created_at": now(),
            "started_at": None,
            "finished_at": None,
        }
        self.jobs[identifier] = job
        self.events[identifier] = []
        self.play(job, "job.queued")
        return job

    def play(self, job: dict[str, Any], kind: str, /, **data: Any) -> None:
        """The job's next event, as a runner would write it."""
        self.events[job["id"]].append((kind, {"type": kind, **data}))

    def play_beginning(self, job: dict[str, Any]) -> None:
        """Up to the middle of the build: one step done with a picture, one under way."""
        job["state"] = "running"
        self.play(job, "job.started", attempt=1, model="offline-modeller")
        self.play(job, "stage", stage="build")
        self.play(job, "text", text="I begin with the *chair*.")
        self.play(job, "step.started", step=1, tool="run_python", title="Add the chair", code="import bpy\n# chair")
        self.play(
            job, "step.finished", step=1, tool="run_python", title="Add the chair", ok=True, seconds=0.4,
            changed="added Chair", error=None,
        )  # fmt: skip
        look = self.add_artifact(job, "picture", "step-02-look.png", picture_png(), "image/png")
        self.play(job, "step.started", step=2, tool="look", title="", code=None)
        self.play(job, "picture", artifact_id=look, name="step-02-look.png", kind="look", step=2)
        self.play(job, "usage", usage=USAGE)

    def play_brief(self, job: dict[str, Any]) -> None:
        """A refine job, whole."""
        job["state"] = "running"
        self.play(job, "job.started", attempt=1, model="claude")
        self.play(job, "stage", stage="refine")
        self.play(job, "brief", brief=BRIEF)
        self.play(job, "usage", usage=USAGE, usd_limit=5.0)
        result = {
            "model": "claude", "objects": 0, "triangles": 0, "steps": 0, "seconds": 1.0, "usage": USAGE,
            "summary": BRIEF["summary"], "not_built": [], "timings": {}, "brief": BRIEF,
        }  # fmt: skip
        job.update(state="succeeded", outcome="finished", result=result)
        self.play(job, "job.finished", state="succeeded", outcome="finished", error=None, result=result)

    def play_review(self, job: dict[str, Any], number: int = 1, kept: str = "", **verdict: Any) -> None:
        """A review, and the mend that follows."""
        self.play(job, "stage", stage="review")
        self.play(job, "review", round=number, verdict={**VERDICT, **verdict}, kept=kept)
        self.play(job, "stage", stage="mend")

    def play_end(self, job: dict[str, Any], state: str = "succeeded", **result: Any) -> None:
        """The rest, with files where it succeeded."""
        error = None if state == "succeeded" else {"code": state, "message": "It was 1 < 2 *stars* too many."}
        if state == "succeeded":
            preview = self.add_artifact(job, "preview", "preview.png", picture_png("#305080"), "image/png")
            self.add_artifact(job, "script", "script.py", b"import bpy\n", "text/x-python")
            self.add_artifact(job, "scene", "scene.glb", b"glTF....", "model/gltf-binary")
            self.add_artifact(job, "scene", "scene.blend", b"BLENDER-v405", "application/x-blender")
            self.play(job, "picture", artifact_id=preview, name="preview.png", kind="preview", step=2)
        whole = {
            "model": "offline-modeller", "objects": 3, "triangles": 1204, "steps": 2, "seconds": 4.2, "usage": USAGE,
            "summary": "A red chair.", "not_built": [], "timings": {}, **result,
        }  # fmt: skip
        job.update(state=state, outcome="finished", error=error, result=whole)
        self.play(job, "job.finished", state=state, outcome="finished", error=error, result=whole)

    def finish(self, project: dict[str, Any], prompt: str, state: str = "succeeded") -> dict[str, Any]:
        """A whole job at once."""
        job = self.add_job(project["id"], prompt)
        self.play_beginning(job)
        self.play_end(job, state)
        return job


class _Routes(SignInRoutes):
    """The routes, all on the event loop of one thread."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api

    def routes(self) -> list[Route]:
        table = {
            **self.sign_in_table(),
            "GET /v1/account/model-key": self.model_key,
            "PUT /v1/account/model-key": self.put_model_key,
            "DELETE /v1/account/model-key": self.remove_model_key,
            "GET /v1/models": self.models,
            "POST /v1/projects": self.create_project,
            "GET /v1/projects/{id}": self.get_project,
            "PATCH /v1/projects/{id}": self.rename_project,
            "DELETE /v1/projects/{id}": self.delete_project,
            "POST /v1/projects/{id}/undelete": self.undelete_project,
            "POST /v1/projects/{id}/images": self.upload_image,
            "POST /v1/projects/{id}/jobs": self.create_job,
            "POST /v1/projects/{id}/briefs": self.create_brief,
            "POST /v1/projects/{id}/exports": self.export,
            "GET /v1/projects/{id}/artifacts": self.list_artifacts,
            "GET /v1/jobs/{id}/artifacts": self.list_artifacts,
            "GET /v1/artifacts/{id}/content": self.content,
        }
        table |= GalleryRoutes(self.api).table() | BatchRoutes(self.api).table()
        table |= JobRoutes(self.api).table()
        table |= AdminRoutes(self.api.admin, self.api.admins).table()
        table |= AccountRoutes(self.api.account, self.api.passwords).table() | ShareRoutes(self.api.shares).table()
        table |= HistoryRoutes(self.api.history, self.api.projects, self.api.jobs, self.api.add_job).table()
        return [Route(path, self._guarded(f"{m} {path}", do), methods=[m]) for (m, path), do in _split(table)]

    def _guarded(self, route: str, do: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            request.state.username = self.api.tokens.get(token)
            if request.state.username is None and route not in PUBLIC:
                return problem(401, "unauthorized", "Sign in first.")
            known = {*self.api.projects, *self.api.deleted, *self.api.jobs, *self.api.contents, *self.api.batches}
            if "id" in request.path_params and request.path_params["id"] not in known:
                return problem(404, "not_found", "There is no such thing.")
            return await do(request)

        return endpoint

    async def model_key(self, request: Request) -> Response:
        if not self.api.model_keys:
            return problem(404, "no_model_key", "You have entered no Claude key.")
        return JSONResponse({"hint": self.api.model_keys[-1][-4:], "created_at": now(), "tested_at": now()})

    async def put_model_key(self, request: Request) -> Response:
        if self.api.refuse_keys:
            return problem(422, "model_key_refused", self.api.refuse_keys)
        self.api.model_keys.append((await request.json())["key"])
        return await self.model_key(request)

    async def remove_model_key(self, request: Request) -> Response:
        self.api.model_keys.clear()
        return Response(status_code=204)

    async def models(self, request: Request) -> Response:
        offline = {"id": "offline-modeller", "name": "Offline modeller", "is_default": True, "usd_per_mtok": None}
        return JSONResponse({"items": [offline], "billed_to": "nobody", "notice": None})

    async def create_project(self, request: Request) -> Response:
        return JSONResponse(self.api.add_project((await request.json())["name"]), 201)

    async def get_project(self, request: Request) -> Response:
        return JSONResponse(self.api.projects[request.path_params["id"]])

    async def rename_project(self, request: Request) -> Response:
        project = self.api.projects[request.path_params["id"]]
        project["name"] = (await request.json())["name"]
        return JSONResponse(project)

    async def delete_project(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        self.api.deleted[identifier] = {**self.api.projects.pop(identifier), "deleted_at": now()}
        return Response(status_code=204)

    async def undelete_project(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        self.api.projects[identifier] = {**self.api.deleted.pop(identifier), "deleted_at": None}
        return JSONResponse(self.api.projects[identifier])

    async def upload_image(self, request: Request) -> Response:
        try:
            Image.open(io.BytesIO(await request.body())).verify()
        except OSError:
            return problem(422, "invalid_input", "This file is no image that can be read.")
        owner = {"project_id": request.path_params["id"], "id": None}
        identifier = self.api.add_artifact(owner, "reference", "reference.png", await request.body(), "image/png")
        return JSONResponse(self.api.artifacts[identifier], 201)

    async def create_job(self, request: Request) -> Response:
        if self.api.refuse_jobs:
            return problem(422, "invalid_input", self.api.refuse_jobs)
        body = await request.json()
        job = self.api.add_job(request.path_params["id"], body["prompt"], formats=body["formats"])
        job["image_ids"] = body["image_ids"]
        job["asked"] = body
        return JSONResponse(job, 202)

    async def create_brief(self, request: Request) -> Response:
        body = await request.json()
        job = self.api.add_job(request.path_params["id"], body["prompt"], "refine")
        job["asked"] = body
        said = {name: body.get(name, usual) for name, usual in _USUAL_OPTIONS.items()}
        job["options"] = {**said, "image_ids": body["image_ids"]}
        return JSONResponse(job, 202)

    async def export(self, request: Request) -> Response:
        wanted = (await request.json())["format"]
        return JSONResponse(self.api.add_job(request.path_params["id"], "", "export", [wanted]), 202)

    async def list_artifacts(self, request: Request) -> Response:
        owner = request.path_params["id"]
        return page([a for a in self.api.artifacts.values() if owner in (a["project_id"], a["job_id"])])

    async def content(self, request: Request) -> Response:
        return Response(self.api.contents[request.path_params["id"]])


def _split(table: dict[str, Any]) -> Iterator[tuple[list[str], Any]]:
    for key, do in table.items():
        yield key.split(" "), do


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """Serve one until the block ends."""
    api = FakeApi()
    app = Starlette(routes=_Routes(api).routes())
    config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=0, lifespan="off")
    server = uvicorn.Server(config)
    with config.bind_socket() as listener:
        listener.listen()  # who asks before the thread is there waits
        api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield api
        finally:
            server.should_exit = True
            thread.join(5)
