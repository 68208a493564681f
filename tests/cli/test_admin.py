"""`prompt2mesh admin` against the real API: what it prints, and what it changes."""

import json
import uuid
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from typer.testing import CliRunner, Result

from cloud.cli.commands import app
from cloud.db.engine import libpq_url
from tests.api.conftest import sign_in
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def root(api: RunningApi) -> Iterator[httpx2.Client]:
    """An admin."""
    client = sign_in(api, "Root of all")
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as connection:
        connection.execute("UPDATE users SET is_admin = true WHERE username = 'Root of all'")
    yield client
    client.close()


@pytest.fixture
def eve(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, f"Eve [b]{uuid.uuid4().hex[:8]}")
    yield client
    client.close()


def _name_of(client: httpx2.Client) -> str:
    return client.get("/v1/me").json()["username"]


def _run(api: RunningApi, who: httpx2.Client, *arguments: str) -> Result:
    token = who.headers["Authorization"].removeprefix("Bearer ")
    return CliRunner().invoke(app, ["admin", *arguments, "--server", api.url, "--token", token], env={"COLUMNS": "300"})


def test_accounts_are_listed_and_searched(api: RunningApi, root: httpx2.Client, eve: httpx2.Client) -> None:
    name = _name_of(eve)
    told = _run(api, root, "users", name[6:].upper()).stdout
    assert [line for line in told.splitlines() if line.startswith(name)]
    assert "Root of all" not in told
    assert "no such users" in _run(api, root, "users", "nobody is named so").stdout
    listed = json.loads(_run(api, root, "users", "--most", "1", "--json").stdout)
    assert [one["username"] for one in listed] == [name]


def test_a_user_is_suspended_and_restored(api: RunningApi, root: httpx2.Client, eve: httpx2.Client) -> None:
    name = _name_of(eve)
    told = _run(api, root, "suspend", name.upper(), "--for", "It mines [red]coins.")
    assert (told.exit_code, "suspended since" in told.stdout) == (0, True)
    assert "It mines [red]coins." in told.stdout
    refused = eve.get("/v1/me")
    assert (refused.status_code, "mines" in refused.json()["detail"]) == (403, True)
    assert name in _run(api, root, "users", "--suspended").stdout
    assert name not in _run(api, root, "users", "--active").stdout

    assert "active, since" in _run(api, root, "restore", name).stdout
    assert eve.get("/v1/me").status_code == 200
    again = _run(api, root, "restore", name)
    assert (again.exit_code, "not suspended" in again.stderr) == (2, True)


def test_quotas_are_set_shown_and_taken_back(api: RunningApi, root: httpx2.Client, eve: httpx2.Client) -> None:
    name, user_id = _name_of(eve), eve.get("/v1/me").json()["id"]
    told = _run(api, root, "quota", name, "--day-jobs", "7", "--month-usd", "2.5", "--storage-mib", "0").stdout
    assert "Set by an admin: --day-jobs 7, --month-usd 2.5, --storage-mib 0." in told
    assert "0 of 7" in told
    detail = json.loads(_run(api, root, "quota", user_id, "--day-jobs", "usual", "--json").stdout)
    assert detail["own_limits"] == {"day_jobs": None, "month_usd": 2.5, "month_tokens": None, "storage_mib": 0}
    assert json.loads(_run(api, root, "user", name, "--json").stdout)["own_limits"] == detail["own_limits"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quota", "NAME", "--day-jobs", "few"), "--day-jobs takes a number"),
        (("quota", "NAME", "--month-usd", "nan"), "--month-usd takes a number"),
        (("quota", "NAME", "--storage-mib=-1"), "--storage-mib takes a number"),
        (("user", "nobody is named so"), "no user named 'nobody is named so'"),
    ],
    ids=["a word", "not a number", "negative", "an unknown user"],
)
def test_what_makes_no_sense_is_told(
    api: RunningApi, root: httpx2.Client, eve: httpx2.Client, arguments: tuple[str, ...], said: str
) -> None:
    name = _name_of(eve)
    answer = _run(api, root, *(name if each == "NAME" else each for each in arguments))
    assert (answer.exit_code, said in answer.stderr) == (2, True), answer.stderr


def test_what_is_at_work_is_shown_without_what_it_is_about(
    api: RunningApi, root: httpx2.Client, eve: httpx2.Client
) -> None:
    project = eve.post("/v1/projects", json={"name": "secret palace"}).json()["id"]
    job = eve.post(f"/v1/projects/{project}/jobs", json={"prompt": "a secret palace"}).json()["id"]
    told = _run(api, root, "jobs").stdout
    (line,) = [line for line in told.splitlines() if line.startswith(job)]
    assert (_name_of(eve) in line, "build" in line, "queued" in line) == (True, True, True)
    assert job not in _run(api, root, "jobs", "--state", "running").stdout
    totals = _run(api, root, "totals").stdout
    assert "queued jobs" in totals
    assert "Money this month" in totals
    assert "secret" not in told + totals


def test_nobody_but_an_admin_is_let_in(api: RunningApi, eve: httpx2.Client) -> None:
    answer = _run(api, eve, "users")
    assert (answer.exit_code, answer.stdout) == (2, "")
