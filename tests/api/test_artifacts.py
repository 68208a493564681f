"""Downloads over HTTP, from a folder and from a bucket of S3 that gives no links."""

import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import httpx2
import pytest

from cloud.db.engine import Database
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.api.rows import give_file
from tests.conftest import RunningApi, serve_api
from tests.support.s3_server import Bucket

CONTENT = bytes(range(256)) * 20_000
SIZE = len(CONTENT)
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture(scope="module", params=["folder", "bucket"])
def api(
    request: pytest.FixtureRequest,
    database_url: str,
    make_bucket: Callable[[], Bucket],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningApi]:
    data_dir = tmp_path_factory.mktemp("data")
    if request.param == "folder":
        settings = Settings(data_dir=data_dir, database_url=database_url)
    else:
        settings = make_bucket().settings(data_dir, database_url=database_url)
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
async def address(api: RunningApi, database: Database, job: str) -> str:
    return f"/v1/artifacts/{await give_file(database, api, job, 'scene.blend', CONTENT)}/content"


def test_a_file_comes_whole_with_what_browsers_need(ada: httpx2.Client, address: str) -> None:
    answer = ada.get(address)

    assert answer.status_code == 200
    assert answer.content == CONTENT
    expected = {
        "Content-Length": str(SIZE),
        "Content-Type": "application/x-blender",
        "Content-Disposition": 'attachment; filename="scene.blend"',
        "ETag": ETAG,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    assert {name: answer.headers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=10-{SIZE * 9}", 10, SIZE - 1),
        ("BYTES=1-2", 1, 2),
    ],
)
def test_a_range_comes_as_partial_content(ada: httpx2.Client, address: str, wanted: str, first: int, last: int) -> None:
    answer = ada.get(address, headers={"Range": wanted})

    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.content == CONTENT[first : last + 1]


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=-0"])
def test_a_range_outside_of_the_file_is_416(ada: httpx2.Client, address: str, wanted: str) -> None:
    answer = ada.get(address, headers={"Range": wanted})

    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=٣-٤"])
def test_a_range_that_makes_no_sense_gives_the_whole_file(ada: httpx2.Client, address: str, wanted: str) -> None:
    answer = ada.get(address, headers=[(b"Range", wanted.encode())])

    assert (answer.status_code, len(answer.content)) == (200, SIZE)


def test_a_download_goes_on_only_if_the_file_is_the_same(ada: httpx2.Client, address: str) -> None:
    same = ada.get(address, headers={"Range": "bytes=10-", "If-Range": ETAG})
    other = ada.get(address, headers={"Range": "bytes=10-", "If-Range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)


def test_a_file_that_the_client_has_is_not_sent_again(ada: httpx2.Client, address: str) -> None:
    assert ada.get(address, headers={"If-None-Match": f'"x", W/{ETAG}'}).status_code == 304
    assert ada.get(address, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("name", ["zamek żółty.blend", "塔.glb", 'a"b\\c;d.blend', "100%.stl", "a\r\nX-Evil: 1.blend"])
async def test_a_name_in_any_script_arrives(
    ada: httpx2.Client, api: RunningApi, database: Database, job: str, name: str
) -> None:
    artifact = await give_file(database, api, job, name, b"x")

    answer = ada.get(f"/v1/artifacts/{artifact}/content")

    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert unquote(answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]) == name


async def test_an_empty_file_is_a_file(ada: httpx2.Client, api: RunningApi, database: Database, job: str) -> None:
    artifact = await give_file(database, api, job, "empty.obj", b"")

    answer = ada.get(f"/v1/artifacts/{artifact}/content")

    assert (answer.status_code, answer.content) == (200, b"")
    assert ada.get(f"/v1/artifacts/{artifact}/content", headers={"Range": "bytes=0-"}).status_code == 416


async def test_a_file_whose_bytes_are_lost_is_gone(
    ada: httpx2.Client, api: RunningApi, database: Database, job: str
) -> None:
    artifact = await give_file(database, api, job, "lost.blend", b"lost", is_stored=False)

    answer = ada.get(f"/v1/artifacts/{artifact}/content")

    assert (answer.status_code, answer.json()["code"]) == (410, "artifact_missing")
