"""The calls of a gallery of projects."""

from collections.abc import Iterator
from typing import Any, Literal, TypedDict

from ui.api_requests import ApiRequests, path_of
from ui.api_types import Project

ProjectState = Literal["busy", "ready", "empty"]
ProjectSort = Literal["created", "changed", "name", "size"]


class ProjectCard(Project):
    """A project with all that its card shows. `size_m`, `objects` and `triangles` are None where nobody has counted."""

    state: ProjectState
    picture_id: str | None
    jobs: int
    prompts: int
    last_prompt: str
    active_job_id: str | None
    bytes: int
    objects: int | None
    triangles: int | None
    size_m: list[float] | None


class ProjectCardPage(TypedDict):
    """Some cards, and what to ask the next ones with (None: there are no more)."""

    items: list[ProjectCard]
    next_cursor: str | None


class GalleryCalls(ApiRequests):
    """Search and sort one's projects; copy one."""

    def project_cards(
        self,
        *,
        query: str = "",
        sort: ProjectSort = "created",
        state: ProjectState | None = None,
        deleted: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ProjectCardPage:
        """One page of the gallery, in one call; `query` holds words that are in the name or in a prompt."""
        asked: dict[str, Any] = {"query": query, "sort": sort, "state": state, "cursor": cursor, "limit": str(limit)}
        asked["deleted"] = "true" if deleted else None
        return self._json("GET", "/v1/projects", params={name: value for name, value in asked.items() if value})

    def all_project_cards(self, *, query: str = "", sort: ProjectSort = "created") -> Iterator[ProjectCard]:
        """All of them, fetched page by page as they are asked for."""
        return self._pages("/v1/projects", {"query": query, "sort": sort})

    def project_card(self, project_id: str) -> ProjectCard:
        """One project as the gallery shows it."""
        return self._json("GET", path_of("projects", project_id, "card"))

    def duplicate_project(self, project_id: str, name: str | None = None, *, key: str | None = None) -> Project:
        """A new project with the scene and the whole history of this one."""
        return self._make(path_of("projects", project_id, "duplicate"), key=key, json={"name": name})
