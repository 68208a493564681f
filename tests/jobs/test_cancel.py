"""Cancel in every state of a job: its end is written, and the user's next job finds the last good scene and a pod."""

import asyncio
import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from cloud.fleet.contract import Endpoint
from tests.jobs.claims.conftest import PodlessFleet
from tests.jobs.conftest import Account, Backend, running, until
from tests.support.scripted_messages import Entry, Fault, calls, finishes, hangs, scripted_messages

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

BALL = """
bpy.ops.mesh.primitive_uv_sphere_add(segments={segments}, ring_count={segments})
bpy.context.object.name = "Ball"
"""
SMALL, FINE = BALL.format(segments=8), BALL.format(segments=100)
DEAF = "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 2**31 - 1)"
RENDER = "bpy.context.scene.cycles.samples = 100000\nbpy.context.scene.render.engine = 'CYCLES'\n" + (
    "bpy.ops.object.camera_add(location=(0, 0, 9))\nbpy.context.scene.camera = bpy.context.object\n"
    "bpy.ops.render.render()"
)


@pytest.fixture(autouse=True)
def small_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview that renders in a moment."""
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 96)


async def saw(user: Account, job_id: UUID, **facts: Any) -> bool:
    """Whether an event of the job has all these fields."""
    return any(facts.items() <= event.model_dump().items() for event in await user.events(job_id))


class PodNeverComes(PodlessFleet):
    """A fleet whose pods start for ever."""

    async def acquire(self, user_id: str) -> Endpoint:
        await asyncio.Event().wait()
        raise AssertionError


async def test_while_the_pod_starts(backend: Backend, user: Account) -> None:
    services = replace(backend.with_model("http://127.0.0.1:9"), fleet=PodNeverComes())
    async with running(services):
        job_id = await user.post()
        await until(lambda: saw(user, job_id, type="waiting", reason="pod_starting"))
        await user.cancel(job_id)
        assert (await user.ended(job_id)).state == "cancelled"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("script", "sign"),
    [
        ([Fault(429, "rate_limit_error", headers={"retry-after": "600"})], {"type": "waiting", "reason": "rate_limit"}),
        ([hangs()], {"type": "stage", "stage": "build"}),
        ([calls(("run_python", {"code": DEAF, "title": "Deaf"}))], {"type": "step.started", "title": "Deaf"}),
        ([calls(("run_python", {"code": RENDER, "title": "Render"}))], {"type": "step.started", "title": "Render"}),
        ([calls(("run_python", {"code": FINE, "title": "Fine"})), finishes()], {"type": "stage", "stage": "deliver"}),
        ([calls(("run_python", {"code": FINE, "title": "Fine"})), finishes()], {"type": "picture", "kind": "preview"}),
    ],
    ids=["rate limit", "Claude streaming", "Blender deaf in C", "rendering", "preview", "exporting"],
)
async def test_while_at_work(backend: Backend, user: Account, script: list[Entry], sign: dict[str, Any]) -> None:
    first = [calls(("run_python", {"code": SMALL, "title": "Ball"})), finishes()]
    last = [calls(("inspect", {})), finishes()]
    async with scripted_messages(*first, *script, *last) as api, running(backend.with_model(api.base_url)):
        await user.in_state(await user.post(), "succeeded", deadline_s=180)
        every = {"formats": ["fbx", "obj", "stl", "usdc", "ply"], "image_ids": []}
        job_id = await user.post(request=every)
        await until(lambda: saw(user, job_id, **sign), 120)
        await user.cancel(job_id)
        job = await user.ended(job_id)
        assert (job.state, job.error) == ("cancelled", None)
        assert job.finished_at is not None
        assert job.cancel_requested_at is not None
        took_s = (job.finished_at - job.cancel_requested_at).total_seconds()
        logger.info("cancelled after %.3f s", took_s)
        head = await user.head()
        after = await user.post()
        job = await user.in_state(after, "succeeded", deadline_s=180)
    assert head is not None
    assert job.base_snapshot_id == head.id
    assert "Ball" in str(api.requests[-1]["messages"])
