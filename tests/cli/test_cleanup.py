"""`prompt2mesh cleanup` on the data folder of one machine, whether its stack runs or not."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloud.cli.commands import app
from cloud.db.embedded import EmbeddedPostgres
from cloud.db.migrate import upgrade


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def _clean(data_dir: Path, *options: str, url: str = "") -> Result:
    return CliRunner().invoke(app, ["cleanup", *options], env={"P2M_DATA_DIR": str(data_dir), "DATABASE_URL": url})


def _plant(data_dir: Path, content: bytes) -> Path:
    """A file that nothing refers to, some hours old."""
    name = hashlib.sha256(content).hexdigest()
    file = data_dir / "artifacts" / name[:2] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (0, 0))
    return file


def test_a_stopped_stack_is_cleaned_up_and_stays_stopped(data_dir: Path) -> None:
    file = _plant(data_dir, b"nobody's")

    told = _clean(data_dir, "--dry-run", "--json")
    assert (told.exit_code, json.loads(told.stdout)["bytes_set_aside"]) == (0, 8)
    assert file.exists()
    done = _clean(data_dir)

    assert done.exit_code == 0, done.output
    assert "unreferenced files set aside for an hour  1  8 bytes" in done.stdout
    assert not file.exists()
    assert [path.parent.name for path in (data_dir / "artifacts" / "aside").glob("*/*")] == [file.name]
    assert not (data_dir / "postgres" / "cluster" / "postmaster.pid").exists()


def test_a_running_stack_is_cleaned_up_as_it_runs(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir / "postgres") as server:
        upgrade(server.url)
        file = _plant(data_dir, b"another")

        done = _clean(data_dir, "--json")

        assert (done.exit_code, json.loads(done.stdout)["objects_set_aside"]) == (0, 1)
        assert not file.exists()
        assert server.pid is not None


@pytest.mark.parametrize(("url", "code"), [("mysql://x", 2), ("postgresql://x@127.0.0.1:1/x", 1)])
def test_a_database_that_cannot_be_used_is_one_sentence(data_dir: Path, url: str, code: int) -> None:
    failed = _clean(data_dir, "--json", url=url)

    assert failed.exit_code == code
    assert json.loads(failed.stdout)["error"]["message"]
