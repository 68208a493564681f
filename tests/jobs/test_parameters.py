"""Changed parameters make the scene anew in a real Blender, all of it or nothing, without a model."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cloud.agent.access import ModelAccess
from cloud.agent.offline.server import serve_offline_modeller
from cloud.errors import InvalidInput
from cloud.jobs import queries
from cloud.jobs.claims.queries import defer
from cloud.jobs.events import AnyEvent
from cloud.jobs.history.moves import SceneBusy, SceneChanged
from cloud.jobs.parameters.changes import NoScene, read_scene, request_change
from cloud.jobs.parameters.queries import scene_before
from cloud.jobs.work import Services
from cloud.projects.queries import get_project
from cloud.settings import Settings
from tests.jobs.conftest import Account, Backend, running, until
from tests.jobs.test_script import assert_same, describe, run_bpy
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

SEAT = """
SEAT_HEIGHT = 0.45  # m, 0.3 to 0.7: height of the seat
LEGS = 3
bpy.ops.mesh.primitive_cube_add(size=0.4, location=(0, 0, SEAT_HEIGHT))
bpy.context.object.name = "Seat"
bpy.context.object["legs"] = LEGS
if SEAT_HEIGHT > 0.65:
    raise ValueError("too high")
"""
LEG = """
LEG_RADIUS = 0.02
WOOD_COLOR = (0.5, 0.25, 0.1)
SEAT_HEIGHT = 0.45
for index in range(3):
    bpy.ops.mesh.primitive_cylinder_add(radius=LEG_RADIUS, depth=SEAT_HEIGHT, location=(index, 0, random.random()))
    bpy.context.object.name = "Leg"
material = bpy.data.materials.new("Wood")
material.use_nodes = True
material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*WOOD_COLOR, 1)
bpy.context.object.data.materials.append(material)
"""
FOOT = """
import sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
print("FOOT=" + str(bpy.data.objects["Mug"].location.z))
"""
BALL = """
BALL_RADIUS = 0.1
bpy.ops.mesh.primitive_ico_sphere_add(radius=BALL_RADIUS, location=(0, 0, bpy.data.objects["Seat"].location.z + 0.3))
bpy.context.object.name = "Ball"
"""


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)


def step(code: str, title: str) -> Any:
    return calls(("run_python", {"code": code, "title": title}))


async def built(backend: Backend, user: Account, *replies: Any) -> None:
    """The user's project holds what these replies of the model build."""
    async with scripted_messages(*replies, finishes()) as api, running(backend.with_model(api.base_url)):
        job = await user.ended(await user.post("a stool with a ball"))
    assert job.state == "succeeded", job.error


def offline(backend: Backend, url: str) -> Services:
    """The services with the offline modeller at this address."""
    return replace(backend.services, models=ModelAccess(offline_url=url, default_model="offline-modeller"))


async def changed(user: Account, values: dict[str, Any], expected_head: UUID | None = None) -> UUID:
    """Ask for the change as the API does. Returns: the job's id."""
    async with user.database.sessions() as session, session.begin():
        project = await get_project(session, user.user_id, user.project_id)
        return (await request_change(session, project, values, expected_head, Settings())).id


async def parameters(user: Account) -> dict[str, Any]:
    async with user.database.sessions() as session:
        scene = await read_scene(session, await get_project(session, user.user_id, user.project_id))
    return {each.id: each.parameter.value for each in scene.parameters}


def kinds(events: list[AnyEvent]) -> list[str]:
    return [event.type for event in events]


