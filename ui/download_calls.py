"""The calls of downloads: what can be had of a scene, and everything as one zip."""

from pathlib import Path
from typing import Literal, TypedDict

from ui.api_requests import ApiRequests, Progress, path_of


class DownloadFile(TypedDict):
    """A file that is there, at `url` below the server's root. `bytes` None: not known beforehand."""

    name: str
    url: str
    media_type: str
    bytes: int | None
    artifact_id: str | None


class Download(TypedDict):
    """One thing to take home. `format` is what `export_project` takes, "" where nothing needs to be made."""

    kind: Literal["scene", "script", "picture", "turntable", "archive"]
    format: str
    name: str
    state: Literal["ready", "making", "can_be_made", "cannot"]
    bytes: int | None
    files: list[DownloadFile]
    job_id: str | None
    reason: str


class Downloads(TypedDict):
    """All that can be had of one scene; None: nobody has counted. `snapshot_id` None: the scene is empty."""

    snapshot_id: str | None
    objects: int | None
    triangles: int | None
    size_m: list[float] | None
    items: list[Download]


class DownloadCalls(ApiRequests):
    """What `ApiClient` can bring home."""

    def downloads(self, project_id: str, snapshot_id: str | None = None) -> Downloads:
        """What can be had of the project's scene as it stands, or of a step."""
        params = {"snapshot_id": snapshot_id} if snapshot_id else None
        return self._json("GET", path_of("projects", project_id, "downloads"), params=params)

    def download_file(self, file: DownloadFile, to: Path, progress: Progress | None = None) -> int:
        """Stream a file that `downloads` names to `to`. Returns: its bytes. Raises also: OSError."""
        return self._download(file["url"], to, progress)

    def read_file(self, file: DownloadFile) -> bytes:
        """The same, whole, in memory."""
        return self._read(file["url"])

    def download_everything(
        self, project_id: str, to: Path, snapshot_id: str | None = None, progress: Progress | None = None
    ) -> int:
        """Stream the zip of a scene to `to`. Returns: its bytes. Raises: ApiError 409: it is empty. OSError."""
        of_it = f"?snapshot_id={snapshot_id}" if snapshot_id else ""
        return self._download(path_of("projects", project_id, "archive") + of_it, to, progress)

    def download_job(self, job_id: str, to: Path, progress: Progress | None = None) -> int:
        """Stream the zip of all that a job has made. Raises: ApiError 409: it has made nothing. OSError."""
        return self._download(path_of("jobs", job_id, "archive"), to, progress)
