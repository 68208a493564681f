"""Uploads of 3D files over HTTP: streamed, checked, kept once, and queued as a job."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import RunningApi
from ui.api_client import ApiClient, ApiError

OBJ = b"# a triangle\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


def _post(client: httpx2.Client, project: str, name: str, content: bytes, **headers: str) -> httpx2.Response:
    return client.post(f"/v1/projects/{project}/imports", params={"name": name}, content=content, headers=headers)


def _files(client: httpx2.Client, project: str) -> list[dict[str, str]]:
    return client.get(f"/v1/projects/{project}/artifacts").json()["items"]


def test_an_upload_is_kept_and_its_job_queued(ada: httpx2.Client, project: str) -> None:
    answer = _post(ada, project, "C:\\models\\Türm.OBJ", OBJ)

    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["prompt"], job["state"]) == ("import", "Import Türm.obj", "queued")
    (file,) = _files(ada, project)
    assert (file["kind"], file["name"], file["bytes"]) == ("upload", "Türm.obj", len(OBJ))
    assert ada.get(f"/v1/artifacts/{file['id']}/content").content == OBJ


def test_a_body_beyond_the_limit_of_other_routes_is_streamed(ada: httpx2.Client, project: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield OBJ
        for _ in range(20):
            yield b"# nothing\n" * 100_000

    answer = ada.post(f"/v1/projects/{project}/imports", params={"name": "big.obj"}, content=pieces())
    assert answer.status_code == 202, answer.text
    assert int(_files(ada, project)[0]["bytes"]) > 20_000_000


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("tower.zip", b"PK\x03\x04", 422, "unpack it"),
        ("tower.glb", b"", 422, "empty"),
        ("tower.glb", b"BLENDER-v405", 422, "it is a .blend"),
        ("", OBJ, 422, "no name"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_once(
    ada: httpx2.Client, project: str, name: str, content: bytes, status: int, said: str
) -> None:
    answer = _post(ada, project, name, content)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert _files(ada, project) == []


def test_the_same_upload_with_one_key_makes_one_job(ada: httpx2.Client, project: str) -> None:
    key = uuid.uuid4().hex
    first, again = (_post(ada, project, "a.obj", OBJ, **{"Idempotency-Key": key}) for _ in range(2))
    other = _post(ada, project, "a.obj", OBJ + b"v 2 2 2\n", **{"Idempotency-Key": key})

    assert first.json()["id"] == again.json()["id"]
    assert len(_files(ada, project)) == 1
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_file_that_is_there_already_is_imported_without_sending_it(ada: httpx2.Client, project: str) -> None:
    _post(ada, project, "a.obj", OBJ)
    (file,) = _files(ada, project)
    elsewhere = ada.post("/v1/projects", json={"name": "Copy"}).json()["id"]
    answer = ada.post(f"/v1/projects/{elsewhere}/imports", params={"artifact_id": file["id"]})

    assert answer.status_code == 202, answer.text
    assert [one["sha256"] for one in _files(ada, elsewhere)] == [file["sha256"]]


def test_nobody_imports_another_users_file_or_into_their_project(
    ada: httpx2.Client, eve: httpx2.Client, project: str
) -> None:
    _post(ada, project, "a.obj", OBJ)
    (file,) = _files(ada, project)
    eves = eve.post("/v1/projects", json={"name": "Lair"}).json()["id"]

    assert _post(eve, project, "a.obj", OBJ).status_code == 404
    assert eve.post(f"/v1/projects/{eves}/imports", params={"artifact_id": file["id"]}).status_code == 404


def test_a_picture_is_no_3d_file(ada: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", params={"name": "Front <b>.jpg"}, content=png).json()
    answer = ada.post(f"/v1/projects/{project}/imports", params={"artifact_id": image["id"]})

    assert image["name"] == "Front b.png"
    assert (answer.status_code, answer.json()["detail"][:11]) == (409, "Front b.png")


def test_the_client_streams_a_file_from_disk(api: RunningApi, ada: httpx2.Client, project: str, tmp_path: Path) -> None:
    (tmp_path / "seat.obj").write_bytes(OBJ)
    (tmp_path / "seat.glb").write_bytes(OBJ)
    told: list[tuple[int, int]] = []
    with ApiClient(api.url, ada.headers["Authorization"].removeprefix("Bearer ")) as client:
        job = client.start_from_file(project, tmp_path / "seat.obj", progress=lambda *pair: told.append(pair))
        with pytest.raises(ApiError, match="does not begin like one"):
            client.start_from_file(project, tmp_path / "seat.glb")

    assert job["prompt"] == "Import seat.obj"
    assert told[-1] == (len(OBJ), len(OBJ))
