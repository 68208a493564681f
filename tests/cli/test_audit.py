"""`prompt2mesh audit` and `admin audit`: the log in a terminal, and in a file."""

import contextlib
import json
from pathlib import Path

import psycopg
from typer.testing import CliRunner, Result

from cloud.cli.commands import app
from cloud.db.engine import libpq_url
from tests.api.conftest import sign_in
from tests.conftest import RunningApi


def _run(api: RunningApi, token: str, *arguments: str) -> Result:
    environment = {"P2M_SERVER": api.url, "P2M_TOKEN": token, "COLUMNS": "200"}
    return CliRunner().invoke(app, arguments, env=environment)


def test_log_is_shown_and_written(api: RunningApi, tmp_path: Path) -> None:
    with contextlib.closing(sign_in(api, "Mallory")) as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        own = _run(api, token, "audit")
        assert own.exit_code == 0, own.output
        assert "session.created" in own.stdout
        assert "Mallory" in own.stdout
        refused = _run(api, token, "admin", "audit")
        assert refused.exit_code == 2
        assert "admins" in refused.output
        with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
            connection.execute("UPDATE users SET is_admin = true WHERE username = 'Mallory'")
        shown = _run(api, token, "admin", "audit", "--action", "user.", "--json")
        assert {each["action"] for each in json.loads(shown.stdout)} == {"user.created"}
        csv, lines = tmp_path / "log.csv", tmp_path / "log.jsonl"
        for option, file in (("--csv", csv), ("--jsonl", lines)):
            assert _run(api, token, "admin", "audit", option, str(file)).exit_code == 0
        assert csv.read_text().startswith("id,at,action,actor_id,actor_name,")
        assert json.loads(lines.read_text().splitlines()[-1])["action"] == "audit.exported"
        assert _run(api, token, "admin", "audit", "--csv", "a", "--jsonl", "b").exit_code == 2
