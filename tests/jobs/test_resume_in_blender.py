"""Attempts that die at any of their writes, with real Blender: the scene in the end is that of an undisturbed job."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from cloud.fleet.local import LocalFleet
from cloud.jobs.pod import EMPTY_SCENE, PodToolbox
from cloud.jobs.queries import head_of
from cloud.jobs.script import seed_of_project
from tests.blender.pod_process import CACHE
from tests.jobs.resume_bench import Bench, open_bench
from tests.support.scripted_messages import calls, finishes

pytestmark = [pytest.mark.blender, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]

CUBE = """
mesh = bpy.data.meshes.new("Box")
bm = bmesh.new()
bmesh.ops.create_cube(bm, size=2.0)
bm.to_mesh(mesh)
bm.free()
box = bpy.data.objects.new("Box", mesh)
bpy.context.collection.objects.link(box)
"""
SCRIPT = [
    calls(("run_python", {"code": CUBE}), ("run_python", {"code": "bpy.data.objects['Box'].location.x += 1.5"})),
    calls(("run_python", {"code": "bpy.data.objects['Box'].scale *= 2.0"}), ("look", {})),
    finishes(),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("resume")
    fleet = LocalFleet(folder / "pods", spares=0, pod_options=["--cache-dir", str(CACHE)])
    await fleet.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 96)
        async with open_bench(database_url, folder, fleet, SCRIPT, []) as opened:
            yield opened
    await fleet.aclose()


async def scene_of(bench: Bench, job_id: UUID) -> list[Any]:
    """The objects of the job's scene, as a pod that opens it anew measures them."""

    async def on_wait(reason: str) -> None:
        pass

    job = await bench.account.job(job_id)
    async with bench.account.database.sessions() as session:
        head = await head_of(session, job.project_id)
    pod = PodToolbox(
        bench.services.fleet,
        bench.services.store,
        str(job.user_id),
        head.sha256 if head else EMPTY_SCENE,
        on_wait,
        seed=seed_of_project(job.project_id),
    )
    async with pod:
        return (await pod.call_surely("inspect", {})).structured["objects"]


def comparable(seen: dict[str, Any]) -> dict[str, Any]:
    """What is the same of two runs though Blender writes no file twice alike."""
    snapshots = [(step, parent, code, seq) for step, _, parent, code, seq, _ in seen["snapshots"]]
    steps = [step[:5] + step[6:] for step in seen["steps"]]
    files = [(kind, name) for kind, name, _ in seen["files"]]
    return {**seen, "snapshots": snapshots, "steps": steps, "files": files, "messages": len(seen["messages"])}


async def test_scene_is_that_of_an_undisturbed_job_wherever_the_attempts_die(bench: Bench) -> None:
    await bench.attempt(await bench.new_job())  # its wait for the pod is an event more
    job_id = await bench.new_job()
    writes = await bench.attempt(job_id)
    expected, scene = comparable(await bench.seen(job_id)), await scene_of(bench, job_id)
    for death in range(1, writes):
        job_id = await bench.new_job()
        assert await bench.attempt(job_id, death) == death
        await bench.attempt(job_id)
        seen = comparable(await bench.seen(job_id))
        assert seen["events"] == expected["events"], f"death after write {death}"
        assert seen == expected, f"death after write {death}"
        assert await scene_of(bench, job_id) == scene
