"""Deny by default: every route of the OpenAPI document, without a token and as somebody else."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from cloud.api.app import create_app, demand_user
from cloud.db.engine import Database
from cloud.settings import Settings
from tests.api.rows import give_scene

PUBLIC = {
    ("post", "/v1/users"),
    ("post", "/v1/sessions"),
    ("post", "/v1/password-resets"),
    ("get", "/v1/sign-in/options"),
    ("post", "/v1/device/authorize"),
    ("post", "/v1/device/token"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}


def _operations() -> Iterator[tuple[str, str]]:
    document = create_app(Settings(database_url="postgresql://nowhere/none")).openapi()
    for path, operations in document["paths"].items():
        for method in operations:
            yield method, path


UNDELETE = ("post", "/v1/projects/{project_id}/undelete")
OPERATIONS = sorted(_operations())
BODIES: dict[tuple[str, str], Any] = {
    ("patch", "/v1/projects/{project_id}"): {"name": "mine now"},
    ("post", "/v1/projects/{project_id}/jobs"): {"prompt": "a chair"},
    ("post", "/v1/projects/{project_id}/briefs"): {"prompt": "a chair"},
    ("post", "/v1/projects/{project_id}/exports"): {"format": "glb"},
    ("post", "/v1/projects/{project_id}/compare"): {"a": None, "b": None},
    ("post", "/v1/projects/{project_id}/parameters"): {"values": {"A": 1}},
    ("put", "/v1/account/model-key"): {"key": "sk-ant-somebody"},
    ("patch", "/v1/projects/{project_id}/snapshots/{snapshot_id}"): {"label": "mine now"},
}


def _call(client: httpx2.Client, method: str, path: str, **ids: str) -> httpx2.Response:
    return client.request(method, path.format(**ids), json=BODIES.get((method, path)))


def test_the_document_lists_the_whole_api() -> None:
    assert len(OPERATIONS) >= 32
    assert set(OPERATIONS) >= PUBLIC


@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if one not in PUBLIC])
def test_no_route_answers_without_a_token(anybody: httpx2.Client, method: str, path: str) -> None:
    some = str(uuid.uuid4())

    ids = dict.fromkeys(("project_id", "job_id", "artifact_id", "snapshot_id", "batch_id", "token_id"), some)

    answer = _call(anybody, method, path, **ids)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_route_that_forgets_to_ask_who_it_is_demands_a_user_nonetheless(database_url: str, tmp_path: Path) -> None:
    careless = APIRouter()
    careless.add_api_route("/careless", lambda: "the secret of the house")
    app = create_app(Settings(data_dir=tmp_path, database_url=database_url))
    app.include_router(demand_user(careless))

    with TestClient(app) as client:
        assert client.get("/careless").status_code == 401


@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if "{" in one[1]])
async def test_another_users_id_is_not_there(
    database: Database, ada: httpx2.Client, eve: httpx2.Client, project: str, method: str, path: str, png: bytes
) -> None:
    ids = await _ids_of_everything(ada, database, project, png)
    before = ada.get(f"/v1/projects/{project}").json()

    answer = _call(eve, method, path, **ids)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ada.get(f"/v1/projects/{project}").json() == before
    assert ada.get(f"/v1/jobs/{ids['job_id']}").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [one for one in OPERATIONS if "{" in one[1] and not re.search("{(batch|token)_id}", one[1]) and one != UNDELETE],
)
async def test_what_belongs_to_a_deleted_project_is_not_there(
    database: Database, ada: httpx2.Client, project: str, method: str, path: str, png: bytes
) -> None:
    ids = await _ids_of_everything(ada, database, project, png)
    assert ada.delete(f"/v1/projects/{project}").status_code == 204

    assert _call(ada, method, path, **ids).status_code == 404


async def _ids_of_everything(ada: httpx2.Client, database: Database, project: str, png: bytes) -> dict[str, str]:
    """One of each thing that a path can name, all of one project."""
    artifact = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    snapshot = await give_scene(database, job)
    batch = ada.post("/v1/batches", json={"items": ["a chair"]}).json()["id"]
    token = ada.post("/v1/account/tokens", json={"name": "x"}).json()["id"]
    return {
        "token_id": token,
        "project_id": project,
        "job_id": job,
        "artifact_id": artifact,
        "snapshot_id": snapshot,
        "batch_id": batch,
    }


def test_lists_hold_ones_own_rows_alone(ada: httpx2.Client, eve: httpx2.Client, project: str) -> None:
    ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"})

    assert eve.get("/v1/projects").json()["items"] == []
    assert eve.get("/v1/jobs").json()["items"] == []
    assert eve.get("/v1/jobs", params={"project_id": project}).status_code == 404


def test_another_users_image_cannot_be_used(ada: httpx2.Client, eve: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    own = eve.post("/v1/projects", json={"name": "Eve's"}).json()["id"]

    answer = eve.post(f"/v1/projects/{own}/jobs", json={"prompt": "this", "image_ids": [image]})

    assert answer.status_code == 404
