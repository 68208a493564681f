"""The calls of a project's history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from ui.api_requests import ApiRequests, Progress, path_of
from ui.api_types import Job, Project, Snapshot, SnapshotDetail

EMPTY_SCENE = "empty"
"""The scene that a project begins with, where a snapshot's id is asked for."""

UNSEEN = "unseen"
"""For `expected_head`: go by the scene as it is, whoever has changed it."""


class StepModel(TypedDict):
    """The artifact, or else the job that makes it, whose event `model` names it."""

    model_id: str | None
    job: Job | None


class HistoryCalls(ApiRequests):
    """Look at a project's steps, and move its scene through them.

    Where `expected_head` is given (an id, or None for the empty scene), ApiError 409 says that the scene is another
    one by now. ApiError 409 also while a job is at work on the scene.
    """

    def snapshots(self, project_id: str) -> Iterator[Snapshot]:
        """The project's steps, newest first, fetched page by page as they are asked for."""
        return self._pages(path_of("projects", project_id, "snapshots"))

    def get_snapshot(self, project_id: str, snapshot_id: str) -> SnapshotDetail:
        return self._json("GET", path_of("projects", project_id, "snapshots", snapshot_id))

    def label_snapshot(self, project_id: str, snapshot_id: str, label: str) -> SnapshotDetail:
        """Name a step; an empty label takes its name away."""
        return self._json("PATCH", path_of("projects", project_id, "snapshots", snapshot_id), json={"label": label})

    def restore_snapshot(self, project_id: str, snapshot_id: str, *, expected_head: str | None = UNSEEN) -> Project:
        """The scene is this step's (`empty`: nothing) from here on."""
        path = path_of("projects", project_id, "snapshots", snapshot_id, "restore")
        return self._json("POST", path, json=_seen(expected_head))

    def undo(self, project_id: str, *, expected_head: str | None = UNSEEN) -> Project:
        """Raises: ApiError 409: nothing to undo."""
        return self._json("POST", path_of("projects", project_id, "undo"), json=_seen(expected_head))

    def redo(self, project_id: str, *, expected_head: str | None = UNSEEN) -> Project:
        """Raises: ApiError 409: nothing to redo."""
        return self._json("POST", path_of("projects", project_id, "redo"), json=_seen(expected_head))

    def branch_project(self, project_id: str, snapshot_id: str, name: str | None = None) -> Project:
        """A new project with this step's scene and the history up to it."""
        path = path_of("projects", project_id, "snapshots", snapshot_id, "branch")
        return self._json("POST", path, json={"name": name})

    def compare_snapshots(self, project_id: str, first_id: str | None, second_id: str | None) -> Job:
        """Ask what differs (None: the empty scene); the job's `result.comparison` says it."""
        return self._json("POST", path_of("projects", project_id, "compare"), json={"a": first_id, "b": second_id})

    def export_snapshot(self, project_id: str, snapshot_id: str, file_format: str) -> Job:
        """Ask for a step's scene in another format; the job's artifacts hold the file."""
        body = {"format": file_format, "snapshot_id": snapshot_id}
        return self._make(path_of("projects", project_id, "exports"), json=body)

    def make_step_model(self, project_id: str, snapshot_id: str) -> StepModel:
        """Have a step's scene for the 3D viewer, which older steps keep no longer. Again meanwhile: the same job."""
        return self._json("POST", path_of("projects", project_id, "snapshots", snapshot_id, "model"))

    def script_of_snapshot(self, project_id: str, snapshot_id: str) -> str:
        """The Python that rebuilds a step's scene from the empty one."""
        return self._send("GET", path_of("projects", project_id, "snapshots", snapshot_id, "script")).text

    def download_snapshot(self, project_id: str, snapshot_id: str, to: Path, progress: Progress | None = None) -> int:
        """Stream a step's `.blend` to `to`. Returns: its bytes. Raises also: OSError."""
        return self._download(path_of("projects", project_id, "snapshots", snapshot_id, "content"), to, progress)


def _seen(expected_head: str | None) -> dict[str, Any]:
    return {} if expected_head == UNSEEN else {"expected_head": expected_head}
