"""Deleted projects over HTTP: brought back, or gone for good; and how much one keeps."""

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.db.models import Job
from cloud.jobs import queries
from cloud.jobs.queue import enqueue
from cloud.jobs.retention import deletion
from cloud.projects.queries import ProjectDeleted, delete_project, get_project
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.api.rows import finish_job, give_file, give_scene, start_job
from tests.conftest import RunningApi, serve_api
from ui.api_client import ApiClient, ApiError


@pytest.fixture
def sql(api: RunningApi) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as connection:
        yield connection


def _ids(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def _deleted(client: httpx2.Client) -> list[dict[str, Any]]:
    return client.get("/v1/projects", params={"deleted": True}).json()["items"]


def test_a_deleted_project_comes_back_as_it_was(ada: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    before = ada.get(f"/v1/projects/{project}").json()
    assert (before["deleted_at"], before["purge_at"]) == (None, None)
    ada.delete(f"/v1/projects/{project}")

    back = ada.post(f"/v1/projects/{project}/undelete")

    assert back.status_code == 200
    assert back.json() == before | {"updated_at": back.json()["updated_at"]}
    assert ada.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    assert ada.get(f"/v1/artifacts/{image}/content").status_code == 200
    assert project in _ids(ada.get("/v1/projects"))
    assert project not in [one["id"] for one in _deleted(ada)]


def test_deleted_projects_are_listed_with_the_time_that_is_left(api: RunningApi) -> None:
    client = sign_in(api)
    kept, gone = (client.post("/v1/projects", json={"name": name}).json()["id"] for name in ("kept", "gone"))
    client.delete(f"/v1/projects/{gone}")

    [listed] = _deleted(client)

    assert listed["id"] == gone
    left = dt.datetime.fromisoformat(listed["purge_at"]) - dt.datetime.fromisoformat(listed["deleted_at"])
    assert left == dt.timedelta(days=7)
    assert _ids(client.get("/v1/projects")) == [kept]


def test_after_7_days_a_deleted_project_cannot_be_brought_back(
    ada: httpx2.Client, project: str, sql: psycopg.Connection
) -> None:
    ada.delete(f"/v1/projects/{project}")
    sql.execute("UPDATE projects SET deleted_at = now() - interval '7 days 1 minute' WHERE id = %s", (project,))

    answer = ada.post(f"/v1/projects/{project}/undelete")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert project not in [one["id"] for one in _deleted(ada)]


def test_what_is_not_deleted_cannot_be_brought_back(ada: httpx2.Client, eve: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/undelete")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == "The project is not deleted; there is nothing to bring back."
    ada.delete(f"/v1/projects/{project}")
    assert eve.post(f"/v1/projects/{project}/undelete").status_code == 404
    assert eve.get("/v1/projects", params={"deleted": True}).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body"), [("jobs", {"prompt": "a chair"}), ("exports", {"format": "glb"}), ("images", None)]
)
def test_work_in_a_deleted_project_says_how_to_bring_it_back_to_its_owner_alone(
    ada: httpx2.Client, eve: httpx2.Client, project: str, path: str, body: Any
) -> None:
    ada.delete(f"/v1/projects/{project}")

    answer, stranger = (client.post(f"/v1/projects/{project}/{path}", json=body) for client in (ada, eve))

    assert (answer.status_code, answer.json()["code"]) == (404, "project_deleted")
    assert f"POST /v1/projects/{project}/undelete brings it back" in answer.json()["detail"]
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    assert ada.delete(f"/v1/projects/{project}").json()["code"] == "project_deleted"


async def test_no_job_slips_into_a_project_that_is_deleted_meanwhile(
    ada: httpx2.Client, project: str, database: Database
) -> None:
    owner = UUID(ada.get("/v1/me").json()["id"])
    async with database.sessions() as asking, asking.begin():
        found = await get_project(asking, owner, UUID(project))
        async with database.sessions.begin() as deleting:
            await delete_project(deleting, owner, UUID(project))

        with pytest.raises(ProjectDeleted):
            await enqueue(asking, Job(user_id=owner, project_id=found.id, prompt="a chair"), Settings())
        await asking.rollback()


async def test_a_purged_project_is_gone_at_once_and_its_space_is_free(
    api: RunningApi, database: Database, sql: psycopg.Connection
) -> None:
    client = sign_in(api)
    project = client.post("/v1/projects", json={"name": "Castle"}).json()["id"]
    job = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    await give_scene(database, job)
    await give_file(database, api, job, "scene.blend", b"x" * 1000)
    await finish_job(database, job)
    assert client.get("/v1/users/me/storage").json()["used_bytes"] == 1001

    assert client.delete(f"/v1/projects/{project}", params={"purge": True}).status_code == 204

    assert client.get("/v1/users/me/storage").json()["used_bytes"] == 0
    assert client.post(f"/v1/projects/{project}/undelete").status_code == 404
    assert client.delete(f"/v1/projects/{project}", params={"purge": True}).status_code == 404
    for table in ("projects", "jobs", "snapshots", "artifacts", "events"):
        where = "id" if table == "projects" else "project_id"
        assert sql.execute(f"SELECT 1 FROM {table} WHERE {where} = %s".encode(), (project,)).fetchall() == []  # noqa: S608


def test_a_deleted_project_can_be_purged_before_its_time(ada: httpx2.Client, eve: httpx2.Client, project: str) -> None:
    ada.delete(f"/v1/projects/{project}")
    assert eve.delete(f"/v1/projects/{project}", params={"purge": True}).status_code == 404
    assert project in [one["id"] for one in _deleted(ada)]

    assert ada.delete(f"/v1/projects/{project}", params={"purge": True}).status_code == 204

    assert project not in [one["id"] for one in _deleted(ada)]


async def test_a_purge_waits_until_the_running_job_has_stopped(
    ada: httpx2.Client, project: str, database: Database
) -> None:
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    await start_job(database, job)
    answers: list[int] = []
    purge = threading.Thread(
        target=lambda: answers.append(ada.delete(f"/v1/projects/{project}", params={"purge": True}).status_code)
    )
    purge.start()
    purge.join(timeout=0.5)
    assert not answers
    async with database.sessions() as session:
        assert (await queries.get_job(session, UUID(job))).cancel_requested_at is not None

    await finish_job(database, job)
    purge.join(timeout=20)

    assert answers == [204]


async def test_a_job_that_does_not_stop_leaves_the_project_deleted(
    ada: httpx2.Client, project: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "_TRIES", 1)
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    await start_job(database, job)

    answer = ada.delete(f"/v1/projects/{project}", params={"purge": True})

    assert (answer.status_code, answer.json()["code"]) == (503, "still_stopping")
    assert project in [one["id"] for one in _deleted(ada)]


async def test_storage_names_the_largest_projects_deleted_ones_too(api: RunningApi, database: Database) -> None:
    client = sign_in(api)
    sizes = {"small": 10, "large": 500, "deleted": 90}
    made: dict[str, str] = {}
    for name, size in sizes.items():
        made[name] = client.post("/v1/projects", json={"name": name}).json()["id"]
        job = client.post(f"/v1/projects/{made[name]}/jobs", json={"prompt": "a chair"}).json()["id"]
        await give_file(database, api, job, "scene.blend", uuid4().bytes * (size // 10), is_stored=False)
    client.delete(f"/v1/projects/{made['deleted']}")

    storage = client.get("/v1/users/me/storage").json()

    assert (storage["used_bytes"], storage["limit_bytes"]) == (16 * 60, 20 * 2**30)
    assert [(one["name"], one["bytes"]) for one in storage["by_project"]] == [
        ("large", 800),
        ("deleted", 144),
        ("small", 16),
    ]
    assert [one["deleted_at"] is not None for one in storage["by_project"]] == [False, True, False]


async def test_a_full_storage_takes_no_new_work_until_something_is_purged(
    database_url: str, database: Database, tmp_path: Path, png: bytes
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, user_storage_mib=1)
    with serve_api(settings) as small:
        client = sign_in(small)
        project, other = (client.post("/v1/projects", json={"name": name}).json()["id"] for name in "ab")
        job = client.post(f"/v1/projects/{other}/jobs", json={"prompt": "a chair"}).json()["id"]
        await give_scene(database, client.post(f"/v1/projects/{project}/jobs", json={"prompt": "x"}).json()["id"])
        await give_file(database, small, job, "scene.blend", b"x" * 2**20, is_stored=False)
        asked: list[tuple[str, dict[str, Any]]] = [
            ("jobs", {"json": {"prompt": "a chair"}}),
            ("exports", {"json": {"format": "glb"}}),
            ("images", {"content": png}),
        ]

        for path, body in asked:
            answer = client.post(f"/v1/projects/{project}/{path}", **body)
            assert (answer.status_code, answer.json()["code"]) == (403, "storage_full")
            assert "1.0 MiB of 1.0 MiB are used" in answer.json()["detail"]
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "queued"
        client.delete(f"/v1/projects/{other}")
        assert client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).status_code == 403
        client.delete(f"/v1/projects/{other}", params={"purge": True})
        for path, body in asked:
            assert client.post(f"/v1/projects/{project}/{path}", **body).status_code in (201, 202)


def test_the_client_deletes_brings_back_and_purges(api: RunningApi) -> None:
    with ApiClient(api.url) as client:
        client.sign_up("keeper", "correct horse battery staple")
        client.log_in("keeper", "correct horse battery staple")
        project = client.create_project("Castle")["id"]
        client.delete_project(project)
        assert [one["id"] for one in client.deleted_projects()] == [project]
        assert list(client.list_projects()) == []

        assert client.undelete_project(project)["name"] == "Castle"
        assert [one["id"] for one in client.list_projects()] == [project]
        client.delete_project(project, purge=True)

        assert list(client.deleted_projects()) == []
        with pytest.raises(ApiError) as caught:
            client.undelete_project(project)
        assert caught.value.status == 404
        assert client.storage() == {"used_bytes": 0, "limit_bytes": 20 * 2**30, "by_project": []}
