"""The calls that bring a 3D file into a project."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from ui.api_errors import ApiError, ClientError
from ui.api_requests import CHUNK_BYTES, NOT_NOW, RETRY_WAITS_S, ApiRequests, Progress, path_of
from ui.api_types import Job

IMPORT_FORMATS = ("blend", "glb", "gltf", "fbx", "obj", "stl", "ply", "usd", "usda", "usdc", "usdz")
"""The extensions of files that can be imported."""


class ImportCalls(ApiRequests):
    """Start a project from a file, or add one to its scene."""

    def start_from_file(
        self,
        project_id: str,
        path: Path,
        *,
        name: str | None = None,
        scale: float = 1.0,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> Job:
        """Send the file, straight from disk; the job (kind `import`) adds what it holds to the project's scene.

        `scale` 0.001: the file is in millimetres. It makes one job, however often it has to be sent. Raises also:
        OSError: the file cannot be read.
        """
        params = {"name": name or path.name, "scale": str(scale)}
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": key or secrets.token_urlsafe(16)}
        for wait_s in (*RETRY_WAITS_S, None):
            total = path.stat().st_size
            try:
                return self._json(
                    "POST",
                    path_of("projects", project_id, "imports"),
                    params=params,
                    headers={**headers, "Content-Length": str(total)},
                    content=_pieces(path, total, progress),
                )
            except ClientError as error:
                if wait_s is None or (isinstance(error, ApiError) and error.status not in NOT_NOW):
                    raise
                time.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def import_artifact(self, project_id: str, artifact_id: str, *, scale: float = 1.0, key: str | None = None) -> Job:
        """The same with a file that the server has: an upload, or a scene of any of one's projects."""
        params = {"artifact_id": artifact_id, "scale": str(scale)}
        return self._make(path_of("projects", project_id, "imports"), key=key, params=params)


def _pieces(path: Path, total: int, progress: Progress | None) -> Iterator[bytes]:
    """The file's bytes, read as they are sent; no more than were counted before."""
    sent = 0
    with path.open("rb") as file:
        while sent < total and (piece := file.read(min(CHUNK_BYTES, total - sent))):
            sent += len(piece)
            yield piece
            if progress is not None:
                progress(sent, total)
