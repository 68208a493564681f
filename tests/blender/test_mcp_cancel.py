"""Progress of calls, and their end when the client takes them back or is gone."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import MCPError

from tests.blender.mcp_clients import ERAS, LEGACY, call_message, connected, raw_headers
from tests.blender.pod_process import RunningPod, running_pod

pytestmark = pytest.mark.blender

CUBE = "bpy.ops.mesh.primitive_cube_add()"
# A call whose cancel was lost comes to its end, and its change is seen: no timing tells the two apart.
STUCK = "import time\nbpy.data.objects['Cube'].name = 'Changed'\nend = time.time() + 60\nwhile time.time() < end: pass"
HALF_AN_HOUR = {"code": STUCK, "timeout_s": 1800}


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPod]:
    """A pod of this module's own: each test takes its spare."""
    with running_pod(tmp_path_factory.mktemp("cancel-pod")) as running:
        yield running


async def _until_busy(pod: RunningPod) -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient(trust_env=False) as http:
        while (await http.get(f"{pod.base_url}/readyz")).json()["status"] != "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _at_work(pod: RunningPod) -> AsyncIterator[None]:
    """Around what ends a stuck call: before, a cube stands; after, the pod answers with it again."""
    async with pod.toolbox(CUBE):
        yield
    async with connected(pod) as client:
        seen = await client.call_tool("inspect", {})
    assert [entry["name"] for entry in seen.structured_content["objects"]] == ["Cube"]


@pytest.mark.parametrize("mode", ERAS)
async def test_progress_is_told_each_second_while_blender_works_and_while_a_call_waits(
    pod: RunningPod, mode: str
) -> None:
    working: list[tuple[float, float | None, str | None]] = []
    waiting: list[str | None] = []

    async def note_work(progress: float, total: float | None, message: str | None) -> None:
        working.append((progress, total, message))

    async def note_wait(progress: float, total: float | None, message: str | None) -> None:
        waiting.append(message)

    step = {"code": "import time\ntime.sleep(2.2)", "timeout_s": 60}
    async with connected(pod, mode) as client:
        call = asyncio.create_task(client.call_tool("run_python", step, progress_callback=note_work))
        await _until_busy(pod)
        await client.call_tool("inspect", {}, progress_callback=note_wait)
        await call
    assert len(working) >= 2
    assert [seconds for seconds, *_ in working] == sorted({seconds for seconds, *_ in working})
    assert all(total and seconds < total for seconds, total, _ in working)
    assert all(words and "at work" in words and "of at most 60 s" in words for *_, words in working)
    assert waiting
    assert waiting[0] == "Waiting for the call before."


@pytest.mark.parametrize("mode", ERAS)
async def test_a_call_that_the_client_cancels_ends_and_is_undone(pod: RunningPod, mode: str) -> None:
    async with _at_work(pod), connected(pod, mode) as client:
        call = asyncio.create_task(client.call_tool("run_python", HALF_AN_HOUR))
        await _until_busy(pod)
        call.cancel()
        await asyncio.wait([call])


@pytest.mark.parametrize("mode", ERAS)
async def test_a_call_cancelled_while_it_waits_never_runs_and_the_one_at_work_goes_on(
    pod: RunningPod, mode: str
) -> None:
    busy = "import time\ntime.sleep(1)\nprint('done')"
    async with _at_work(pod), connected(pod, mode) as client:
        first = asyncio.create_task(client.call_tool("run_python", {"code": busy}))
        await _until_busy(pod)
        second = asyncio.create_task(client.call_tool("run_python", HALF_AN_HOUR))
        await asyncio.sleep(0.2)  # there is nothing to see of a call that waits
        second.cancel()
        await asyncio.wait([second])
        result = await first
    assert not result.is_error
    assert "done" in result.structured_content["stdout"]


