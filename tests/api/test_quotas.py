"""Quotas over HTTP: every way to make a job at its limit, what is told of them, and floods of requests and streams."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cloud.db.engine import Database
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.api.rows import finish_job, give_scene, give_steps
from tests.conftest import RunningApi, serve_api


@pytest.fixture(scope="module")
def limited(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """An API that lets each user send two jobs in 24 hours."""
    folder = tmp_path_factory.mktemp("limited")
    with serve_api(Settings(data_dir=folder, database_url=database_url, user_day_jobs=2)) as running:
        yield running


@pytest.fixture
def client(limited: RunningApi) -> Iterator[httpx2.Client]:
    with contextlib.closing(sign_in(limited)) as signed_in:
        yield signed_in


@pytest.fixture
def project(client: httpx2.Client) -> str:
    return client.post("/v1/projects", json={"name": "Castle"}).json()["id"]


async def _use_up(client: httpx2.Client, limited: RunningApi, database: Database, project: str) -> list[str]:
    """Two jobs are sent, and the project has a scene with a parameter. Returns: its snapshots."""
    ids = []
    for _ in range(2):
        answer = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"})
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
    steps = await give_steps(database, limited, ids[0], ["HEIGHT = 1.0  # metres\nprint(HEIGHT)", "pass"])
    await finish_job(database, ids[1])
    return steps


WAYS: dict[str, tuple[str, Any]] = {
    "build": ("jobs", {"json": {"prompt": "a chair"}}),
    "edit": ("jobs", {"json": {"prompt": "make it red"}}),
    "brief": ("briefs", {"json": {"prompt": "a chair"}}),
    "export": ("exports", {"json": {"format": "glb"}}),
    "import": ("imports?name=a.obj", {"content": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"}),
    "compare": ("compare", {"json": {"a": None, "b": "empty"}}),
    "parameters": ("parameters", {"json": {"values": {"HEIGHT": 2.0}}}),
}


async def test_every_way_to_make_a_job_is_refused_at_the_limit(
    client: httpx2.Client, limited: RunningApi, database: Database, project: str
) -> None:
    steps = await _use_up(client, limited, database, project)
    before = [client.get(path).json()["items"] for path in ("/v1/jobs", f"/v1/projects/{project}/artifacts")]
    compared: dict[str, Any] = {"json": {"a": steps[0], "b": steps[1]}}
    for way, (path, body) in WAYS.items():
        sent: dict[str, Any] = compared if way == "compare" else body
        answer = client.post(f"/v1/projects/{project}/{path}", **sent)
        assert (answer.status_code, answer.json()["code"]) == (429, "day_jobs_reached"), way
        assert 0 < int(answer.headers["Retry-After"]) <= 24 * 3600
        assert "UTC" in answer.json()["detail"]
    assert client.post(f"/v1/projects/{project}/undo").status_code == 200  # makes no job
    after = [client.get(path).json()["items"] for path in ("/v1/jobs", f"/v1/projects/{project}/artifacts")]
    assert after == before


async def test_a_batch_is_taken_whole_or_not_at_all_and_says_which_items_have_no_room(
    client: httpx2.Client, database: Database
) -> None:
    three = client.post("/v1/batches", json={"items": ["a chair", "a table", "a lamp"]})
    assert (three.status_code, three.json()["code"]) == (429, "day_jobs_reached")
    assert [fault["item"] for fault in three.json()["errors"]] == [3]
    assert [client.get(f"/v1/{what}").json()["items"] for what in ("batches", "projects", "jobs")] == [[], [], []]

    made = client.post("/v1/batches", json={"items": ["a chair", "a table"]})
    assert made.status_code == 202
    for item in made.json()["items"]:
        assert client.post(f"/v1/jobs/{item['job_id']}/cancel").status_code == 202
    retried = client.post(f"/v1/batches/{made.json()['id']}/retry")
    assert (retried.status_code, retried.json()["code"]) == (429, "day_jobs_reached")
    assert len(client.get("/v1/jobs").json()["items"]) == 2


async def test_the_same_request_again_is_no_second_job(client: httpx2.Client, project: str) -> None:
    answers = [
        client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}, headers={"Idempotency-Key": key})
        for key in ("a", "b", "a", "b", "c")
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 202, 429]


async def test_quotas_are_told_with_what_is_left_and_when_there_is_more(
    client: httpx2.Client, project: str, database: Database
) -> None:
    job = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    await give_scene(database, job)
    told = {item["name"]: item for item in client.get("/v1/account/quotas").json()["items"]}
    day = told["day_jobs"]
    assert (day["limit"], day["used"], day["left"]) == (2, 1, 1)
    ends = dt.datetime.fromisoformat(day["renews_at"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=23) < ends <= dt.timedelta(hours=24)
    assert (told["storage_bytes"]["used"], told["storage_bytes"]["limit"]) == (1, 20_480 * 2**20)
    assert told["running_jobs"]["limit"] == 1
    assert told["month_usd"] == told["month_usd"] | {"limit": None, "used": 0, "left": None}
    assert told["month_usd"]["renews_at"].endswith("-01T00:00:00Z")


def test_a_flood_of_requests_is_refused_and_disturbs_nobody_else(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, user_minute_requests=5)
    with serve_api(settings) as api, contextlib.closing(sign_in(api)) as wild, contextlib.closing(sign_in(api)) as calm:
        answers = [wild.get("/v1/me") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
        assert answers[-1].json()["code"] == "too_many_calls"
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 120
        assert calm.get("/v1/me").status_code == 200


def test_event_streams_of_one_user_are_capped_and_a_closed_one_makes_room(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, user_streams=2)
    with serve_api(settings) as api, contextlib.closing(sign_in(api)) as ada, contextlib.closing(sign_in(api)) as eve:
        paths = {
            client: f"/v1/projects/{client.post('/v1/projects', json={'name': 'C'}).json()['id']}/events"
            for client in (ada, eve)
        }
        with ada.stream("GET", paths[ada]) as first:
            kept = [first.iter_bytes()]  # a forgotten iterator would close its stream
            next(kept[0])
            with ada.stream("GET", paths[ada]) as second:
                kept.append(second.iter_bytes())
                next(kept[1])
                refused = ada.get(paths[ada])
                assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
                with eve.stream("GET", paths[eve]) as hers:
                    assert hers.status_code == 200
            _until_ok(ada, paths[ada])


def _until_ok(client: httpx2.Client, path: str) -> None:
    """The server hears of a closed connection a moment later."""
    for _ in range(200):
        with client.stream("GET", path) as answer:
            if answer.status_code == 200:
                return
    raise AssertionError("a closed stream has made no room")
