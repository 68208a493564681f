"""What a job leaves of a scene for downloads, in a real Blender: files of their snapshot, its size, a turntable."""

import io
from uuid import UUID

import pytest
from PIL import Image

from cloud.db.models import Job, Project, Snapshot
from cloud.jobs.downloads.offer import Offer, offers_of
from cloud.jobs.scenes.queries import Geometry, geometry_of
from tests.jobs.conftest import Account, Backend, running
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]

BOX = """
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
bpy.context.object.scale = (2, 1, 0.5)
"""
BALL = "bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=4, radius=0.5, location=(3, 0, 0.5))"


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)


async def test_a_turntable_is_a_job_that_says_how_far_it_is(backend: Backend, user: Account) -> None:
    script = [calls(("run_python", {"code": BOX})), calls(("run_python", {"code": BALL})), finishes()]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        await _ended(user, await user.post("a box and a ball"))
        first, last = await user.snapshots()
        asked = {"formats": ["turntable.gif"], "snapshot_id": str(first.id)}
        exported = await _ended(user, await user.post("", kind="export", request=asked))
        empty = {"formats": ["turntable.mp4"], "snapshot_id": None}
        refused = await _ended(user, await user.post("", kind="export", request=empty))

    assert exported.state == "succeeded", exported.error
    told = [event for event in await user.events(exported.id) if event.type == "progress"]
    assert [event.done for event in told] == sorted({event.done for event in told})
    assert {(event.what, event.of) for event in told} == {("turntable", 48)}
    film = (await user.artifacts(exported.id))["turntable.gif"]
    assert (film.kind, film.media_type) == ("turntable", "image/gif")
    with Image.open(io.BytesIO(await backend.services.store.get(film.sha256))) as opened:
        assert getattr(opened, "n_frames", 1) == 48
    assert refused.error is not None
    assert "There is nothing to see in the scene" in refused.error["message"]

    found = await _offers(backend, last)
    ready = {name for name, offer in found.items() if offer.state == "ready"}
    assert ready == {"scene.blend", "scene.glb", "preview.png", "script.py", "everything.zip"}
    found = await _offers(backend, first)
    assert {name for name, offer in found.items() if offer.state == "ready"} == {
        *("scene.blend", "turntable.gif", "script.py", "everything.zip")
    }
    async with backend.services.database.sessions() as session:
        small, whole = await geometry_of(session, first.id), await geometry_of(session, last.id)
    assert small == Geometry(1, 12, [2.0, 1.0, 0.5])
    assert whole is not None
    assert (whole.objects, whole.triangles) == (2, 12 + 48)
    assert whole.size_m == pytest.approx([4.5, 1, 1], abs=1e-3)


async def _ended(user: Account, job_id: UUID) -> Job:
    return await user.in_state(job_id, "succeeded", "failed", deadline_s=300)


async def _offers(backend: Backend, snapshot: Snapshot) -> dict[str, Offer]:
    async with backend.services.database.sessions() as session, session.begin():
        project = await session.get_one(Project, snapshot.project_id)
        return {offer.name: offer for offer in (await offers_of(session, project, snapshot.id)).items}