async def test_new_values_make_a_new_branch_that_its_own_script_rebuilds(
    backend: Backend, user: Account, tmp_path: Path
) -> None:
    await built(backend, user, step(SEAT, "Seat"), step(LEG, "Legs"), step(BALL, "Ball"))
    before, old = await user.head(), await user.snapshots()
    assert before is not None
    async with running(backend.services):
        job = await user.ended(await changed(user, {"LEG_RADIUS": 0.05, "WOOD_COLOR": [0.0, 0.5, 1.0]}, before.id))
    assert job.state == "succeeded", job.error
    assert job.prompt == "a stool with a ball, with LEG_RADIUS = 0.05, WOOD_COLOR = (0, 0.5, 1)"
    assert await parameters(user) == {
        "SEAT_HEIGHT": 0.45, "LEGS": 3, "LEG_RADIUS": 0.05, "WOOD_COLOR": (0.0, 0.5, 1.0),
        "BALL_RADIUS": 0.1,
    }  # fmt: skip
    new = [snapshot for snapshot in await user.snapshots() if snapshot.id not in {each.id for each in old}]
    assert [(snapshot.title, snapshot.step) for snapshot in new] == [("Legs", 1), ("Ball", 2)]
    assert [new[0].parent_id, new[1].parent_id] == [old[0].id, new[0].id]
    assert "Leg" in new[0].changed
    assert new[1].thumbnail_id is not None
    assert new[1].model_id is not None
    assert kinds(await user.events(job.id)).count("snapshot") == 2
    async with user.database.sessions() as session:
        # Undo brings back the scene before the change, not the half of it.
        assert await scene_before(session, new[1]) == before.id
        assert await scene_before(session, new[0]) == old[0].id
        assert await scene_before(session, before) == old[1].id
        assert (await queries.usage_of(session, job.id))[0] == 0
    files = await user.artifacts(job.id)
    assert {"preview.png", "scene.blend", "scene.glb", "script.py", "step-02-thumbnail.png", "step-002.glb"} == set(
        files
    )
    for name in ("scene.blend", "script.py"):
        (tmp_path / name).write_bytes(await backend.services.store.get(files[name].sha256))
    await asyncio.to_thread(run_bpy, tmp_path, "script.py", "again.blend")
    scene = describe(tmp_path, "scene.blend")
    assert scene["Leg.002"]["materials"]["Wood"][4][:3] == pytest.approx([0, 0.5, 1])
    assert_same(scene, describe(tmp_path, "again.blend"))


async def test_a_change_that_later_steps_undo_is_told_as_none(backend: Backend, user: Account) -> None:
    """Nobody can tell from the code that the loop sets what the number had set."""
    lifted = "for thing in bpy.data.objects:\n    thing.location.z = max(1.0, thing.location.z)"
    await built(backend, user, step(SEAT, "Seat"), step(lifted, "Lift"))
    async with running(backend.services):
        same = await user.ended(await changed(user, {"SEAT_HEIGHT": 0.6}))
        other = await user.ended(await changed(user, {"LEGS": 4}))
    assert same.result is not None
    assert other.result is not None
    assert same.result["summary"] == (
        "The scene was made again: SEAT_HEIGHT = 0.6. Nothing in the scene changed: most likely a later step sets the "
        "same thing again."
    )
    assert other.result["summary"] == "The scene was made again: LEGS = 4."
    assert (same.result["changed"]["counts"], other.result["changed"]["modified"]) == ({}, ["Seat"])


async def test_a_step_that_fails_leaves_the_scene_as_it_was(backend: Backend, user: Account) -> None:
    await built(backend, user, step(SEAT, "Seat"), step(BALL, "Ball"))
    before, count = await user.head(), len(await user.snapshots())
    async with running(backend.services):
        job = await user.ended(await changed(user, {"SEAT_HEIGHT": 0.7}))
    assert job.state == "failed"
    assert job.error is not None
    assert "'Seat' failed with the new values, so the scene is as it was: ValueError: too high" in job.error["message"]
    after = await user.head()
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert len(await user.snapshots()) == count
    assert (await parameters(user))["SEAT_HEIGHT"] == 0.45


async def test_a_cancel_between_steps_leaves_the_scene_as_it_was(backend: Backend, user: Account) -> None:
    slow = "WAIT_S = 0.0\nimport time\ntime.sleep(WAIT_S)\n"
    await built(backend, user, step(SEAT, "Seat"), step(slow.replace("0.0", "0.5"), "Slow"))
    before = await user.head()
    async with running(backend.services):
        job_id = await changed(user, {"SEAT_HEIGHT": 0.5, "WAIT_S": 2.0})

        async def first_step_is_done() -> bool:
            return "step.finished" in kinds(await user.events(job_id))

        await until(first_step_is_done)
        await user.cancel(job_id)
        job = await user.ended(job_id)
    after = await user.head()
    assert job.state == "cancelled"
    assert before is not None
    assert after is not None
    assert after.id == before.id


