"""A real Blender takes the add-on from our API as from any extension repository, and updates it there."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.settings import Settings
from tests.addon.support.archive import extension_folder, extension_folder_of
from tests.addon.support.window import Box, blender_box
from tests.addon.support.window_root import SUITES
from tests.conftest import serve_api

pytestmark = [pytest.mark.heavy, pytest.mark.blender]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return shutil.copytree(extension_folder(), tmp_path / "shelf")


@pytest.fixture
def listing(database_url: str, tmp_path: Path, shelf: Path) -> Iterator[str]:
    """The repository's address."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url, extension_dir=shelf)
    with serve_api(settings) as running:
        yield f"{running.url}/v1/extension/index.json"


def extension(box: Box, *arguments: str) -> str:
    """What `blender --command extension` prints."""
    return box.call("blender", "--online-mode", "--command", "extension", *arguments, limit_s=180).decode()


@pytest.mark.parametrize("version", sorted(SUITES))
def test_blender_installs_from_our_repository_and_updates_there(
    version: str, listing: str, shelf: Path, tmp_path: Path
) -> None:
    with blender_box(version, tmp_path / "box") as box:
        extension(box, "repo-remove", "blender_org")  # what is not on this machine cannot be asked
        extension(box, "repo-add", "--name", "Prompt2Mesh", "--url", listing, "p2m_server")
        assert "prompt2mesh" in extension(box, "list", "--sync")
        extension(box, "install", "--enable", "p2m_server.prompt2mesh")
        installed = box.folder / "user" / "extensions" / "p2m_server" / "prompt2mesh"
        assert (installed / "blender_manifest.toml").read_bytes() == _manifest(extension_folder())
        shutil.copytree(extension_folder_of("9.8.7"), shelf, dirs_exist_ok=True)
        extension(box, "update", "--sync")
        assert (installed / "blender_manifest.toml").read_bytes() == _manifest(extension_folder_of("9.8.7"))
        assert (installed / "__init__.py").read_bytes()


def _manifest(folder: Path) -> bytes:
    (archive,) = folder.glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        return opened.read("blender_manifest.toml")
