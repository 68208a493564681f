"""`prompt2mesh support-bundle`: what helps is in it, secrets and what users made are not."""

import json
import zipfile
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from cloud.accounts.secrets import new_key
from cloud.accounts.tokens import new_token
from cloud.cli.commands import app
from cloud.db.engine import libpq_url
from tests.support.secret_hunt import Hunt

PROMPT = "a castle that nobody may hear of"


@pytest.fixture
def planted(tmp_path: Path, database_url: str) -> dict[str, str]:
    """Secrets in the logs, the data folder and the settings, and a job."""
    secrets = {
        "log": new_token("ses"),
        "file": new_key(),
        "password": "the-local-users-own-password",
        "key": "sk-ant-api03-Zk3vQ9rT1uW7yB5nM8cX2dF6",
        "keys": new_key(),
    }
    (tmp_path / "logs").mkdir()
    known = " ".join(secrets.values())
    (tmp_path / "logs" / "api.log").write_text(f"Bearer {secrets['log']} known: {known}\nall is well\n")
    (tmp_path / "secret-keys").write_text(secrets["file"] + "\n")
    (tmp_path / "local-user.json").write_text(json.dumps({"username": "local", "password": secrets["password"]}))
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute(
            "WITH u AS (INSERT INTO users (id, username) VALUES (gen_random_uuid(), gen_random_uuid()) RETURNING id), "
            "p AS (INSERT INTO projects (id, user_id, name) SELECT gen_random_uuid(), id, 'Keep' FROM u RETURNING *) "
            "INSERT INTO jobs (id, user_id, project_id, kind, prompt, request, state, attempt) "
            "SELECT gen_random_uuid(), user_id, id, 'build', %s, '{}', 'queued', 0 FROM p",
            (PROMPT,),
        )
    return secrets


def _bundle(folder: Path, **environment: str) -> zipfile.ZipFile:
    file = folder / "bundle.zip"
    done = CliRunner().invoke(app, ["support-bundle", str(file)], env={"P2M_DATA_DIR": str(folder), **environment})
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o777 == 0o600
    return zipfile.ZipFile(file)


def test_bundle_has_what_helps_and_no_secret(tmp_path: Path, database_url: str, planted: dict[str, str]) -> None:
    bundle = _bundle(
        tmp_path, DATABASE_URL=database_url, ANTHROPIC_API_KEY=planted["key"], P2M_SECRET_KEYS=planted["keys"]
    )
    hunt = Hunt.of(planted)
    for name in bundle.namelist():
        hunt.look_at(bundle.read(name), name)
    assert hunt.finds == []
    assert "all is well" in bundle.read("logs/api.log").decode()
    settings = json.loads(bundle.read("settings.json"))
    assert settings["ANTHROPIC_API_KEY"] == settings["P2M_SECRET_KEYS"] == "set"
    assert settings["P2M_MODEL"].startswith("claude")
    facts = json.loads(bundle.read("database.json"))
    assert (facts["last_jobs"][0]["kind"], facts["last_jobs"][0]["state"]) == ("build", "queued")
    assert facts["rows"]["jobs"] == 1
    assert json.loads(bundle.read("doctor.json"))
    assert json.loads(bundle.read("problems.json")) == {}
    assert not any(PROMPT.encode() in bundle.read(name) or b"Keep" in bundle.read(name) for name in bundle.namelist())


def test_bundle_is_made_without_a_database_too(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, DATABASE_URL="")
    assert "database.json" in json.loads(bundle.read("problems.json"))


def test_bundle_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["support-bundle", str(tmp_path / "no" / "b.zip")], env={"P2M_DATA_DIR": "/nowhere"})
    assert done.exit_code == 2
    assert "cannot be written" in done.output
