"""Deny by default: an app with a way in that nobody has thought about does not start."""

import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from cloud.api.access import PUBLIC, Doors, UnguardedRoute
from cloud.api.app import create_app, demand_user
from cloud.settings import Settings
from tests.api.every_route import document_doors, routes

NOT_IN_THE_DOCUMENT = {
    "GET /docs",
    "HEAD /docs",
    "GET /openapi.json",
    "HEAD /openapi.json",
    "GET /s/{token}",
    "GET /assets/{digest}/{name}",
    *(f"{method} /mcp" for method in ("GET", "POST", "DELETE")),
}


def _app() -> FastAPI:
    return create_app(Settings(database_url="postgresql://nowhere/none"))


def _secret() -> str:
    return "the secret of the house"


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()


def _included(*, demand: bool) -> APIRouter:
    router = APIRouter()
    router.add_api_route("/inner", _secret)
    outer = APIRouter(prefix="/outer")
    outer.include_router(demand_user(router) if demand else router)
    return outer


CARELESS: dict[str, tuple[Any, str]] = {
    "a route": (lambda app: app.add_api_route("/careless", _secret), "GET /careless"),
    "a hidden route": (
        lambda app: app.add_api_route("/careless", _secret, methods=["PUT"], include_in_schema=False),
        "PUT /careless",
    ),
    "a route deep in a router": (lambda app: app.include_router(_included(demand=False)), "GET /outer/inner"),
    "a route below starlette": (lambda app: app.add_route("/careless", PlainTextResponse("x")), "Route /careless"),
    "another verb of a public route": (
        lambda app: app.add_api_route("/healthz", _secret, methods=["DELETE"]),
        "DELETE",
    ),
    "an app in the app": (lambda app: app.mount("/sub", FastAPI()), "Mount /sub"),
    "a mounted list of routes": (lambda app: app.router.routes.append(Mount("/files", routes=[])), "Mount /files"),
    "another host": (lambda app: app.host("admin.example", FastAPI()), "Host"),
    "a websocket": (lambda app: app.add_api_websocket_route("/talk", _talk), "/talk"),
    "a folder of files": (lambda app: app.frontend("/files", directory="/"), "_FrontendRouteGroup"),
}


@pytest.mark.parametrize("kind", CARELESS)
def test_what_nobody_has_guarded_stops_the_start(kind: str) -> None:
    app = _app()
    add, name = CARELESS[kind]
    add(app)

    with pytest.raises(UnguardedRoute, match=name), TestClient(app):
        pass


def test_a_guarded_router_within_others_is_well() -> None:
    app = _app()
    app.include_router(_included(demand=True))

    assert "GET /outer/inner" in {door.name for door in Doors.checked(app)}


def test_a_public_route_that_is_taken_off_the_list_stops_the_start() -> None:
    app = _app()
    for name in PUBLIC:
        others = {other: reason for other, reason in PUBLIC.items() if other != name}
        with pytest.raises(UnguardedRoute, match=name):
            Doors.checked(app, others)


def test_the_list_of_public_routes_names_only_what_there_is_each_with_a_reason() -> None:
    assert set(PUBLIC) == {door.name for door in document_doors() if door.demand is None}
    assert all(len(reason) >= 10 for reason in PUBLIC.values())


def test_every_way_in_is_in_the_document() -> None:
    """What is not, no walk through the document would see."""
    assert {door.name for door in document_doors()} - {str(route) for route in routes()} == NOT_IN_THE_DOCUMENT


def test_no_two_operations_have_one_id() -> None:
    ids = [route.facts["operationId"] for route in routes()]

    assert sorted(set(ids)) == sorted(ids)


DISGUISES = [
    "/v1/projects/",
    "//v1/projects",
    "/v1//projects",
    "/v1/./projects",
    "/v1/x/../projects",
    "/v1/%70rojects",
    "/V1/projects",
    "/v1/projects;x=1",
    "/v1/projects%2F",
    "/v1/projects%00",
    "/healthz/../v1/projects",
    "/healthz/%2e%2e/v1/projects",
    "/docs/../v1/projects",
    "/v1/projects?token=x&access_token=x",
]


@pytest.mark.parametrize("path", DISGUISES)
def test_no_spelling_of_an_address_gets_past_the_door(anybody: httpx2.Client, path: str) -> None:
    answer = anybody.get(path, follow_redirects=False)

    assert (answer.status_code, answer.json()["code"]) in {(401, "unauthorized"), (404, "not_found")}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "NONSENSE"])
def test_no_other_verb_gets_past_the_door(anybody: httpx2.Client, ada: httpx2.Client, method: str) -> None:
    for path in ("/v1/projects", f"/v1/projects/{uuid.uuid4()}", "/v1/me"):
        for client in (anybody, ada):
            assert client.request(method, path).status_code == 405


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL"])
def test_no_header_makes_another_request_of_it(ada: httpx2.Client, project: str, name: str) -> None:
    for value in ("DELETE", "/healthz"):
        assert ada.get(f"/v1/projects/{project}", headers={name: value}).json()["id"] == project
        assert ada.post("/v1/projects", json={"name": "x"}, headers={name: value}).status_code == 201
    assert ada.get(f"/v1/projects/{project}").status_code == 200


def test_what_an_address_takes_is_told_in_full(anybody: httpx2.Client) -> None:
    answer = anybody.request("OPTIONS", f"/v1/projects/{uuid.uuid4()}")

    assert answer.headers["Allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize("body", [b"{", b'{"name": ' + b"9" * 5_000 + b"}"], ids=["malformed", "unreadable"])
def test_a_stranger_is_not_told_what_is_wrong_with_the_body(anybody: httpx2.Client, body: bytes) -> None:
    answer = anybody.post("/v1/projects", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_an_app_that_grew_a_route_after_it_was_made_is_looked_at_again(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, database_url="postgresql://nowhere/none"))
    app.add_api_route("/late", _secret)

    with pytest.raises(UnguardedRoute, match="GET /late"), TestClient(app):
        pass
