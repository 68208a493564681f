"""A job on a cluster's real Blenders whose pod is taken away in the middle of a step: the scene ends up the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import pytest
import pytest_asyncio

from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from tests.jobs.resume_bench import Bench, open_bench
from tests.jobs.test_resume_in_blender import CUBE, comparable, scene_of
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.cluster import LoopbackCluster, running_cluster
from tests.support.scripted_messages import calls, finishes

pytestmark = [pytest.mark.blender, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]

SLOW_S = 6
SCRIPT = [
    calls(("run_python", {"code": CUBE})),
    calls(("run_python", {"code": f"import time\ntime.sleep({SLOW_S})\nbpy.data.objects['Box'].location.x += 1.5"})),
    calls(("run_python", {"code": "bpy.data.objects['Box'].scale *= 2.0"}), ("look", {})),
    finishes(),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackCluster]:
    with ExitStack() as stack:
        running = running_cluster(tmp_path_factory.mktemp("pods"), replicas=1)
        yield await asyncio.to_thread(stack.enter_context, running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(
    cluster: LoopbackCluster, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    fleet = await cluster.fleet(FleetRules(start_limit_s=300, pool=PoolRules(least=1, most=1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 96)
        async with open_bench(database_url, tmp_path_factory.mktemp("jobs"), fleet, SCRIPT, []) as opened:
            yield opened
    await fleet.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(bench: Bench) -> tuple[dict[str, Any], list[Any]]:
    job_id = await bench.new_job()
    await bench.attempt(job_id)
    return comparable(await bench.seen(job_id)), await scene_of(bench, job_id)


@pytest.mark.parametrize("how", ["spot reclaim", "node lost", "process killed"])
async def test_a_pod_lost_in_the_middle_of_a_step_changes_nothing(
    bench: Bench, cluster: LoopbackCluster, undisturbed: tuple[dict[str, Any], list[Any]], how: str
) -> None:
    expected, scene = undisturbed
    lose: dict[str, Callable[[str], None]] = {
        "spot reclaim": cluster.delete_pod,
        "node lost": lambda pod: (cluster.lose_node_of(pod), cluster.delete_pod(pod))[-1],
        "process killed": cluster.kill_pod,
    }
    job_id = await bench.new_job()
    working = asyncio.create_task(bench.attempt(job_id))
    await _until_in_the_second_step(bench, job_id, working)
    (before,) = (await bench.services.fleet.list()).values()
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(lose[how], before.pod)
    if before.gone and how != "process killed":
        await asyncio.wait_for(asyncio.ensure_future(before.gone()), 10)
        assert asyncio.get_running_loop().time() - began < 5
    await asyncio.wait_for(working, 300)
    after = await bench.services.fleet.list()
    assert before.pod not in {endpoint.pod for endpoint in after.values()}
    seen = comparable(await bench.seen(job_id))
    assert seen["snapshots"] == expected["snapshots"]
    assert seen["steps"] == expected["steps"]
    assert await scene_of(bench, job_id) == scene
    assert before.pod not in {pod["metadata"]["name"] for pod in manifests.pods(cluster.plane)}


async def _until_in_the_second_step(bench: Bench, job_id: Any, working: asyncio.Task[int]) -> None:
    async with asyncio.timeout(180):
        while len([event for event in await bench.account.events(job_id) if event.type == "step.started"]) < 2:
            assert not working.done(), "the job ended too soon"
            await asyncio.sleep(0.1)
    await asyncio.sleep(SLOW_S / 4)
