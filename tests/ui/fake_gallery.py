"""The gallery and the downloads, as the stand-in of the API has them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import now, problem

if TYPE_CHECKING:
    from tests.ui.fake_api import FakeApi

FORMATS = ("blend", "glb", "fbx", "turntable.mp4")
_UNFINISHED = ("queued", "running")


class GalleryRoutes:
    """Routes on the projects of `api`; the newest come first, whatever the order that is asked for."""

    def __init__(self, api: "FakeApi") -> None:
        self.api = api

    def table(self) -> dict[str, Callable[[Request], Any]]:
        """Each route, by its method and path."""
        return {
            "GET /v1/projects": self.list,
            "GET /v1/projects/{id}/card": self.card,
            "POST /v1/projects/{id}/duplicate": self.duplicate,
            "GET /v1/projects/{id}/downloads": self.downloads,
            "GET /v1/jobs/{id}": self.job,
        }

    async def list(self, request: Request) -> Response:
        asked = request.query_params
        words = asked.get("query", "").lower().split()
        if len(words) > 8:
            return problem(422, "invalid_input", "The search has too many words.")
        projects = self.api.deleted if asked.get("deleted") == "true" else self.api.projects
        found = [one for one in reversed(projects.values()) if all(word in one["name"].lower() for word in words)]
        begin, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 50))
        rest = str(begin + limit) if len(found) > begin + limit else None
        return JSONResponse({"items": [self._card(one) for one in found[begin : begin + limit]], "next_cursor": rest})

    async def card(self, request: Request) -> Response:
        if request.path_params["id"] not in self.api.projects:
            return problem(404, "not_found", "There is no such project.")
        return JSONResponse(self._card(self.api.projects[request.path_params["id"]]))

    async def duplicate(self, request: Request) -> Response:
        origin = self.api.projects[request.path_params["id"]]
        made = self.api.add_project(f"{origin['name']} (copy)")
        made["head_snapshot_id"] = origin["head_snapshot_id"]
        return JSONResponse(made, 201)

    async def downloads(self, request: Request) -> Response:
        project = self.api.projects[request.path_params["id"]]
        whole = {"objects": 3, "triangles": 1204, "size_m": [0.5, 0.25, 1.0]}
        items = [self._download(project, name) for name in FORMATS]
        return JSONResponse({"snapshot_id": project["head_snapshot_id"], **whole, "items": items})

    async def job(self, request: Request) -> Response:
        return JSONResponse(self.api.jobs[request.path_params["id"]])

    def _jobs(self, project: dict[str, Any]) -> Any:
        return [job for job in self.api.jobs.values() if job["project_id"] == project["id"]]

    def _card(self, project: dict[str, Any]) -> dict[str, Any]:
        jobs = self._jobs(project)
        files = [one for one in self.api.artifacts.values() if one["project_id"] == project["id"]]
        pictures = [one["id"] for one in files if one["kind"] == "preview"]
        is_busy = any(job["state"] in _UNFINISHED for job in jobs)
        return {
            **project,
            "state": "busy" if is_busy else "ready" if pictures else "empty",
            "picture_id": pictures[-1] if pictures else None,
            "jobs": len(jobs),
            "prompts": sum(job["kind"] == "build" for job in jobs),
            "last_prompt": next((job["prompt"] for job in reversed(jobs) if job["prompt"]), ""),
            "bytes": sum(one["bytes"] for one in files),
            "objects": 3 if pictures else None,
            "triangles": 1204 if pictures else None,
            "updated_at": now(),
        }

    def _download(self, project: dict[str, Any], name: str) -> dict[str, Any]:
        file_name = name if "." in name else f"scene.{name}"
        files = [
            {
                "name": file_name,
                "url": f"/v1/artifacts/{one['id']}/content",
                "media_type": one["media_type"],
                "bytes": one["bytes"],
                "artifact_id": one["id"],
            }
            for one in self.api.artifacts.values()
            if (one["project_id"], one["name"]) == (project["id"], file_name)
        ]
        at_work = [job["id"] for job in self._jobs(project) if job["formats"] == [name] and job["state"] in _UNFINISHED]
        return {
            "kind": "turntable" if name.startswith("turntable") else "scene",
            "format": name,
            "name": file_name,
            "state": "ready" if files else "making" if at_work else "can_be_made",
            "bytes": files[0]["bytes"] if files else None,
            "files": files,
            "job_id": at_work[0] if at_work else None,
            "reason": "",
        }
