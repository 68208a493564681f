"""The calls about what is kept: deleted projects, and how much one stores."""

from collections.abc import Iterator

from ui.api_requests import ApiRequests, path_of
from ui.api_types import Project, Storage


class KeepingCalls(ApiRequests):
    """Delete projects, bring them back, and see what takes space."""

    def delete_project(self, project_id: str, *, purge: bool = False) -> None:
        """Out of sight, for some days; with `purge` for good, which also takes what is deleted already."""
        self._send("DELETE", path_of("projects", project_id), params={"purge": "true"} if purge else None)

    def undelete_project(self, project_id: str) -> Project:
        """Bring a deleted project back. Raises: ApiError 404: it is purged. ApiError 409: it is not deleted."""
        return self._json("POST", path_of("projects", project_id, "undelete"))

    def deleted_projects(self) -> Iterator[Project]:
        """One's deleted projects that can be brought back, fetched page by page as they are asked for."""
        return self._pages("/v1/projects", {"deleted": "true"})

    def storage(self) -> Storage:
        """How much one keeps and may keep, and the projects that take the most."""
        return self._json("GET", "/v1/users/me/storage")
