"""Live events over HTTP: positions, projects, restarts, and clients that do not read."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.api.__main__ import ApiServer
from cloud.api.app import create_app
from cloud.db.engine import Database, libpq_url
from cloud.jobs.events import AgentText
from cloud.jobs.feed import tail
from tests.api.rows import emit, finish_job
from tests.conftest import RunningApi
from ui.api_client import ApiClient, ApiError


@pytest.fixture
def job(ada: httpx2.Client, project: str) -> str:
    return ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]


def typed_client(api: RunningApi, user: httpx2.Client) -> ApiClient:
    return ApiClient(api.url, str(user.headers["Authorization"]).removeprefix("Bearer "))


@pytest.mark.parametrize("way", ["header", "query"])
@pytest.mark.parametrize("kind", ["job", "project"])
def test_a_position_from_the_future_is_refused_with_the_last_number(
    ada: httpx2.Client, project: str, job: str, kind: str, way: str
) -> None:
    headers = {"Last-Event-ID": "2"} if way == "header" else {}
    params = {"after": "2"} if way == "query" else {}
    path = f"/v1/{kind}s/{job if kind == 'job' else project}/events"
    with ada.stream("GET", path, headers=headers, params=params) as answer:
        assert answer.status_code == 409
        answer.read()

    assert (answer.status_code, answer.json()["code"]) == (409, "from_the_future")
    assert answer.json()["detail"] == (
        f"{'Last-Event-ID' if headers else 'after'} 2 is from the future: "
        f"the last event of this {kind} so far is number 1."
    )


@pytest.mark.parametrize("path", ["/v1/jobs/{job}/events", "/v1/projects/{project}/events"])
def test_another_users_stream_is_not_found(eve: httpx2.Client, project: str, job: str, path: str) -> None:
    with eve.stream("GET", path.format(job=job, project=project), params={"after": "latest"}) as answer:
        assert answer.status_code == 404
        answer.read()

    assert answer.json()["code"] == "not_found"


def test_the_deletion_of_a_project_is_told_to_who_follows_it(
    ada: httpx2.Client, database_url: str, project: str
) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute("LISTEN p2m_events")
        ada.delete(f"/v1/projects/{project}")
        told = [one.payload for one in connection.notifies(timeout=10, stop_after=1)]
    assert told == [f"{project}:"]


async def test_a_projects_stream_from_now_on_has_what_all_its_jobs_do_until_it_is_deleted(
    api: RunningApi, ada: httpx2.Client, database: Database, project: str, job: str
) -> None:
    seen: list[tuple[int, str, Any]] = []
    ended: list[str] = []
    started = threading.Event()

    def follow() -> None:
        with typed_client(api, ada) as client:
            events = client.project_events(project, "latest")
            started.set()
            try:
                for event in events:
                    seen.append((event.seq, event.type, event.data["job_id"]))
            except ApiError as error:
                ended.append(error.code)

    follower = threading.Thread(target=follow)
    follower.start()
    assert started.wait(10)
    while not seen:  # until it follows
        await emit(database, job, AgentText(text="one"))
        await asyncio.sleep(0.05)
    first = seen[0][0]
    await finish_job(database, job)
    other = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "another"}).json()["id"]
    ada.delete(f"/v1/projects/{project}")
    follower.join(10)

    assert not follower.is_alive()
    assert first > 1
    assert [number for number, _, _ in seen] == list(range(first, first + len(seen)))
    assert seen[-3:] == [
        (seen[-3][0], "job.finished", job),
        (seen[-2][0], "job.queued", other),
        (seen[-1][0], "job.finished", other),
    ]
    assert ended == ["project_deleted"]


async def test_a_client_that_never_reads_is_cut_off_and_nobody_else_notices(
    api: RunningApi, ada: httpx2.Client, database: Database, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.api.connections.STALL_LIMIT_S", 0.3)
    waiting_bytes: list[int] = []
    push = tail.Follower.push

    def measured(self: tail.Follower, number: int, chunk: bytes, age_s: float) -> None:
        push(self, number, chunk, age_s)
        waiting_bytes.append(self._waiting_bytes)

    monkeypatch.setattr(tail.Follower, "push", measured)
    numbers: list[int] = []

    def read_all() -> None:
        with typed_client(api, ada) as client:
            numbers.extend(event.seq for event in client.events(job))

    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", int(api.url.rpartition(":")[2])))
        head = f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: x\r\nAuthorization: {ada.headers['Authorization']}\r\n\r\n"
        deaf.sendall(head.encode())
        assert deaf.recv(12) == b"HTTP/1.1 200"
        reader = threading.Thread(target=read_all)
        reader.start()
        for batch in range(60):
            await emit(database, job, *(AgentText(text=f"{batch} " + "x" * 20_000) for _ in range(5)))
        await finish_job(database, job)
        reader.join(20)
        assert not reader.is_alive()
        assert numbers == list(range(1, 303))
        assert max(waiting_bytes) <= tail.QUEUE_LIMIT_BYTES
        deadline = time.monotonic() + 60
        while _is_connected(deaf):
            assert time.monotonic() < deadline, "a client that does not read is still connected"
            await asyncio.sleep(0.05)


def _is_connected(peer: socket.socket) -> bool:
    """Whether the other end is still there, without reading."""
    tcp_established = 1
    return peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == tcp_established


@contextmanager
def serving(app_of: RunningApi, listener: socket.socket) -> Iterator[None]:
    """One life of an API at an address that outlives it."""
    server = ApiServer(create_app(app_of.settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener.dup()]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)
    assert not thread.is_alive()


async def test_a_client_gets_every_event_once_though_the_api_is_restarted(
    api: RunningApi, ada: httpx2.Client, database: Database, job: str
) -> None:
    seen: list[tuple[int, str]] = []
    first_came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = ApiClient(f"http://127.0.0.1:{listener.getsockname()[1]}", typed_client(api, ada).token)

        def follow() -> None:
            for event in client.events(job):
                seen.append((event.seq, event.type))
                first_came.set()

        follower = threading.Thread(target=follow)
        with serving(api, listener):
            follower.start()
            assert first_came.wait(10)
            await emit(database, job, AgentText(text="one"))
        await emit(database, job, AgentText(text="while nobody serves"))
        with serving(api, listener):
            await emit(database, job, AgentText(text="again"))
            await finish_job(database, job)
            follower.join(10)
        client.close()
    assert not follower.is_alive()
    assert seen == [(1, "job.queued"), (2, "text"), (3, "text"), (4, "text"), (5, "job.finished")]
