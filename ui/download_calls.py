"""The calls about what can be taken home of a scene."""

from typing import Literal, TypedDict

from ui.api_requests import ApiRequests, path_of


class DownloadableFile(TypedDict):
    """A file that is there, at `url` from the API's root. `bytes` None: not known before it is made."""

    name: str
    url: str
    media_type: str
    bytes: int | None
    artifact_id: str | None


class Download(TypedDict):
    """One thing to take home. `format` is what an export takes, empty where nothing needs to be made."""

    kind: Literal["scene", "script", "picture", "turntable", "archive"]
    format: str
    name: str
    state: Literal["ready", "making", "can_be_made", "cannot"]
    bytes: int | None
    files: list[DownloadableFile]
    job_id: str | None
    reason: str


class Downloads(TypedDict):
    """All that can be had of a scene; counts and size (metres) are None where nobody has measured."""

    snapshot_id: str | None
    objects: int | None
    triangles: int | None
    size_m: list[float] | None
    items: list[Download]


class DownloadCalls(ApiRequests):
    """What `ApiClient` can do with what is to be taken home."""

    def downloads(self, project_id: str) -> Downloads:
        """What there is of the project's scene as it stands, and what can be made of it."""
        return self._json("GET", path_of("projects", project_id, "downloads"))
