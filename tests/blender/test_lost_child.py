"""Whatever ends the Blender child: one clear answer, and the next call works on the last snapshot."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from cloud.agent.toolbox import McpToolbox
from cloud.blender.cache import PodCache
from cloud.blender.ground import Ground
from cloud.blender.isolation.sandbox import Folders
from cloud.blender.store import PodStore
from cloud.blender.supervisor import BlenderSupervisor, StepLost
from tests.blender.pod_process import CACHE, RunningPod, is_running, run, running_pod, wait_until

pytestmark = pytest.mark.blender

CUBE = "bpy.ops.mesh.primitive_cube_add()"
STUCK = "while True: pass"


def _pid(pod: RunningPod) -> int:
    """The working child's own process, once those of earlier tests are gone: it is older than the spare."""
    wait_until(lambda: len(_blenders(pod)) == 2, "the child at work and its spare alone", 30)
    return min(_blenders(pod), key=lambda each: each.create_time()).pid


def _blenders(pod: RunningPod) -> list[psutil.Process]:
    """Each Python in the front's tree that has no child is a Blender."""
    tree = psutil.Process(pod.process.pid).children(recursive=True)
    try:
        return [each for each in tree if each.name().startswith("python") and not each.children()]
    except psutil.NoSuchProcess:
        return _blenders(pod)


async def _object_names(box: McpToolbox) -> list[str]:
    return [entry["name"] for entry in (await run(box, "inspect"))["objects"]]


async def _until_busy(pod: RunningPod) -> None:
    async with asyncio.timeout(10), httpx2.AsyncClient() as client:
        while (await client.get(f"{pod.base_url}/readyz")).json()["status"] != "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os\nos._exit(7)", "exit code 7"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("import os\nos.closerange(3, 200)", "Blender"),
    ],
)
async def test_a_step_that_ends_blender_is_told_and_undone(pod: RunningPod, code: str, how: str) -> None:
    async with pod.toolbox(CUBE) as box:
        lost = await box.call("run_python", {"code": "bpy.data.objects['Cube'].name = 'Changed'\n" + code})
        assert lost.is_error
        assert how in lost.content[0]["text"]
        assert "as it was before" in lost.content[0]["text"]
        assert lost.structured["error"]["type"] == "step_lost"
        assert await _object_names(box) == ["Cube"]


async def test_a_child_killed_at_work_is_replaced(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE) as box:
        pid = _pid(pod)
        call = asyncio.create_task(box.call("run_python", {"code": STUCK}))
        await _until_busy(pod)
        os.kill(pid, signal.SIGKILL)
        lost = await call
        assert lost.is_error
        assert "SIGKILL" in lost.content[0]["text"]
        assert await _object_names(box) == ["Cube"]


async def test_a_child_killed_at_rest_is_not_even_noticed(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE) as box:
        pid = _pid(pod)
        os.kill(pid, signal.SIGKILL)
        assert await _object_names(box) == ["Cube"]
        assert _pid(pod) != pid


async def test_a_cancelled_call_ends_the_step_and_frees_the_pod(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE) as box:
        pid = _pid(pod)
        call = asyncio.create_task(box.call("run_python", {"code": STUCK}))
        await _until_busy(pod)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await _object_names(box) == ["Cube"]
    assert not is_running(pid)


async def test_health_answers_while_blender_is_at_work(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        call = asyncio.create_task(box.call("run_python", {"code": STUCK}))
        await _until_busy(pod)
        assert await asyncio.to_thread(_statuses, pod) == ["ok", "busy"]
        call.cancel()
        await asyncio.wait([call])


def _statuses(pod: RunningPod) -> list[str]:
    return [httpx2.get(f"{pod.base_url}/{path}", timeout=5).json()["status"] for path in ("healthz", "readyz")]


@asynccontextmanager
async def _supervisor(workspace: Path, limit_s: float) -> AsyncIterator[BlenderSupervisor]:
    store = PodStore(workspace, limit_bytes=2**30, file_limit_bytes=2**30)
    cache = PodCache(CACHE)
    ground = Ground(Folders(store.snapshots_folder, store.imports_folder, cache.folder))
    supervisor = BlenderSupervisor(ground, store, cache, call_limit_s=limit_s, keep_spare=False)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def test_a_step_past_its_time_is_cut_and_the_last_scene_stands(tmp_path: Path) -> None:
    async with _supervisor(tmp_path, 3) as supervisor:
        await supervisor.call("run_python", {"code": CUBE})
        with pytest.raises(StepLost, match="longer than 3 s"):
            await supervisor.call("run_python", {"code": "while True: pass"})
        seen = await supervisor.call("inspect", {})
        assert [entry["name"] for entry in seen.header["structured"]["objects"]] == ["Cube"]


async def test_a_lost_snapshot_leaves_an_empty_scene_and_says_so(tmp_path: Path) -> None:
    async with _supervisor(tmp_path, 30) as supervisor:
        made = await supervisor.call("run_python", {"code": CUBE})
        snapshot = tmp_path / "snapshots" / f"{made.header['structured']['snapshot']['sha256']}.blend"
        snapshot.write_bytes(b"not a blend file")
        with pytest.raises(StepLost, match="the scene is empty now"):
            await supervisor.call("run_python", {"code": "import os\nos._exit(1)"})
        assert (await supervisor.call("inspect", {})).header["structured"]["objects"] == []


def test_children_end_with_a_front_that_is_killed(tmp_path: Path) -> None:
    with running_pod(tmp_path) as pod:
        children = Path(f"/proc/{pod.process.pid}/task/{pod.process.pid}/children").read_text().split()
        assert children
        pod.process.kill()
        wait_until(lambda: not any(is_running(int(pid)) for pid in children), "the children end")
