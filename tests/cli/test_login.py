"""`prompt2mesh login`, `logout`, `whoami`, `token` and `sessions` against the real API."""

import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx2
import psycopg
import pytest
from typer.testing import CliRunner, Result

import cloud.cli.login
from cloud.accounts.tokens import kind_of
from cloud.cli import credentials
from cloud.cli.commands import app
from cloud.db.engine import libpq_url
from tests.api.conftest import sign_in
from tests.cli.conftest import COMMAND
from tests.conftest import RunningApi

Answer = Callable[[], object]


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "Ada")
    yield client
    client.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config folder of its own. Returns: the file with the credentials, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("P2M_TOKEN", raising=False)
    return tmp_path / "prompt2mesh" / "servers.json"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})


def _log_in(api: RunningApi, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Result:
    """`login`, with `answer` called instead of each wait."""
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: answer())
    monkeypatch.setattr(cloud.cli.login, "time", clock)
    return _run("login", "--server", api.url, "--json")


def _newest_code(api: RunningApi) -> str:
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        row = connection.execute("SELECT user_code FROM device_grants ORDER BY created_at DESC LIMIT 1").fetchone()
    assert row is not None
    return row[0]


def _answer(who: httpx2.Client, api: RunningApi, what: str) -> None:
    """Once; what comes after the answer changes nothing."""
    who.post(f"/v1/device/{what}", json={"user_code": _newest_code(api)})


def test_a_command_line_signs_in_by_a_code(api: RunningApi, ada: httpx2.Client, home: Path) -> None:
    """As a user would: the code is read off the screen, and confirmed elsewhere."""
    environment = {**os.environ, "COLUMNS": "300"}
    process = subprocess.Popen(
        [COMMAND, "login", "--server", f"{api.url}/"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    shown = ""
    while "or open" not in shown:
        line = process.stderr.readline()
        assert line, shown
        shown += line
    code = re.search(r"code ([A-Z]{4}-[A-Z]{4})", shown)
    assert code is not None, shown
    assert f"{api.url}/device?code={code[1]}" in shown
    ada.post("/v1/device/approve", json={"user_code": code[1]})
    out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, f"Signed in to {api.url} as Ada.\n")
    assert stat.S_IMODE(home.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
    assert list(json.loads(home.read_text())["servers"]) == [api.url]
    assert "p2m_" not in out + shown
    assert _run("whoami", "--server", api.url).stdout == f"Ada on {api.url}\n"


def test_ctrl_c_leaves_nothing(api: RunningApi, home: Path) -> None:
    process = subprocess.Popen([COMMAND, "login", "--server", api.url], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "or open" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in rest
    assert not home.exists()


def test_every_command_uses_the_sign_in_of_its_server_alone(
    api: RunningApi, ada: httpx2.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run("usage", "--server", api.url).exit_code == 2
    answer = _log_in(api, monkeypatch, lambda: _answer(ada, api, "approve"))
    assert json.loads(answer.stdout) == {"server": api.url, "username": "Ada"}

    assert _run("usage", "--server", f"{api.url}/").exit_code == 0
    other = _run("usage", "--server", api.url.replace("127.0.0.1", "localhost"))
    assert (other.exit_code, "prompt2mesh login --server http://localhost" in other.stderr) == (2, True)


def test_a_second_login_ends_the_first_session(
    api: RunningApi, ada: httpx2.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _log_in(api, monkeypatch, lambda: _answer(ada, api, "approve"))
    first = json.loads(home.read_text())["servers"][api.url]["token"]
    _log_in(api, monkeypatch, lambda: _answer(ada, api, "approve"))
    second = json.loads(home.read_text())["servers"][api.url]["token"]

    assert [_status(api, first), _status(api, second)] == [401, 200]


def test_logout_ends_the_session_and_forgets_it(
    api: RunningApi, ada: httpx2.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _log_in(api, monkeypatch, lambda: _answer(ada, api, "approve"))
    token = json.loads(home.read_text())["servers"][api.url]["token"]

    assert _run("logout", "--server", api.url).stdout == f"Signed out of {api.url}.\n"
    assert _status(api, token) == 401
    assert json.loads(home.read_text()) == {"servers": {}}
    again = _run("logout", "--server", api.url)
    assert (again.exit_code, "not signed in" in again.stderr) == (2, True)


def test_logout_of_a_server_that_is_gone_forgets_it_all_the_same(home: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    credentials.keep(nowhere, credentials.Credential("ada", "p2m_ses_x"))

    answer = _run("logout", "--server", nowhere)

    assert (answer.exit_code, "did not answer" in answer.stdout) == (0, True)
    assert credentials.find(nowhere) is None


def test_who_is_turned_away_is_told(
    api: RunningApi, ada: httpx2.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _log_in(api, monkeypatch, lambda: _answer(ada, api, "deny"))

    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["message"] == "The sign-in was turned down."
    assert not home.exists()


def test_the_device_waits_longer_each_time_it_is_asked_to(
    api: RunningApi, ada: httpx2.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:  # it takes no time, so the server finds each poll but the first too soon
        waits.append(seconds)
        if len(waits) == 4:
            _answer(ada, api, "approve")

    monkeypatch.setattr(cloud.cli.login, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    assert _run("login", "--server", api.url).exit_code == 0
    assert waits == [5, 5, 10, 15]


def _status(api: RunningApi, token: str) -> int:
    return httpx2.get(f"{api.url}/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


def _as_ada(api: RunningApi, ada: httpx2.Client, *arguments: str) -> Result:
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    return _run(*arguments, "--server", api.url, "--token", token)


def test_tokens_are_made_listed_and_revoked(api: RunningApi, ada: httpx2.Client, home: Path) -> None:
    made = _as_ada(api, ada, "token", "create", "nightly", "--scope", "read", "--days", "7")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    assert kind_of(token) == "pat"
    assert _status(api, token) == 200
    listed = _as_ada(api, ada, "token", "list").stdout
    assert "nightly" in listed
    assert f"…{token[-4:]}" in listed
    assert token not in listed

    shown = json.loads(_as_ada(api, ada, "token", "list", "--json").stdout)
    assert _as_ada(api, ada, "token", "revoke", shown[0]["id"][:8]).exit_code == 0
    assert _status(api, token) == 401
    assert _as_ada(api, ada, "token", "revoke", "nightly").exit_code == 2


def test_a_token_that_cannot_be_made_is_told(api: RunningApi, ada: httpx2.Client, home: Path) -> None:
    answer = _as_ada(api, ada, "token", "create", "x", "--scope", "admin")

    assert (answer.exit_code, "Only admins" in answer.stderr) == (2, True)


@pytest.mark.parametrize("server", ["", "mesh.example.org", "ftp://x", "http://", "http://[", "http://x:99999"])
def test_a_server_that_is_none_is_told(server: str, home: Path) -> None:
    answer = _run("login", "--server", server)

    assert answer.exit_code == 2
    assert "server" in answer.stderr


def test_a_server_that_is_no_prompt2mesh_is_told(home: Path, other_site: str) -> None:
    answer = _run("login", "--server", other_site)

    assert answer.exit_code in (1, 2)
    assert "Traceback" not in answer.output


@pytest.fixture
def other_site() -> Iterator[str]:
    """A web server with pages of its own."""

    class Pages(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