@pytest.mark.parametrize("version", ["2026-07-28", LEGACY])
async def test_a_client_killed_during_a_call_leaves_nothing_running(pod: RunningPod, version: str) -> None:
    mode = "auto" if version != LEGACY else "legacy"
    program = (
        "import asyncio, sys\nfrom tests.blender.mcp_clients import connect_and_call\n"
        f"asyncio.run(connect_and_call(sys.argv[1], sys.argv[2], {mode!r}, 'run_python', {HALF_AN_HOUR!r}))"
    )
    async with _at_work(pod):
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, pod.base_url, pod.bearer(), cwd=Path(__file__).parents[2]
        )
        await _until_busy(pod)
        client.send_signal(signal.SIGKILL)
        await client.wait()


async def _initialized(http: httpx2.AsyncClient, pod: RunningPod) -> dict[str, str]:
    """The headers of a fresh session of a client that speaks the protocol by hand."""
    info = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": info}
    answer = await http.post(f"{pod.base_url}/mcp", json=message, headers=raw_headers(pod))
    return raw_headers(pod, Mcp_Session_Id=answer.headers["mcp-session-id"])


def _cancel_message(request_id: Any) -> dict[str, Any]:
    params = {"requestId": request_id, "reason": "no longer needed"}
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}


async def test_a_cancel_in_a_request_of_its_own_ends_the_call_of_its_session_alone(pod: RunningPod) -> None:
    async with _at_work(pod), httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        ours, others = await _initialized(http, pod), await _initialized(http, pod)
        url = f"{pod.base_url}/mcp"
        call = asyncio.create_task(http.post(url, json=call_message("run_python", HALF_AN_HOUR, 7), headers=ours))
        await _until_busy(pod)
        for headers in (others, raw_headers(pod)):
            assert (await http.post(url, json=_cancel_message(7), headers=headers)).status_code == 202
        assert (await http.post(url, json=_cancel_message("7"), headers=ours)).status_code == 202
        done, _ = await asyncio.wait([call], timeout=0.3)
        assert not done
        assert (await http.post(url, json=_cancel_message(7), headers=ours)).status_code == 202
        async with asyncio.timeout(10):
            answer = await call
        assert '"error":{"code":-32800' in answer.text


async def test_a_cancel_that_overtakes_its_call_is_kept_for_it(pod: RunningPod) -> None:
    async with _at_work(pod), httpx2.AsyncClient(timeout=10, trust_env=False) as http:
        headers = await _initialized(http, pod)
        await http.post(f"{pod.base_url}/mcp", json=_cancel_message(3), headers=headers)
        message = call_message("run_python", HALF_AN_HOUR, 3)
        answer = await http.post(f"{pod.base_url}/mcp", json=message, headers=headers)
        assert '"error":{"code":-32800' in answer.text


async def test_the_end_of_a_session_ends_its_calls(pod: RunningPod) -> None:
    async with _at_work(pod), httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        headers = await _initialized(http, pod)
        message = call_message("run_python", HALF_AN_HOUR)
        call = asyncio.create_task(http.post(f"{pod.base_url}/mcp", json=message, headers=headers))
        await _until_busy(pod)
        assert (await http.delete(f"{pod.base_url}/mcp", headers=headers)).status_code == 204
        async with asyncio.timeout(10):
            await call


@pytest.mark.parametrize("token", [None, "p"])
async def test_a_dropped_connection_ends_the_call(pod: RunningPod, token: str | None) -> None:
    meta = {} if token is None else {"progressToken": token}
    message = call_message("run_python", HALF_AN_HOUR, 1, **meta)
    async with _at_work(pod), httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        call = asyncio.create_task(http.post(f"{pod.base_url}/mcp", json=message, headers=raw_headers(pod)))
        await _until_busy(pod)
        call.cancel()
        await asyncio.wait([call])


async def test_a_client_that_only_leaves_ends_its_call(pod: RunningPod) -> None:
    async with _at_work(pod):
        async with connected(pod) as client:
            call = asyncio.create_task(client.call_tool("run_python", HALF_AN_HOUR))
            await _until_busy(pod)
        [left] = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(left, MCPError)
