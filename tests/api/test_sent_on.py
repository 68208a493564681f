"""Downloads from a bucket that clients can reach: they are sent on, and fetch from there without the token."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from cloud.db.engine import Database
from cloud.storage.store import ArtifactStore
from tests.api.conftest import sign_in
from tests.api.rows import give_file, give_steps
from tests.api.shares import execute, finish_project, make_share
from tests.conftest import RunningApi, serve_api
from tests.support.s3_server import SECRET, Bucket, FaultyServer, faulty
from ui.api_client import ApiClient

CONTENT = bytes(range(256)) * 2_000
NAME = "zamek żółty.blend"


@pytest.fixture(scope="module")
def storage(make_bucket: Callable[[], Bucket]) -> Iterator[tuple[Bucket, FaultyServer]]:
    bucket = make_bucket()
    with faulty(bucket.url) as server:
        yield bucket, server


@pytest.fixture(scope="module")
def api(
    database_url: str, storage: tuple[Bucket, FaultyServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    bucket, server = storage
    settings = bucket.settings(
        tmp_path_factory.mktemp("data"),
        database_url=database_url,
        artifacts_endpoint=server.url,
        artifacts_presign=True,
        artifacts_presign_s=42,
    )
    with serve_api(settings) as running:
        yield running


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api)
    yield client
    client.close()


@pytest.fixture
def job(ada: httpx2.Client, project: str) -> str:
    return ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]


@pytest.fixture
async def artifact(api: RunningApi, database: Database, job: str) -> str:
    return await give_file(database, api, job, NAME, CONTENT)


@pytest.fixture
def address(artifact: str) -> str:
    return f"/v1/artifacts/{artifact}/content"


async def large_step(database: Database, api: RunningApi, job: str) -> str:
    """The job has succeeded with one step, whose scene is large. Returns: the snapshot's id."""
    step = (await give_steps(database, api, job, ["one"]))[0]
    stored = await ArtifactStore.of_settings(api.settings).put(CONTENT)
    execute(api, "UPDATE snapshots SET sha256 = %s, bytes = %s WHERE id = %s", *stored, step)
    return step


def test_a_large_file_is_fetched_by_a_link_that_needs_no_token(ada: httpx2.Client, address: str) -> None:
    answer = ada.get(address)

    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    link = answer.headers["Location"]
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["42"]
    assert SECRET not in link
    fetched = httpx2.get(link)
    assert (fetched.status_code, fetched.content) == (200, CONTENT)
    assert fetched.headers["Content-Type"] == "application/x-blender"
    assert fetched.headers["Content-Disposition"].startswith('attachment; filename="')
    assert fetched.headers["Content-Disposition"].endswith("filename*=UTF-8''zamek%20%C5%BC%C3%B3%C5%82ty.blend")
    part = httpx2.get(link, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "no-cors"}, {"Range": "bytes=0-", "If-Range": '"other"'}],
    ids=["a page's script", "a page's picture", "goes on with our tag"],
)
def test_who_cannot_go_elsewhere_gets_the_bytes_from_us(
    ada: httpx2.Client, address: str, headers: dict[str, str]
) -> None:
    answer = ada.get(address, headers=headers)

    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_browser_that_saves_a_file_is_sent_on(ada: httpx2.Client, address: str) -> None:
    assert ada.get(address, headers={"Sec-Fetch-Mode": "navigate"}).status_code == 307


def test_what_needs_no_bytes_is_answered_by_us(ada: httpx2.Client, address: str) -> None:
    tag = ada.get(address, headers={"Sec-Fetch-Mode": "cors"}).headers["ETag"]

    assert ada.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert ada.get(address, headers={"Range": f"bytes={len(CONTENT)}-"}).status_code == 416


async def test_small_files_and_pictures_come_from_us(
    ada: httpx2.Client, api: RunningApi, database: Database, job: str
) -> None:
    for name, content in (("small.glb", CONTENT[:1000]), ("preview.png", CONTENT)):
        artifact = await give_file(database, api, job, name, content)
        execute(api, "UPDATE artifacts SET media_type = 'image/png' WHERE name = 'preview.png'")
        answer = ada.get(f"/v1/artifacts/{artifact}/content")
        assert (answer.status_code, answer.content) == (200, content)


