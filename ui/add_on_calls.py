"""The call about versions: which server runs, and where its Blender add-on is."""

from typing import TypedDict

from ui.api_requests import ApiRequests


class AddOn(TypedDict):
    """`newest` and `path` (of its zip, from the server's root) are None where the server has none to give."""

    oldest: str
    newest: str | None
    path: str | None
    repository: str


class Versions(TypedDict):
    """What runs, and which add-ons fit."""

    version: str
    add_on: AddOn


class AddOnCalls(ApiRequests):
    """Look at the versions."""

    def versions(self) -> Versions:
        """What runs; needs no session."""
        return self._json("GET", "/v1/version")
