"""The port for Prometheus and the probes: it answers as long as its event loop turns, and never the public."""

import asyncio
import socket
import time
from collections.abc import Iterator

import httpx2
import pytest

from cloud.telemetry.endpoint import serve_telemetry
from cloud.telemetry.pulse import Pulse
from tests.conftest import RunningApi, serve_api
from tests.telemetry.scrape import scrape


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def get(port: int, path: str, limit_s: float = 5.0) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=limit_s) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_port_0_listens_nowhere() -> None:
    async with serve_telemetry("127.0.0.1", 0, part="runner", version="1") as port:
        assert port == 0


async def test_numbers_are_told_as_prometheus_reads_them() -> None:
    async with serve_telemetry("127.0.0.1", free_port(), part="runner", version="1.2.3") as port:
        told = await asyncio.to_thread(scrape, port)
    assert told.value("prompt2mesh_build_info", {"part": "runner", "version": "1.2.3"}) == 1
    assert "process_resident_memory_bytes" in told.names
    assert not [name for name in told.names if name.endswith("_created")]


async def test_a_pulse_that_stops_is_unwell_and_one_that_never_began_is_not() -> None:
    pulse = Pulse(limit_s=0.2)
    async with serve_telemetry("127.0.0.1", free_port(), part="runner", version="1", health=pulse.trouble) as port:
        assert (await get(port, "/healthz")).status_code == 200
        pulse.beat()
        assert (await get(port, "/healthz")).text == "ok\n"
        while not pulse.trouble():  # noqa: ASYNC110 - time itself is what is waited for
            await asyncio.sleep(0.02)
        unwell = await get(port, "/healthz")
    assert unwell.status_code == 503
    assert "last sign of life" in unwell.text


async def test_a_loop_that_is_stuck_gives_no_answer() -> None:
    async with serve_telemetry("127.0.0.1", free_port(), part="runner", version="1") as port:

        def probe() -> str:
            try:
                with httpx2.Client(trust_env=False, timeout=0.3) as client:
                    return client.get(f"http://127.0.0.1:{port}/healthz").text
            except httpx2.TimeoutException:
                return "no answer"

        probing = asyncio.create_task(asyncio.to_thread(probe))
        await asyncio.sleep(0)
        time.sleep(0.8)  # noqa: ASYNC251 - the loop is stuck
        assert await probing == "no answer"


async def test_what_is_asked_for_numbers_and_does_not_answer_delays_them_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cloud.telemetry.endpoint._REFRESH_LIMIT_S", 0.1)

    async def hangs() -> None:
        await asyncio.Event().wait()

    async with serve_telemetry("127.0.0.1", free_port(), part="api", version="1", refresh=hangs) as port:
        assert (await get(port, "/metrics", 3.0)).status_code == 200


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n", b"x" * 70_000, b"\r\n\r\n", b"POST /metrics HTTP/1.1\r\n\r\n"]
)
async def test_no_request_breaks_the_port(sent: bytes) -> None:
    async with serve_telemetry("127.0.0.1", free_port(), part="api", version="1") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b" 200 " not in answer.split(b"\r\n")[0]
        writer.close()
        assert (await get(port, "/healthz")).status_code == 200


async def test_a_port_that_is_taken_costs_only_the_numbers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with serve_telemetry("127.0.0.1", taken.getsockname()[1], part="api", version="1") as port:
            assert port == 0


@pytest.fixture(scope="module")
def measured_api(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    from cloud.settings import Settings

    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        metrics_port=free_port(),
        metrics_host="127.0.0.1",
    )
    with serve_api(settings) as running:
        yield running


def test_the_public_port_tells_no_numbers(measured_api: RunningApi) -> None:
    with httpx2.Client(base_url=measured_api.url, trust_env=False) as client:
        assert client.get("/metrics").status_code == 404
    told = scrape(measured_api.settings.metrics_port)
    assert "api" in told.labels("prompt2mesh_build_info", "part")
    assert "prompt2mesh_jobs_waiting" in told.names
