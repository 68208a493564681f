"""One key, one job: whatever a client sends again, and however many send at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from cloud.db.engine import Database
from tests.api.rows import give_scene
from tests.conftest import RunningApi


def _send(client: httpx2.Client, project: str, key: str, body: object) -> httpx2.Response:
    return client.post(f"/v1/projects/{project}/jobs", json=body, headers={"Idempotency-Key": key})


def _jobs_of(client: httpx2.Client, project: str) -> list[str]:
    return [job["id"] for job in client.get("/v1/jobs", params={"project_id": project}).json()["items"]]


def test_the_same_request_again_gets_the_job_that_it_made(ada: httpx2.Client, project: str) -> None:
    first = _send(ada, project, "again", {"prompt": "a chair", "formats": ["glb"]})
    again = _send(ada, project, "again", {"formats": ["glb"], "prompt": "a chair"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert _jobs_of(ada, project) == [first.json()["id"]]


def test_requests_without_a_key_each_make_a_job(ada: httpx2.Client, project: str) -> None:
    for _ in range(2):
        assert ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).status_code == 202

    assert len(_jobs_of(ada, project)) == 2


def test_two_requests_that_race_make_one_job(api: RunningApi, ada: httpx2.Client, project: str) -> None:
    def send(_: int) -> httpx2.Response:
        with httpx2.Client(base_url=api.url, headers=ada.headers, timeout=20) as own_connection:
            return _send(own_connection, project, "race", {"prompt": "a chair"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["id"] for answer in answers} == set(_jobs_of(ada, project))
    assert len(_jobs_of(ada, project)) == 1


@pytest.mark.parametrize("other", ["body", "address"])
def test_a_key_with_another_request_is_refused(ada: httpx2.Client, project: str, other: str) -> None:
    key = f"reused-{other}"
    elsewhere = ada.post("/v1/projects", json={"name": "Other"}).json()["id"]
    assert _send(ada, project, key, {"prompt": "a chair"}).status_code == 202

    if other == "body":
        answer = _send(ada, project, key, {"prompt": "a table"})
    else:
        answer = _send(ada, elsewhere, key, {"prompt": "a chair"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert "new key" in answer.json()["detail"]
    assert len(_jobs_of(ada, project)) == 1
    assert _jobs_of(ada, elsewhere) == []


def test_a_request_that_failed_leaves_its_key_free(ada: httpx2.Client, project: str) -> None:
    assert _send(ada, project, "free", {"prompt": " "}).status_code == 422
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert _send(ada, project, "free", {"prompt": "a chair", "image_ids": [nowhere]}).status_code == 404

    assert _send(ada, project, "free", {"prompt": "a chair"}).status_code == 202


def test_another_users_key_is_none_of_ours(ada: httpx2.Client, eve: httpx2.Client, project: str) -> None:
    own = eve.post("/v1/projects", json={"name": "Own"}).json()["id"]

    assert _send(ada, project, "shared", {"prompt": "a chair"}).status_code == 202
    hers = _send(eve, own, "shared", {"prompt": "a chair"})
    assert hers.status_code == 202
    assert _send(eve, own, "shared", {"prompt": "a chair"}).json()["id"] == hers.json()["id"]


async def test_an_export_is_made_once(ada: httpx2.Client, database: Database, project: str) -> None:
    job = _send(ada, project, "scene", {"prompt": "a chair"}).json()["id"]
    await give_scene(database, job)
    headers = {"Idempotency-Key": "export"}

    answers = [ada.post(f"/v1/projects/{project}/exports", json={"format": "glb"}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]


@pytest.mark.parametrize("key", [b"", b"x" * 201, "ключ".encode(), b"tab\there"])
def test_a_key_that_cannot_be_one_says_what_it_must_be(ada: httpx2.Client, project: str, key: bytes) -> None:
    headers = [(b"Idempotency-Key", key)]

    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "Idempotency-Key must have 1 to 200 printable ASCII characters."


def test_two_keys_are_one_too_many(ada: httpx2.Client, project: str) -> None:
    headers = [(b"Idempotency-Key", b"a"), (b"Idempotency-Key", b"b")]

    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}, headers=headers)

    assert (answer.status_code, answer.json()["detail"]) == (422, "Idempotency-Key came more than once; send one.")
