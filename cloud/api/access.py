"""Deny by default: an app starts only if each of its routes demands somebody, or is public for a reason given here."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from cloud.api.dependencies import Demand, bearer, require_identity
from cloud.errors import Prompt2MeshError

PUBLIC: dict[str, str] = {
    "POST /v1/users": "who signs up has no session yet",
    "POST /v1/sessions": "who logs in has no session yet",
    "POST /v1/device/authorize": "a device that signs in has no session yet (RFC 8628)",
    "POST /v1/device/token": "likewise; it shows its device code",
    "POST /v1/password-resets": "who has lost the password shows a code that works once",
    "GET /v1/sign-in/options": "what the page needs to know that lets people sign in; no data",
    "GET /v1/deletions/{report_id}": "who has deleted their account has no session any more; its number is the secret",
    "GET /v1/shares/{token}": "whoever has the link may see what it shows, and nothing else; so with those below",
    "GET /v1/shares/{token}/pictures/{number}": "a picture of what the link shows",
    "GET /v1/shares/{token}/model.glb": "what the 3D viewer of the link's page draws",
    "GET /v1/shares/{token}/download/{name}": "a file of what the link shows, where its owner allows it",
    "GET /v1/version": "an add-on asks whether it fits before anybody signs in with it; no data",
    "GET /v1/extension/index.json": "Blender looks there for updates by itself, without a session of ours; no data",
    "GET /v1/extension/{name}": "likewise; the add-on is the same for everybody",
    "GET /s/{token}": "the link's page for people",
    "GET /assets/{digest}/{name}": "style, script and viewer of that page: the same for everybody",
    "GET /v1/oidc/login": "who signs in with a provider has no session yet; it sends a browser there",
    "GET /v1/oidc/callback": "likewise; the browser shows its state and its cookie",
    "POST /v1/oidc/sessions": "likewise; it shows a code that works once, and the browser's cookie",
    "GET /healthz": "probes have no session; says nothing but that the process lives",
    "GET /readyz": "probes have no session; says nothing but whether the parts answer",
    "GET /openapi.json": "the API's description is the same for everybody and holds no data",
    "HEAD /openapi.json": "as its GET",
    "GET /docs": "a page that shows the description",
    "HEAD /docs": "as its GET",
}
"""Each route that answers without a token (method and path as its router has it), and why. There are no others."""


class UnguardedRoute(Prompt2MeshError):
    """A route would answer anybody, and nobody has said that it may. A mistake of ours: the app must not start."""

    code = "unguarded_route"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"These routes would answer without a token: {', '.join(sorted(names))}. Include their router by "
            "`demand_user`, `demand_account` or `demand_admin` in cloud/api/app.py, or give the reason why they are "
            "public in PUBLIC of cloud/api/access.py."
        )


@dataclass(frozen=True)
class Door:
    """One way into the app: a method at a path; for what is no plain route, its kind (`Mount /files`).

    `demand` None: it is public. `pattern` None: it is no plain route.
    """

    method: str
    path: str
    pattern: re.Pattern[str] | None
    demand: Demand | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Doors:
    """All ways into an app, as they were when they were checked."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self._doors = list(doors)

    @classmethod
    def checked(cls, app: FastAPI, public: Mapping[str, str] = PUBLIC) -> "Doors":
        """Those of the app. Raises: UnguardedRoute: one has no demand and is not in `public`."""
        doors = list(_doors_of(app))
        if unguarded := {door.name for door in doors if door.demand is None and door.name not in public}:
            raise UnguardedRoute(unguarded)
        return cls(doors)

    def __iter__(self) -> Iterator[Door]:
        return iter(self._doors)

    def methods_at(self, path: str) -> list[str]:
        """What the address takes, in alphabetic order."""
        return sorted({door.method for door in self._at(path)})

    def find(self, method: str, path: str) -> Door | None:
        """The plain route that a request gets to; None: there is none."""
        return next((door for door in self._at(path) if door.method == method), None)

    def _at(self, path: str) -> Iterator[Door]:
        return (door for door in self._doors if door.pattern is not None and door.pattern.match(path))


async def refuse_strangers(request: Request) -> None:
    """Demand of a request that failed before the route's own demand was asked what the route demands.

    FastAPI reads the body first: without this a stranger would be told that it is malformed. Raises: Unauthorized,
    Forbidden.
    """
    door = request.app.state.doors.find(request.method, request.scope["path"])
    if door is None or door.demand is None:
        return
    identity = await require_identity(request.app.state.services, await bearer(request), request)
    await door.demand(request, identity)


def _doors_of(app: FastAPI) -> Iterator[Door]:
    low = app.router._iter_low_priority_routes()  # those of `app.frontend`, which are asked last
    for route in (*iter_route_contexts(app.router.routes), *low):
        path = getattr(route, "path", "") or ""
        pattern = getattr(route, "path_regex", None)
        demand = _demand_in(getattr(route, "dependant", None))
        methods = getattr(route, "methods", None)
        if pattern is None or not methods:
            original = getattr(route, "original_route", route)
            yield Door(type(original).__name__, path, None, demand)
            continue
        for method in methods:
            yield Door(method, path, pattern, demand)


def _demand_in(dependant: Dependant | None) -> Demand | None:
    if dependant is None:
        return None
    if isinstance(dependant.call, Demand):
        return dependant.call
    return next(filter(None, map(_demand_in, dependant.dependencies)), None)