async def test_what_is_lost_is_gone_and_what_is_set_aside_comes_from_us(
    ada: httpx2.Client, api: RunningApi, database: Database, job: str
) -> None:
    lost = await give_file(database, api, job, "lost.blend", CONTENT + b"lost", is_stored=False)
    assert ada.get(f"/v1/artifacts/{lost}/content").status_code == 410

    aside = CONTENT + b"aside"
    artifact = await give_file(database, api, job, "aside.blend", aside)
    store = ArtifactStore.of_settings(api.settings)
    await store.set_aside((await store.put(aside)).sha256, dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    answer = ada.get(f"/v1/artifacts/{artifact}/content")
    assert (answer.status_code, answer.content) == (200, aside)


def test_others_get_no_link(eve: httpx2.Client, anybody: httpx2.Client, address: str) -> None:
    assert eve.get(address).status_code == 404
    assert anybody.get(address).status_code == 401


def test_a_download_that_was_sent_on_is_noted(ada: httpx2.Client, artifact: str, address: str) -> None:
    ada.get(address)

    entries = ada.get("/v1/account/audit").json()["items"]
    assert f"artifact:{artifact}" in [each["subject"] for each in entries if each["action"] == "artifact.downloaded"]


async def test_a_steps_blend_is_sent_on(
    ada: httpx2.Client, api: RunningApi, database: Database, project: str, job: str
) -> None:
    step = await large_step(database, api, job)

    answer = ada.get(f"/v1/projects/{project}/snapshots/{step}/content", follow_redirects=True)

    assert answer.content == CONTENT
    assert answer.history[0].status_code == 307


async def test_a_shared_scene_is_shown_by_us_and_downloaded_by_link(
    ada: httpx2.Client, anybody: httpx2.Client, api: RunningApi, database: Database
) -> None:
    finished = await finish_project(ada, api, database)
    stored = await ArtifactStore.of_settings(api.settings).put(CONTENT)
    of_it = (*stored, finished.project)
    execute(api, "UPDATE artifacts SET sha256 = %s, bytes = %s WHERE name = 'scene.glb' AND project_id = %s", *of_it)
    execute(api, "UPDATE snapshots SET sha256 = %s, bytes = %s WHERE project_id = %s", *of_it)
    share = make_share(ada, finished.project, allow_download=True)
    of_link = f"/v1/shares/{share['token']}"

    shown = anybody.get(f"{of_link}/model.glb")
    assert (shown.status_code, shown.content) == (200, CONTENT)
    for name in ("scene.blend", "scene.glb"):
        taken = anybody.get(f"{of_link}/download/{name}", follow_redirects=True)
        assert (taken.content, taken.history[0].status_code) == (CONTENT, 307)
    ada.delete(f"/v1/projects/{finished.project}/shares/{share['id']}")
    assert anybody.get(f"{of_link}/download/scene.blend").status_code == 404


def test_the_command_line_downloads_by_link_and_keeps_its_token_to_itself(
    ada: httpx2.Client, api: RunningApi, artifact: str, storage: tuple[Bucket, FaultyServer], tmp_path: Path
) -> None:
    storage[1].heads.clear()
    with ApiClient(api.url, ada.headers["Authorization"].removeprefix("Bearer ")) as client:
        done: list[int] = []
        client.download(artifact, tmp_path / "scene.blend", lambda so_far, of: done.append(of))
        assert client.read_artifact(artifact) == CONTENT

    assert (tmp_path / "scene.blend").read_bytes() == CONTENT
    assert set(done) == {len(CONTENT)}
    by_link = [head for head in storage[1].heads if "x-amz-content-sha256" not in head]
    assert len(by_link) == 1  # the other came through the API
    assert not [head for head in by_link if "authorization" in head or "cookie" in head]


def test_readiness_and_the_operators_page_tell_of_a_store_that_is_gone(
    database_url: str, make_bucket: Callable[[], Bucket], tmp_path: Path
) -> None:
    bucket = make_bucket()
    with faulty(bucket.url) as server:
        settings = bucket.settings(
            tmp_path, database_url=database_url, artifacts_endpoint=server.url, artifacts_retries=0
        )
        with serve_api(settings) as api, httpx2.Client(base_url=api.url, timeout=20) as anybody:
            assert anybody.get("/readyz").status_code == 200
            server.is_gone = True
            gone = anybody.get("/readyz")
            assert (gone.status_code, gone.json()["code"]) == (503, "store_unavailable")
            server.is_gone = False
            assert anybody.get("/readyz").status_code == 200
