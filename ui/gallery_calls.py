"""The calls of the gallery: projects searched, sorted, page by page, and copies of them."""

from typing import Literal, NotRequired, TypedDict

from ui.api_requests import ApiRequests, path_of
from ui.api_types import Project

Sort = Literal["created", "changed", "name", "size"]


class ProjectCard(Project):
    """A project with all that its card says. `bytes` is what it keeps; counts are None where nobody has counted."""

    state: NotRequired[Literal["busy", "ready", "empty"]]
    picture_id: NotRequired[str | None]
    jobs: NotRequired[int]
    prompts: NotRequired[int]
    last_prompt: NotRequired[str]
    active_job_id: NotRequired[str | None]
    bytes: NotRequired[int]
    objects: NotRequired[int | None]
    triangles: NotRequired[int | None]
    size_m: NotRequired[list[float] | None]


class ProjectCardPage(TypedDict):
    """One page. `next_cursor` None: there is no more."""

    items: list[ProjectCard]
    next_cursor: str | None


class GalleryCalls(ApiRequests):
    """What `ApiClient` can do with one's projects as a whole."""

    def find_projects(
        self,
        *,
        query: str = "",
        sort: Sort = "changed",
        deleted: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ProjectCardPage:
        """A page of those whose names or prompts hold all words of `query`; `cursor` with the same other arguments."""
        asked = {"query": query, "sort": sort, "deleted": "true" if deleted else "", "cursor": cursor or ""}
        params = {"limit": str(limit), **{name: value for name, value in asked.items() if value}}
        return self._json("GET", "/v1/projects", params=params)

    def get_card(self, project_id: str) -> ProjectCard:
        """One project with all that its card says."""
        return self._json("GET", path_of("projects", project_id))

    def duplicate_project(self, project_id: str, name: str | None = None, *, key: str | None = None) -> Project:
        """A new project with the scene, its files and the whole history. With `key` once, however often it is sent."""
        return self._make(path_of("projects", project_id, "duplicate"), key=key, json={"name": name})
