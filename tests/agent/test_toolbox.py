"""The toolbox over real MCP: Messages API shapes, and what is told when the pod is gone."""

import asyncio
import base64
import json
from collections.abc import Iterator

import httpx2
import pytest

from cloud.agent import toolbox
from cloud.agent.toolbox import McpToolbox, ToolboxLost
from tests.blender.pod_process import RunningPod, run, running_pod

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPod]:
    """A pod of this module's own: it is killed at the end."""
    with running_pod(tmp_path_factory.mktemp("toolbox-pod"), "--no-spare") as running:
        yield running


async def test_tools_are_messages_api_definitions_in_a_stable_order(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        tools = await box.tools()
        assert await box.tools() == tools
    assert [tool["name"] for tool in tools] == [
        "run_python",
        "look",
        "inspect",
        "check",
        "lookup",
        "snapshots",
        "export",
        "import_file",
    ]
    assert all(tool["description"] and tool["input_schema"]["type"] == "object" for tool in tools)
    assert all(set(tool) == {"name", "description", "input_schema"} for tool in tools)
    assert len(json.dumps(tools)) < 4 * 1_500  # about 1,500 tokens, on every call


async def test_results_are_blocks_that_go_into_a_transcript_as_they_are(pod: RunningPod) -> None:
    async with pod.toolbox("bpy.ops.mesh.primitive_monkey_add()") as box:
        result = await box.call("look", {"views": ["front"], "size": 256})
    text, image = json.loads(json.dumps(list(result.content)))
    assert text["type"] == "text"
    assert image["source"]["media_type"] == "image/png"
    assert base64.b64decode(image["source"]["data"]).startswith(b"\x89PNG")


async def test_pictures_beyond_a_megabyte_arrive(pod: RunningPod) -> None:
    noisy = """
rng = np.random.default_rng(0)
mesh = bpy.data.meshes.new("Noise")
mesh.from_pydata(rng.random((9000, 3)).tolist(), [], np.arange(9000).reshape(-1, 3).tolist())
bpy.context.scene.collection.objects.link(bpy.data.objects.new("Noise", mesh))
"""
    async with pod.toolbox(noisy) as box:
        result = await box.call("look", {"views": ["front", "top", "left"], "size": 1024})
    images = [block for block in result.content if block["type"] == "image"]
    assert len(images) == 3
    assert sum(len(block["source"]["data"]) for block in images) > 2**20


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("no_such_tool", {}),
        ("run_python", {}),
        ("run_python", {"code": 5}),
        ("look", {"views": ["sideways"]}),
        ("look", {"views": []}),
        ("look", {"size": 100_000}),
        ("export", {"format": "exe"}),
    ],
)
async def test_bad_calls_come_back_for_the_model_to_mend(
    pod: RunningPod, name: str, arguments: dict[str, object]
) -> None:
    async with pod.toolbox() as box:
        result = await box.call(name, arguments)
    assert result.is_error
    assert result.content[0]["text"]


async def test_too_long_code_is_a_failed_call_and_not_a_lost_pod(
    pod: RunningPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "#" * (9 * 2**20)
    async with pod.toolbox() as box:
        here = await box.call("run_python", {"code": code})
        monkeypatch.setattr(toolbox, "_ARGUMENTS_LIMIT_BYTES", 2**30)
        by_the_pod = await box.call("run_python", {"code": code})
        assert not (await box.call("inspect", {})).is_error
    for result in (here, by_the_pod):
        assert result.is_error
        assert "longer than 8 MiB" in result.content[0]["text"]
        assert result.structured["error"]["type"] == "invalid_input"


async def test_a_step_that_asks_for_more_time_than_usual_is_waited_for(pod: RunningPod) -> None:
    async with McpToolbox(pod.base_url, pod.bearer, call_limit_s=1) as box:
        result = await box.call("run_python", {"code": "import time\ntime.sleep(2)\nprint('done')", "timeout_s": 30})
    assert "done" in result.structured["stdout"]


@pytest.mark.parametrize(
    ("asked", "waited"), [(1800, 1860), (600, 660), (5, 240), (None, 240), ("long", 240), (10**9, 240), (True, 240)]
)
def test_the_wait_for_an_answer_follows_the_time_that_a_call_asks_for(asked: object, waited: float) -> None:
    assert toolbox.wait_limit_s({"timeout_s": asked}, 240) == waited


async def test_each_request_carries_a_fresh_token(pod: RunningPod) -> None:
    used: list[str] = []

    def bearer() -> str:
        used.append(pod.bearer())
        return used[-1]

    async with McpToolbox(pod.base_url, bearer) as box:
        await run(box, "inspect")
        before = len(used)
        await run(box, "inspect")
    assert len(used) == before + 1


async def test_a_pod_that_is_not_there_is_lost_at_once() -> None:
    with pytest.raises(ToolboxLost):
        async with asyncio.timeout(15), McpToolbox("http://127.0.0.1:9", lambda: "x"):
            pytest.fail("connected to nothing")


async def test_a_wrong_token_is_lost_not_hung(pod: RunningPod) -> None:
    with pytest.raises(ToolboxLost):
        async with asyncio.timeout(15), McpToolbox(pod.base_url, lambda: "wrong") as box:
            await box.tools()


async def test_the_callers_own_error_comes_through_as_it_is(pod: RunningPod) -> None:
    async def fail() -> None:
        async with pod.toolbox():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_a_pod_that_dies_during_a_call_is_lost(pod: RunningPod) -> None:
    async def work() -> None:
        async with asyncio.timeout(30), pod.toolbox() as box, asyncio.TaskGroup() as tasks:
            tasks.create_task(_kill_at_work(pod))
            await box.call("run_python", {"code": "while True: pass"})

    with pytest.raises(ToolboxLost):
        await work()


async def _kill_at_work(pod: RunningPod) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        while (await http.get(f"{pod.base_url}/readyz")).json()["status"] != "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    pod.process.kill()
