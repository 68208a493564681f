"""The API as a process, as the supervisor starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from cloud.db.engine import libpq_url
from cloud.db.migrate import newest_version
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.conftest import RunningApi, serve_api


def _environment(database_url: str, data_dir: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return {**kept, "DATABASE_URL": database_url, "P2M_DATA_DIR": str(data_dir)}


@contextmanager
def _api_process(database_url: str, data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], RunningApi]]:
    listener = socket.create_server(("127.0.0.1", 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud.api", "--fd", str(listener.fileno())],
        pass_fds=[listener.fileno()],
        env=_environment(database_url, data_dir),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        # The socket listens already: a request waits until the process takes it.
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        yield process, RunningApi(url, Settings(data_dir=data_dir, database_url=database_url))
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_sigterm_ends_the_process_at_once_though_a_stream_is_open(database_url: str, tmp_path: Path) -> None:
    with _api_process(database_url, tmp_path) as (process, api):
        client = sign_in(api)
        project = client.post("/v1/projects", json={"name": "x"}).json()["id"]
        job = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
        with client.stream("GET", f"/v1/jobs/{job}/events") as response:
            chunks = response.iter_bytes()
            assert b"job.queued" in next(chunks)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=10)

            assert time.monotonic() - started < 3
            assert b"".join(chunks) == b""
        assert "Traceback" not in errors
        client.close()


def test_a_missing_database_address_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cloud.api", "--port", "0"],
        env=_environment("", tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, "DATABASE_URL is not set" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_in_one_sentence(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "cloud.api", "--port", str(port)],
            env=_environment(database_url, tmp_path),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_its_database_the_api_is_alive_not_ready_and_says_so(tmp_path: Path) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}/nowhere"
    with (
        serve_api(Settings(data_dir=tmp_path, database_url=nowhere)) as api,
        httpx2.Client(base_url=api.url, timeout=60) as client,
    ):
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
        log_in = client.post("/v1/sessions", json={"username": "ada", "password": "long enough"})
        assert (log_in.status_code, log_in.json()["code"]) == (503, "unavailable")
        assert log_in.headers["Retry-After"]


@pytest.mark.parametrize(("version", "status"), [("9999", 200), ("0001", 503)])
def test_a_later_schema_keeps_the_old_processes_of_a_roll_out_ready(
    version: str, status: int, database_url: str, tmp_path: Path
) -> None:
    with (
        serve_api(Settings(data_dir=tmp_path, database_url=database_url)) as api,
        httpx2.Client(base_url=api.url, timeout=60) as client,
        psycopg.connect(libpq_url(database_url), autocommit=True) as connection,
    ):
        connection.execute("UPDATE alembic_version SET version_num = %s", (version,))
        try:
            assert client.get("/readyz").status_code == status
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", (newest_version(),))


def test_an_unwritable_store_is_not_ready(database_url: str, tmp_path: Path) -> None:
    with (
        serve_api(Settings(data_dir=tmp_path, database_url=database_url)) as api,
        httpx2.Client(base_url=api.url, timeout=60) as client,
    ):
        assert client.get("/readyz").status_code == 200
        api.settings.artifacts_dir.joinpath("probe").unlink()
        api.settings.artifacts_dir.rmdir()
        api.settings.artifacts_dir.write_text("in the way")

        assert client.get("/readyz").json()["code"] == "store_unavailable"


RFC_8628 = ("/v1/device/authorize", "/v1/device/token")
"""Their refusals have the form that RFC 6749, 5.2, gives them."""


def test_the_openapi_document_describes_every_operation(api: RunningApi) -> None:
    document = httpx2.get(f"{api.url}/openapi.json").json()
    operations = [(path, one) for path, of_path in document["paths"].items() for one in of_path.values()]

    assert len({one["operationId"] for _, one in operations}) == len(operations)
    for path, one in operations:
        assert one["summary"]
        for status, response in one["responses"].items():
            as_oauth_says = path in RFC_8628 and status == "400"
            if status >= "400":
                assert list(response["content"]) == [
                    "application/json" if as_oauth_says else "application/problem+json"
                ], path


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/healthz", "/readyz"])
def test_what_is_public_needs_no_token(anybody: httpx2.Client, path: str) -> None:
    assert anybody.get(path).status_code == 200


def test_a_small_call_takes_a_few_milliseconds(ada: httpx2.Client) -> None:
    def call() -> float:
        started = time.perf_counter()
        assert ada.get("/healthz").status_code == 200
        return time.perf_counter() - started

    # 40 ms is what two small writes take while the kernel waits to join them.
    assert min(call() for _ in range(20)) < 0.02
