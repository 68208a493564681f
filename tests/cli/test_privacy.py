"""`prompt2mesh account`: export, deletion and its report against a server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.cli import credentials
from cloud.cli.commands import app
from tests.ui.fake_api import PASSWORD, fake_api


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("P2M_DATA_DIR", str(tmp_path / "data"))


def test_the_export_is_written_and_never_over_a_file(tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    with fake_api() as api:
        command = ["account", "export", str(target), "--server", api.url, "--token", api.add_user(), "--json"]
        done = CliRunner().invoke(app, command)
        again = CliRunner().invoke(app, command)

    assert (done.exit_code, json.loads(done.stdout)) == (0, {"file": str(target), "bytes": 12})
    assert target.read_bytes() == b"PK all of it"
    assert again.exit_code != 0
    assert "there already" in again.stdout


def test_the_account_is_deleted_and_its_session_forgotten(tmp_path: Path) -> None:
    with fake_api() as api:
        credentials.keep(api.url, credentials.Credential("ada", api.add_user()))
        command = ["account", "delete", "--server", api.url, "--confirm", "ada", "--json"]
        wrong = CliRunner().invoke(app, command, input="not this\n")
        kept = credentials.find(api.url)
        done = CliRunner().invoke(app, command, input=f"{PASSWORD}\n")

    assert wrong.exit_code == 2
    assert '"wrong_password"' in wrong.stdout
    assert kept is not None
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "finished"
    assert credentials.find(api.url) is None
