"""`prompt2mesh share` against the real API."""

import json
from collections.abc import Iterator

import httpx2
import pytest
from typer.testing import CliRunner, Result

from cloud.cli.commands import app
from tests.api.conftest import sign_in
from tests.api.shares import SECRET, Finished, finished_project
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "Ada")
    yield client
    client.close()


@pytest.fixture(scope="module")
def finished(ada: httpx2.Client, api: RunningApi) -> Finished:
    return finished_project(ada, api)


def _run(client: httpx2.Client, *arguments: str) -> Result:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    where = ("--server", str(client.base_url).rstrip("/"), "--token", token)
    return CliRunner().invoke(app, ["share", *arguments, *where], env={"COLUMNS": "300"})


def test_a_project_is_shared_listed_and_revoked(ada: httpx2.Client, finished: Finished) -> None:
    made = _run(ada, SECRET, "--title", "Tower [red]", "--days", "0")
    assert made.exit_code == 0, made.output
    url = made.stdout.strip()
    assert "until it is revoked" in made.stderr
    assert httpx2.get(url).status_code == 200
    assert "scene.blend" not in httpx2.get(url).text

    (row,) = [line for line in _run(ada, "list").stdout.splitlines() if "Tower [red]" in line]
    assert (f"…{url[-4:]}" in row, "never" in row) == (True, True)

    assert _run(ada, "revoke", row.split()[0]).exit_code == 0
    assert httpx2.get(url).status_code == 404
    assert "Tower" not in _run(ada, "list").stdout


def test_a_jobs_own_scene_is_shared_with_downloads(ada: httpx2.Client, finished: Finished) -> None:
    made = json.loads(_run(ada, "--download", finished.job, "--json").stdout)

    assert (made["snapshot_id"], made["allow_download"]) == (finished.steps[-1], True)
    assert ada.get(f"/v1/shares/{made['token']}/download/scene.blend").status_code == 200


@pytest.mark.parametrize("arguments", [["no such project"], ["revoke", "0" * 8], ["revoke", "a"]])
def test_what_cannot_be_done_is_said(ada: httpx2.Client, arguments: list[str]) -> None:
    refused = _run(ada, *arguments)

    assert refused.exit_code == 2
    assert "There is no" in refused.stderr


def test_a_job_without_a_scene_says_so(ada: httpx2.Client) -> None:
    project = ada.post("/v1/projects", json={"name": "empty"}).json()["id"]
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a box"}).json()["id"]

    assert "has made no scene" in _run(ada, job).stderr
    assert "has no scene yet" in _run(ada, project).stderr
