"""What the API gives of the add-on: to anybody, fresh, whole, and only what was built."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from cloud.settings import Settings
from tests.addon.support.archive import built_archive, extension_folder, extension_folder_of
from tests.conftest import serve_api


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the API serves."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory, shelf: Path) -> Iterator[httpx2.Client]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), database_url=database_url, extension_dir=shelf)
    with serve_api(settings) as running, httpx2.Client(base_url=running.url) as client:
        yield client


@pytest.fixture(autouse=True)
def stocked(shelf: Path) -> None:
    """Each test begins with what the project's own add-on builds to."""
    for old in shelf.iterdir():
        old.unlink()
    shutil.copytree(extension_folder(), shelf, dirs_exist_ok=True)


def test_listing_names_a_zip_of_its_size_and_hash_beside_it(server: httpx2.Client) -> None:
    answer = server.get("/v1/extension/index.json")
    assert answer.headers["Content-Type"] == "application/json"
    (entry,) = answer.json()["data"]
    archive = server.get(str(answer.url.join(entry["archive_url"])))
    assert archive.headers["Content-Type"] == "application/zip"
    assert archive.headers["Content-Disposition"] == f'attachment; filename="{built_archive().name}"'
    assert (len(archive.content), f"sha256:{hashlib.sha256(archive.content).hexdigest()}") == (
        entry["archive_size"],
        entry["archive_hash"],
    )
    assert archive.content == built_archive().read_bytes()


def test_who_has_it_already_gets_no_second_copy(server: httpx2.Client) -> None:
    for path in ("/v1/extension/index.json", f"/v1/extension/{built_archive().name}"):
        first = server.get(path)
        again = server.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert server.get(path, headers={"If-None-Match": '"another"'}).status_code == 200
        assert first.headers["Cache-Control"] == "public, no-cache"


def test_new_build_is_given_without_a_new_start(server: httpx2.Client, shelf: Path) -> None:
    old = server.get("/v1/version").json()["add_on"]
    shutil.copytree(extension_folder_of("9.8.7"), shelf, dirs_exist_ok=True)
    new = server.get("/v1/version").json()["add_on"]
    assert (new["newest"], new["path"]) == ("9.8.7", "/v1/extension/prompt2mesh-9.8.7.zip")
    assert server.get(new["path"]).status_code == 200
    assert server.get(old["path"]).status_code == 404


def test_nothing_but_the_zip_of_the_listing_can_be_had(server: httpx2.Client, shelf: Path) -> None:
    (shelf / "other.zip").write_bytes(b"x")
    for name in ("other.zip", ".stamp", "%2e%2e%2fpyproject.toml", "..%2F..%2Fpyproject.toml", "prompt2mesh-9.9.9.zip"):
        answer = server.get(f"/v1/extension/{name}")
        assert answer.status_code == 404, name


@pytest.mark.parametrize("fault", ["nothing", "no zip", "another zip", "no JSON", "another JSON"])
def test_server_that_could_not_build_it_says_so_in_a_sentence(server: httpx2.Client, shelf: Path, fault: str) -> None:
    (archive,) = shelf.glob("*.zip")
    listing = shelf / "index.json"
    match fault:
        case "nothing":
            listing.unlink()
        case "no zip":
            archive.unlink()
        case "another zip":
            archive.write_bytes(b"half a build")
        case "no JSON":
            listing.write_text("{")
        case _:
            listing.write_text(json.dumps({"data": [{"version": "1.0.0"}]}))
    for path in ("/v1/extension/index.json", f"/v1/extension/{archive.name}"):
        answer = server.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "extension_not_built")
        assert answer.json()["detail"].endswith("`./scripts/setup`.")
    told = server.get("/v1/version")
    assert (told.status_code, told.json()["add_on"]["newest"], told.json()["add_on"]["path"]) == (200, None, None)
