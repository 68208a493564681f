"""Jobs and their live events over HTTP."""

import json
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from cloud.db.engine import Database
from cloud.jobs.events import AgentText, JobStarted
from tests.api.rows import emit, finish_job, give_file, give_scene, start_job
from tests.conftest import RunningApi, serve_api


@pytest.fixture
def job(ada: httpx2.Client, project: str) -> str:
    return ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]


def test_a_job_holds_what_was_asked(ada: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    asked = {
        "prompt": " a chair\n",
        "model": "offline-modeller",
        "formats": ["stl", "blend", "stl"],
        "image_ids": [image],
    }

    answer = ada.post(f"/v1/projects/{project}/jobs", json=asked)

    assert answer.status_code == 202
    job = answer.json()
    assert (job["prompt"], job["model"], job["formats"]) == ("a chair", "offline-modeller", ["stl", "blend"])
    assert (job["state"], job["kind"], job["cancel_requested"]) == ("queued", "build", False)
    assert ada.get(f"/v1/jobs/{job['id']}").json() == job


def test_an_unknown_image_is_not_found_and_no_job_is_made(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "this", "image_ids": [str(uuid4())]})

    assert answer.status_code == 404
    assert ada.get("/v1/jobs", params={"project_id": project}).json()["items"] == []


async def test_jobs_are_filtered_by_project_and_state(ada: httpx2.Client, database: Database, project: str) -> None:
    first, second = (
        ada.post(f"/v1/projects/{project}/jobs", json={"prompt": prompt}).json()["id"] for prompt in ("a", "b")
    )
    await start_job(database, first)
    await finish_job(database, first)

    def listed(**filters: str) -> list[str]:
        return [one["id"] for one in ada.get("/v1/jobs", params={"project_id": project, **filters}).json()["items"]]

    assert listed() == [second, first]
    assert listed(state="succeeded") == [first]
    assert listed(state="queued") == [second]
    assert listed(state="failed") == []


def test_a_queued_job_is_cancelled_once(ada: httpx2.Client, job: str) -> None:
    answer = ada.post(f"/v1/jobs/{job}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    again = ada.post(f"/v1/jobs/{job}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "already ended" in again.json()["detail"]


async def test_a_running_job_is_asked_to_stop(ada: httpx2.Client, database: Database, job: str) -> None:
    await start_job(database, job)

    answer = ada.post(f"/v1/jobs/{job}/cancel").json()

    assert (answer["state"], answer["cancel_requested"]) == ("running", True)


async def test_an_export_needs_a_scene(ada: httpx2.Client, database: Database, project: str, job: str) -> None:
    empty = ada.post(f"/v1/projects/{project}/exports", json={"format": "fbx"})
    assert (empty.status_code, empty.json()["code"]) == (409, "empty_scene")
    await give_scene(database, job)

    answer = ada.post(f"/v1/projects/{project}/exports", json={"format": "fbx"})

    assert answer.status_code == 202
    assert (answer.json()["kind"], answer.json()["formats"]) == ("export", ["fbx"])
    assert ada.get(f"/v1/projects/{project}").json()["head_snapshot_id"]


async def test_a_jobs_files_are_its_own(ada: httpx2.Client, api: RunningApi, database: Database, job: str) -> None:
    artifact = await give_file(database, api, job, "scene.blend", b"BLENDER")

    items = ada.get(f"/v1/jobs/{job}/artifacts").json()["items"]

    assert [(one["id"], one["name"], one["bytes"], one["job_id"]) for one in items] == [
        (artifact, "scene.blend", 7, job)
    ]
    assert ada.get(f"/v1/artifacts/{artifact}").json() == items[0]


def _events(response: httpx2.Response) -> Iterator[tuple[int, str, dict[str, object]]]:
    """The stream's events, each as soon as it is there."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "id" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


async def test_events_come_live_in_order_and_the_stream_ends(ada: httpx2.Client, database: Database, job: str) -> None:
    await start_job(database, job)
    seen: list[tuple[int, str]] = []
    delays: list[float] = []
    arrived = threading.Event()

    def follow() -> None:
        with ada.stream("GET", f"/v1/jobs/{job}/events") as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["X-Accel-Buffering"] == "no"
            assert "no-store" in response.headers["Cache-Control"]
            for seq, kind, data in _events(response):
                seen.append((seq, kind))
                if kind == "text":
                    delays.append(time.perf_counter() - float(str(data["text"])))
                arrived.set()

    follower = threading.Thread(target=follow)
    follower.start()
    assert arrived.wait(10)
    await emit(database, job, JobStarted(attempt=1, model="m"))
    for _ in range(5):
        await emit(database, job, AgentText(text=str(time.perf_counter())))
    await finish_job(database, job)
    follower.join(timeout=10)

    assert not follower.is_alive()
    assert seen == [(1, "job.queued"), (2, "job.started"), *((n, "text") for n in range(3, 8)), (8, "job.finished")]
    assert max(delays) < 1.0


@pytest.mark.parametrize("way", ["header", "query"])
async def test_a_stream_resumes_after_the_last_event_that_came(
    ada: httpx2.Client, database: Database, job: str, way: str
) -> None:
    await emit(database, job, *(AgentText(text=word) for word in ("one", "two", "three")))
    await finish_job(database, job)
    headers = {"Last-Event-ID": "3"} if way == "header" else {}
    params = {"after": "3"} if way == "query" else {}

    with ada.stream("GET", f"/v1/jobs/{job}/events", headers=headers, params=params) as response:
        assert [(seq, kind) for seq, kind, _ in _events(response)] == [(4, "text"), (5, "job.finished")]


async def test_the_stream_of_a_finished_job_from_its_end_is_empty(
    ada: httpx2.Client, database: Database, job: str
) -> None:
    await finish_job(database, job)

    with ada.stream("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "2"}) as response:
        assert list(_events(response)) == []


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "²", "2147483648", "99999999999", "1e3"])
def test_a_bad_last_event_id_says_what_it_must_be(ada: httpx2.Client, job: str, value: str) -> None:
    answer = ada.get(f"/v1/jobs/{job}/events", headers=[(b"Last-Event-ID", value.encode())])

    assert answer.status_code == 422
    assert "Last-Event-ID" in answer.json()["detail"]


def test_silence_is_filled_with_comments(ada: httpx2.Client, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.feed.feed.HEARTBEAT_S", 0.05)

    with ada.stream("GET", f"/v1/jobs/{job}/events") as response:
        lines = response.iter_lines()
        assert any(line.startswith(":") for line in lines)


def test_the_api_stops_at_once_though_a_stream_is_open(api: RunningApi, ada: httpx2.Client, job: str) -> None:
    with serve_api(api.settings) as other, httpx2.Client(headers=ada.headers, timeout=20) as client:
        opened = client.stream("GET", f"{other.url}/v1/jobs/{job}/events")
        response = opened.__enter__()
        assert next(response.iter_bytes())
        started = time.monotonic()
    assert time.monotonic() - started < 3
    opened.__exit__(None, None, None)


def test_many_streams_hold_no_database_connections(ada: httpx2.Client, job: str) -> None:
    streams = [ada.stream("GET", f"/v1/jobs/{job}/events") for _ in range(40)]
    try:
        for stream in streams:
            assert stream.__enter__().status_code == 200
        assert ada.get(f"/v1/jobs/{job}").status_code == 200
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)
