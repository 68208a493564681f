"""The calls about shared scenes: links by which anybody sees one scene."""

from collections.abc import Iterator
from typing import TypedDict

from ui.api_requests import ApiRequests, path_of


class Share(TypedDict):
    """A link, without what makes it work; `hint` is its last four characters. `expires_at` None: it has no end."""

    id: str
    project_id: str
    snapshot_id: str
    title: str
    allow_download: bool
    hint: str
    views: int
    created_at: str
    expires_at: str | None


class NewShare(Share):
    """One that has just been made: `url` is shown this once. `job_id`: the job that makes its 3D model, if one must."""

    url: str
    token: str
    job_id: str | None


class ShareCalls(ApiRequests):
    """Make, list and revoke links to scenes."""

    def share_scene(
        self,
        project_id: str,
        *,
        snapshot_id: str | None = None,
        title: str = "",
        allow_download: bool = False,
        expires_in_days: int | None = 30,
    ) -> NewShare:
        """A public page of the scene (None: the project's as it is). Raises: ApiError 409: no scene, or too many."""
        asked = {
            "snapshot_id": snapshot_id,
            "title": title,
            "allow_download": allow_download,
            "expires_in_days": expires_in_days,
        }
        return self._json("POST", path_of("projects", project_id, "shares"), json=asked)

    def shares(self, project_id: str | None = None) -> Iterator[Share]:
        """One's links, of one project or of all, newest first; revoked ones not."""
        return self._pages(path_of("projects", project_id, "shares") if project_id else "/v1/shares")

    def revoke_share(self, project_id: str, share_id: str) -> None:
        """The link shows nothing from now on. Raises: ApiError 404: there is no such link (any more)."""
        self._send("DELETE", path_of("projects", project_id, "shares", share_id))