@pytest.mark.heavy
async def test_an_attempt_that_died_leaves_nothing_twice(
    backend: Backend, user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await built(backend, user, step(SEAT, "Seat"), step(BALL, "Ball"))
    job_id = await changed(user, {"BALL_RADIUS": 0.2, "SEAT_HEIGHT": 0.5})
    for name in ("_move_scene", "_deliver"):  # it dies with its steps run, and then with its scene moved
        with monkeypatch.context() as broken:
            broken.setattr(f"cloud.jobs.kinds.parameters.{name}", dies)
            async with running(backend.services):
                await user.ended(job_id)
        await begin_again(user, job_id)
    async with running(backend.services):
        assert (await user.ended(job_id)).state == "succeeded"
    told = kinds(await user.events(job_id))
    assert [told.count(kind) for kind in ("step.started", "step.finished", "snapshot")] == [2, 2, 2]
    assert len(await user.snapshots()) == 4
    assert (await parameters(user))["BALL_RADIUS"] == 0.2


async def dies(*_: Any) -> None:
    raise RuntimeError("the runner is gone")


async def begin_again(user: Account, job_id: UUID) -> None:
    """Queue the job as the rescue of a dead runner's job does."""
    async with user.database.sessions() as session, session.begin():
        writer = await queries.open_writer(session, job_id)
        writer.job.state, writer.job.error, writer.job.outcome, writer.job.finished_at = "queued", None, None, None
        await defer(session, writer.job)


async def test_what_cannot_be_changed_is_refused_in_a_sentence(backend: Backend, user: Account) -> None:
    with pytest.raises(NoScene, match="The project has no scene yet"):
        await changed(user, {"A": 1})
    failing = calls(("run_python", {"code": "HALF = 1\nraise ValueError", "title": "Half", "keep_on_error": True}))
    await built(backend, user, step(SEAT, "Seat"), failing, step(BALL, "Ball"))
    head = await user.head()
    assert head is not None
    assert set(await parameters(user)) == {"SEAT_HEIGHT", "LEGS", "BALL_RADIUS"}
    with pytest.raises(InvalidInput, match="'Half' failed half way when it was made, so it cannot be run again"):
        await changed(user, {"LEGS": 4})
    with pytest.raises(InvalidInput, match="Nothing would change"):
        await changed(user, {"BALL_RADIUS": 0.1})
    with pytest.raises(SceneChanged):
        await changed(user, {"BALL_RADIUS": 0.2}, expected_head=UUID(int=0))
    waiting = await changed(user, {"BALL_RADIUS": 0.2}, expected_head=head.id)
    with pytest.raises(SceneBusy):
        await changed(user, {"BALL_RADIUS": 0.3})
    await user.cancel(waiting)


@pytest.mark.heavy
async def test_the_offline_modellers_scene_is_made_again_with_other_numbers(
    backend: Backend, user: Account, tmp_path: Path
) -> None:
    async with serve_offline_modeller() as url, running(offline(backend, url)):
        built_before = await user.ended(await user.post("a stool with a mug on it"))
        job = await user.ended(await changed(user, {"STOOL_HEIGHT": 0.9, "STOOL_LEGS": 3}))
    assert job.state == "succeeded", job.error
    assert job.result is not None
    assert built_before.result is not None
    assert job.result["model"] == ""
    assert job.result["steps"] == built_before.result["steps"]
    assert job.result["usage"]["output_tokens"] == 0
    assert (await parameters(user))["STOOL_LEGS"] == 3
    scene = (await user.artifacts(job.id))["scene.blend"]
    (tmp_path / "scene.blend").write_bytes(await backend.services.store.get(scene.sha256))
    (tmp_path / "foot.py").write_text(FOOT)
    printed = await asyncio.to_thread(run_bpy, tmp_path, "foot.py", str(tmp_path / "scene.blend"))
    # What depends on a number follows it: the mug stands on the higher stool.
    assert float(printed.partition("FOOT=")[2]) == pytest.approx(0.9, abs=1e-3)
