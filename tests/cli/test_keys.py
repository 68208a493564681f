"""`prompt2mesh key` and `rotate-keys`: a key goes in by stdin alone, and never comes out."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cloud.accounts.secrets import Safe, new_key
from cloud.cli.commands import app
from cloud.db.engine import libpq_url
from cloud.stack.secret_keys import ensure_secret_keys
from tests.ui.fake_api import FakeApi, fake_api

KEY = "sk-ant-somebodys-key-wxyz"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeApi]:
    with fake_api() as running:
        yield running


def _run(server: FakeApi, *arguments: str, stdin: str = "") -> Result:
    account = {"P2M_SERVER": server.url, "P2M_TOKEN": server.add_user()}
    return CliRunner().invoke(app, ["key", *arguments], input=stdin, env=account)


def test_key_is_read_from_stdin_shown_by_its_end_and_removed(server: FakeApi) -> None:
    assert _run(server, "show").stdout == "There is no key of your own.\n"
    entered = _run(server, "set", stdin=f"{KEY}\n")
    assert entered.exit_code == 0, entered.output
    assert [key.strip() for key in server.model_keys] == [KEY]
    assert KEY not in entered.output
    server.model_keys[:] = [KEY]
    assert json.loads(_run(server, "show", "--json").stdout)["hint"] == "wxyz"
    assert _run(server, "remove").exit_code == 0
    assert server.model_keys == []


def test_refused_key_is_told(server: FakeApi) -> None:
    server.refuse_keys = "The key does not work, so it was not kept."
    answer = _run(server, "set", stdin=KEY)
    server.refuse_keys = ""
    assert answer.exit_code == 2
    assert "does not work" in answer.output
    assert KEY not in answer.output


def test_key_is_not_taken_from_the_command_line(server: FakeApi) -> None:
    assert _run(server, "set", KEY).exit_code == 2
    assert server.model_keys == []


def test_keys_are_encrypted_anew_with_the_first(database_url: str, tmp_path: Path) -> None:
    old, new, lost = new_key(), new_key(), new_key()
    users = [uuid4(), uuid4()]
    rows = [(user, Safe([key]).seal(user, KEY)) for user, key in zip(users, (old, lost), strict=True)]
    with psycopg.connect(libpq_url(database_url)) as connection:
        for user, sealed in rows:
            connection.execute(
                "INSERT INTO users (id, username, password_hash) VALUES (%s, %s, 'x')", (user, str(user))
            )
            connection.execute("INSERT INTO model_keys (user_id, sealed, hint) VALUES (%s, %s, 'x')", (user, sealed))
    environment = {"DATABASE_URL": database_url, "P2M_DATA_DIR": str(tmp_path), "P2M_SECRET_KEYS": f"{new},{old}"}

    done = CliRunner().invoke(app, ["rotate-keys", "--json"], env=environment)

    told = json.loads(done.stdout)
    assert (done.exit_code, told["encrypted_anew"], told["unreadable"]) == (1, 1, 1), done.output
    with psycopg.connect(libpq_url(database_url)) as connection:
        found = connection.execute("SELECT sealed FROM model_keys WHERE user_id = %s", (users[0],)).fetchone()
    assert found is not None
    assert Safe([new]).open(users[0], found[0]) == KEY


def test_key_of_one_machine_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    key = ensure_secret_keys(tmp_path)
    assert ensure_secret_keys(tmp_path) == key
    Safe([key])
    assert os.stat(tmp_path / "secret-keys").st_mode & 0o777 == 0o600


def test_placeholder_of_a_secret_key_stops_the_start_without_telling_it(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": "postgresql://nowhere/none",
        "P2M_DATA_DIR": str(tmp_path),
        "P2M_SECRET_KEYS": "changeme-please",
    }
    done = CliRunner().invoke(app, ["rotate-keys"], env=environment)
    assert done.exit_code == 2
    assert "openssl rand -base64 32" in done.output
    assert "changeme-please" not in done.output
