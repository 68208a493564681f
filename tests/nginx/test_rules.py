"""What nginx does with requests: who gets them, how soon, how many, how large, and what it says when it refuses."""

import asyncio
import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import websockets.asyncio.client
from websockets.exceptions import InvalidStatus

from cloud.db.engine import Database
from cloud.jobs.events import AgentText
from tests.api.conftest import PASSWORD
from tests.api.rows import emit
from tests.conftest import RunningApi
from tests.nginx.conftest import address_of
from tests.support.real_nginx import HOST, RunningNginx, real_nginx

pytestmark = pytest.mark.heavy  # they need the real nginx, which a clean machine installs first

MIB = 2**20


@pytest.fixture
def outside(nginx: RunningNginx) -> Iterator[httpx2.Client]:
    """Anybody, over TLS."""
    with httpx2.Client(base_url=nginx.url, verify=nginx.trust, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/healthz", 200, '"status"'),
        ("/readyz", 200, '"status"'),
        ("/v1/me", 401, '"unauthorized"'),
        ("/mcp", 401, '"unauthorized"'),
        ("/docs", 200, "Prompt2Mesh"),
        ("/openapi.json", 200, '"openapi"'),
        ("/s/p2m_shr_nobody", 404, ""),
        ("/assets/0/page.css", 404, '"not_found"'),
        ("/", 200, "<title>Streamlit</title>"),
        ("/device?code=AAAA-BBBB", 200, "<title>Streamlit</title>"),
        ("/docs/more", 200, "<title>Streamlit</title>"),
        ("/_stcore/health", 200, "ok"),
    ],
)
def test_each_address_goes_to_its_part(outside: httpx2.Client, path: str, status: int, said: str) -> None:
    answer = outside.get(path)

    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]


def test_plain_http_leads_to_https_at_the_same_address(nginx: RunningNginx) -> None:
    answer = httpx2.get(f"http://{HOST}:{nginx.http_port}/device?code=1", timeout=5)

    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{HOST}/device?code=1")


def test_another_host_gets_nothing(nginx: RunningNginx) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"http://127.0.0.1:{nginx.http_port}/", headers={"Host": "elsewhere.example"}, timeout=5)
    with pytest.raises(httpx2.ConnectError, match=r"(?i)ssl|alert"):
        httpx2.get(f"https://127.0.0.1:{nginx.https_port}/", verify=nginx.trust, timeout=5)


def test_the_api_knows_the_clients_address_and_not_what_the_client_claims(
    api: RunningApi, outside: httpx2.Client, user: httpx2.Client
) -> None:
    def address_after_sign_in(client: httpx2.Client) -> str:
        claimed = {"X-Forwarded-For": "8.8.8.8"}
        session = client.post("/v1/sessions", json={"username": "Ada", "password": PASSWORD}, headers=claimed)
        return next(
            one["address"] for one in user.get("/v1/sessions").json()["items"] if one["id"] == session.json()["id"]
        )

    with httpx2.Client(base_url=api.url, timeout=20) as proxy:
        assert address_after_sign_in(proxy) == "8.8.8.8", "a proxy that is trusted is believed"
    assert address_after_sign_in(outside) == "127.0.0.1"


async def test_live_events_arrive_as_soon_as_without_nginx(
    api: RunningApi, nginx: RunningNginx, user: httpx2.Client, project: str
) -> None:
    job = user.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    clients = {
        "direct": httpx2.Client(base_url=api.url, timeout=30, headers=user.headers),
        "nginx": httpx2.Client(base_url=nginx.url, timeout=30, headers=user.headers, verify=nginx.trust),
    }
    arrivals: dict[str, dict[str, float]] = {way: {} for way in clients}

    def follow(way: str) -> None:
        with clients[way] as client, client.stream("GET", f"/v1/jobs/{job}/events") as answer:
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    text = str(json.loads(line[5:]).get("text"))
                    arrivals[way][text] = time.monotonic()
                    if text == "49":
                        return

    followers = [threading.Thread(target=follow, args=(way,)) for way in clients]
    for follower in followers:
        follower.start()
    database = Database.connect(api.settings.database_url, pool_size=2)
    try:
        while not all(arrivals.values()):  # noqa: ASYNC110 - until both threads follow
            await asyncio.sleep(0.05)
        for number in range(50):
            await emit(database, job, AgentText(text=str(number)))
            await asyncio.sleep(0.02)
    finally:
        await database.aclose()
    for follower in followers:
        await asyncio.to_thread(follower.join, 20)

    late = [arrivals["nginx"][str(number)] - arrivals["direct"][str(number)] for number in range(50)]
    print(f"nginx later by, ms: p50 {1e3 * statistics.median(late):.1f}, most {1e3 * max(late):.1f}")  # noqa: T201 - a measurement
    assert statistics.median(late) < 0.05
    assert max(late) < 1.0


