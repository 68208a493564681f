"""What the API says of each request: an id, in its answer, in its problem and in its log; and numbers without ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.conftest import sign_in
from tests.conftest import RunningApi, serve_api
from tests.telemetry.scrape import scrape
from tests.telemetry.test_endpoint import free_port

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def counted_api(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    from cloud.settings import Settings

    data_dir, port = tmp_path_factory.mktemp("data"), free_port()
    settings = Settings(data_dir=data_dir, database_url=database_url, metrics_port=port, metrics_host="127.0.0.1")
    with serve_api(settings) as running:
        yield running


@pytest.fixture(scope="module")
def grace(counted_api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(counted_api)
    yield client
    client.close()


def test_a_plain_id_of_the_client_is_kept(grace: httpx2.Client) -> None:
    assert grace.get("/v1/me", headers={"X-Request-Id": "build-4711.a_B"}).headers["X-Request-Id"] == "build-4711.a_B"


@pytest.mark.parametrize(
    "given", ["", "short", "with space in it", "x" * 65, 'quote"s-are-out', "-begins-with-it", "é" * 9]
)
def test_any_other_id_is_replaced(grace: httpx2.Client, given: str) -> None:
    answered = grace.get("/v1/me", headers=[(b"X-Request-Id", given.encode())]).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", answered)


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/projects/x", 422), ("/nowhere", 404), (f"/v1/jobs/{_NOBODYS}", 404)]
)
def test_a_problem_names_its_request(grace: httpx2.Client, path: str, status: int) -> None:
    answer = grace.get(path)
    assert answer.status_code == status
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_two_requests_have_two_ids(grace: httpx2.Client) -> None:
    assert len({grace.get("/v1/me").headers["X-Request-Id"] for _ in range(5)}) == 5


def test_requests_are_counted_by_their_routes_template(counted_api: RunningApi, grace: httpx2.Client) -> None:
    port = counted_api.settings.metrics_port
    labels = {"method": "GET", "route": "/v1/projects/{project_id}", "status": "404"}
    before = scrape(port).value("prompt2mesh_http_requests_total", labels)
    unknown = [str(uuid.uuid4()) for _ in range(3)]
    for project in unknown:
        grace.get(f"/v1/projects/{project}")
    told = scrape(port)
    assert told.value("prompt2mesh_http_requests_total", labels) == before + 3
    assert told.value("prompt2mesh_http_request_duration_seconds_count", {"route": labels["route"]}) >= 3
    assert not [name for name in unknown if name in str(told.samples)]


def test_errors_are_counted_by_their_code(counted_api: RunningApi, grace: httpx2.Client) -> None:
    port = counted_api.settings.metrics_port
    before = scrape(port).value("prompt2mesh_errors_total", {"part": "api", "code": "not_found"})
    grace.get("/nowhere")
    assert scrape(port).value("prompt2mesh_errors_total", {"part": "api", "code": "not_found"}) == before + 1


def test_waiting_jobs_are_counted_by_users_who_could_go_on(counted_api: RunningApi, grace: httpx2.Client) -> None:
    other = sign_in(counted_api)
    for client, prompts in ((grace, 2), (other, 1)):
        for number in range(prompts):
            project = client.post("/v1/projects", json={"name": f"P{number}"}).json()["id"]
            assert client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a cube"}).status_code == 202
    other.close()
    deadline = time.monotonic() + 20  # what was asked lately is not asked again
    while scrape(counted_api.settings.metrics_port).value("prompt2mesh_jobs", {"state": "queued"}) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    told = scrape(counted_api.settings.metrics_port)
    assert told.value("prompt2mesh_jobs", {"state": "queued"}) == 3
    assert told.value("prompt2mesh_jobs_waiting") == 2, "a user's second job waits for the first, not for a runner"
    assert told.value("prompt2mesh_queue_oldest_age_seconds") > 0


def test_the_log_has_the_ids_of_the_request_and_the_trace(database_url: str, tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud.api", "--port", str(port)],
        env={**kept, "DATABASE_URL": database_url, "P2M_DATA_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        transport = httpx2.HTTPTransport(retries=8)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30) as client:
            ids = {"X-Request-Id": "the-request-1", "traceparent": PARENT}
            client.post("/v1/sessions", json={"username": "nobody", "password": "wrong password"}, headers=ids)
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    [request] = [line for line in lines if line["event"] == "request"]
    assert (request["request_id"], request["trace_id"]) == ("the-request-1", "0af7651916cd43dd8448eb211c80319c")
    assert (request["method"], request["route"], request["status"]) == ("POST", "/v1/sessions", 401)
    assert not [
        line for line in lines if line["event"] != "request" and "request_id" in line and line["level"] == "info"
    ]
