"""The calls of a scene's parameters."""

from collections.abc import Mapping
from typing import Any

from ui.api_requests import ApiRequests, path_of
from ui.api_types import Job, Parameters


class ParameterCalls(ApiRequests):
    """List the named numbers, colours and counts of a project's scene, and make it anew with other values."""

    def parameters(self, project_id: str) -> Parameters:
        """Raises: ApiError 409: the project has no scene."""
        return self._json("GET", path_of("projects", project_id, "parameters"))

    def change_parameters(self, project_id: str, values: Mapping[str, Any], expected_head: str | None = None) -> Job:
        """Answers at once with the job that runs the scene's code again. Raises: ApiError 409, 422."""
        body: dict[str, Any] = {"values": dict(values)}
        if expected_head is not None:
            body["expected_head"] = expected_head
        return self._make(path_of("projects", project_id, "parameters"), json=body)