async def test_the_web_uis_socket_opens_for_our_own_pages_alone(nginx: RunningNginx) -> None:
    address = f"wss://{HOST}:{nginx.https_port}/_stcore/stream"
    connect = websockets.asyncio.client.connect

    async with connect(address, ssl=nginx.trust, origin=f"https://{HOST}:{nginx.https_port}") as socket:  # type: ignore[arg-type]
        await asyncio.wait_for(await socket.ping(), 10)
    with pytest.raises(InvalidStatus):
        async with connect(address, ssl=nginx.trust, origin="https://elsewhere.example"):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(("mib", "status"), [(200, 202), (201, 413), (230, 413)])
def test_imports_pass_up_to_their_limit_and_are_refused_in_a_sentence_above(
    outside: httpx2.Client, user: httpx2.Client, project: str, mib: int, status: int
) -> None:
    head = b"# a triangle\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    rest = mib * MIB - len(head)
    line = b"# nothing here that anybody needs to read, but of a known size.\n" * 1024

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(rest // len(line)):
            yield line
        yield line[: rest % len(line)]

    answer = outside.post(
        f"/v1/projects/{project}/imports",
        params={"name": "big.obj"},
        content=body(),
        headers={"Authorization": user.headers["Authorization"], "Content-Length": str(mib * MIB)},
        timeout=120,
    )

    assert answer.status_code == status, answer.text
    if status == 413:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "too_large"
        assert "200 MiB" in answer.json()["detail"]


def test_too_many_requests_are_refused_in_a_sentence_and_others_go_on(
    api: RunningApi, ui_url: str, tmp_path: Path
) -> None:
    slower = {"rate=50r/s": "rate=1r/s", "burst=200": "burst=20"}
    with (
        real_nginx(tmp_path, address_of(api.url), address_of(ui_url), slower) as nginx,
        httpx2.Client(base_url=nginx.url, verify=nginx.trust, timeout=30) as client,
    ):
        answers = [client.get("/healthz") for _ in range(60)]
        page = client.get("/")

    refused = [answer for answer in answers if answer.status_code != 200]
    assert 30 <= len(refused) <= 39
    assert {answer.status_code for answer in refused} == {429}
    assert refused[0].json()["code"] == "too_many_requests"
    assert "Too many requests" in refused[0].json()["detail"]
    assert int(refused[0].headers["retry-after"]) >= 1
    assert page.status_code == 200, "the web UI is counted by itself"


def test_the_real_limits_let_a_page_through_and_stop_a_flood(tmp_path: Path) -> None:
    """200 at once from one address, and 50 a second more: a page is a few dozen. Nobody is behind, so none waits."""
    asked, ask = 500, f"GET /v1/me HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()

    async def flood(nginx: RunningNginx) -> list[bytes]:
        reader, writer = await asyncio.open_connection(HOST, nginx.https_port, ssl=nginx.trust)
        writer.write(ask * asked)
        got = b""
        while len(codes := re.findall(rb"HTTP/1.1 (\d+)", got)) < asked:
            got += await asyncio.wait_for(reader.read(2**16), 20)
        writer.close()
        return codes

    with real_nginx(tmp_path, "127.0.0.1:9", "127.0.0.1:9") as nginx:
        codes = asyncio.run(flood(nginx))
    assert codes[:201] == [b"503"] * 201
    assert set(codes[201:]) <= {b"429", b"503"}
    assert codes.count(b"429") > 150


def test_a_part_that_is_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    with (
        real_nginx(tmp_path, "127.0.0.1:9", "127.0.0.1:9") as nginx,
        httpx2.Client(base_url=nginx.url, verify=nginx.trust, timeout=30) as client,
    ):
        for path in ("/v1/me", "/"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.json()["detail"].startswith("The server cannot be reached just now")
            assert answer.headers["retry-after"] == "5"


async def test_a_stream_of_silence_lasts_as_long_as_the_limit_says(tmp_path: Path) -> None:
    """The limit is an hour (asserted from what nginx says that it runs), and it is the one that cuts: at 2 s it does.

    The API says something every 15 s, so no stream comes near it.
    """

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: first\n\n")
        await writer.drain()
        await asyncio.sleep(6)
        writer.write(b": second\n\n")
        await writer.drain()
        writer.close()

    async def read_through(nginx: RunningNginx) -> bytes:
        got = b""
        async with httpx2.AsyncClient(base_url=nginx.url, verify=nginx.trust, timeout=30) as client:
            try:
                async with client.stream("GET", "/v1/jobs/x/events") as answer:
                    async for piece in answer.aiter_raw():
                        got += piece
            except httpx2.RemoteProtocolError:
                pass
        return got

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    here = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        with real_nginx(tmp_path / "real", here, here) as nginx:
            assert await read_through(nginx) == b": first\n\n: second\n\n"
            told = nginx.whole_configuration
        with real_nginx(tmp_path / "short", here, here, {"proxy_read_timeout 1h": "proxy_read_timeout 2s"}) as nginx:
            assert await read_through(nginx) == b": first\n\n"
    assert re.findall(r"proxy_(?:read|send)_timeout (\w+);", told) == ["1h", "1h"]
