"""Changed parameters make the scene anew in a real Blender, all of it or nothing, without a model."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cloud.errors import Conflict, InvalidInput
from cloud.jobs import queries
from cloud.jobs.events import AnyEvent
from cloud.jobs.parameters.changes import NoScene, SceneBusy, SceneChanged, read_scene, request_change
from cloud.jobs.parameters.queries import scene_before
from cloud.projects.queries import get_project
from tests.jobs.conftest import Account, Backend, running
from tests.jobs.test_script import assert_same, describe, run_bpy
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

SEAT = """
SEAT_HEIGHT = 0.45  # m, 0.3 to 0.7: height of the seat
LEGS = 3
bpy.ops.mesh.primitive_cube_add(size=0.4, location=(0, 0, SEAT_HEIGHT))
bpy.context.object.name = "Seat"
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
BALL = """
BALL_RADIUS = 0.1
bpy.ops.mesh.primitive_ico_sphere_add(radius=BALL_RADIUS, location=(0, 0, bpy.data.objects["Seat"].location.z + 0.3))
bpy.context.object.name = "Ball"
"""


def step(code: str, title: str) -> Any:
    return calls(("run_python", {"code": code, "title": title}))


async def built(backend: Backend, user: Account, *replies: Any) -> None:
    """The user's project holds what these replies of the model build."""
    async with scripted_messages(*replies, finishes()) as api, running(backend.with_model(api.base_url)):
        job = await user.ended(await user.post("a stool with a ball"))
    assert job.state == "succeeded", job.error


async def changed(user: Account, values: dict[str, Any], expected_head: UUID | None = None) -> UUID:
    """Ask for the change as the API does. Returns: the job's id."""
    async with user.database.sessions() as session, session.begin():
        project = await get_project(session, user.user_id, user.project_id)
        return (await request_change(session, project, values, expected_head)).id


async def parameters(user: Account) -> dict[str, Any]:
    async with user.database.sessions() as session:
        scene = await read_scene(session, await get_project(session, user.user_id, user.project_id))
    return {each.id: each.parameter.value for each in scene.parameters}


def kinds(events: list[AnyEvent]) -> list[str]:
    return [event.type for event in events]


async def test_new_values_make_a_new_branch_that_its_own_script_rebuilds(
    backend: Backend, user: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)
    await built(backend, user, step(SEAT, "Seat"), step(LEG, "Legs"), step(BALL, "Ball"))
    before, old = await user.head(), await user.snapshots()
    assert before is not None
    async with running(backend.services):
        job = await user.ended(await changed(user, {"LEG_RADIUS": 0.05, "WOOD_COLOR": [0.0, 0.5, 1.0]}, before.id))
    assert job.state == "succeeded", job.error
    assert job.prompt == "a stool with a ball, with LEG_RADIUS = 0.05, WOOD_COLOR = (0, 0.5, 1)"
    assert await parameters(user) == {
        "SEAT_HEIGHT": 0.45, "LEGS": 3, "LEG_RADIUS": 0.05, "WOOD_COLOR": (0.0, 0.5, 1.0), "SEAT_HEIGHT_2": 0.45,
        "BALL_RADIUS": 0.1,
    }  # fmt: skip
    new = [snapshot for snapshot in await user.snapshots() if snapshot.id not in {each.id for each in old}]
    assert [(snapshot.title, snapshot.step) for snapshot in new] == [("Legs", 1), ("Ball", 2)]
    assert [new[0].parent_id, new[1].parent_id] == [old[0].id, new[0].id]
    assert "Leg" in new[0].changed and new[1].thumbnail_id is not None
    assert kinds(await user.events(job.id)).count("snapshot") == 2
    async with user.database.sessions() as session:
        # Undo brings back the scene before the change, not the half of it.
        assert await scene_before(session, new[1]) == before.id
        assert await scene_before(session, new[0]) == old[0].id
        assert await scene_before(session, before) == old[1].id
        assert (await queries.usage_of(session, job.id))[0] == 0
    files = await user.artifacts(job.id)
    assert {"preview.png", "scene.blend", "scene.glb", "script.py"} == set(files)
    for name in ("scene.blend", "script.py"):
        (tmp_path / name).write_bytes(await backend.services.store.get(files[name].sha256))
    await asyncio.to_thread(run_bpy, tmp_path, "script.py", "again.blend")
    scene = describe(tmp_path, "scene.blend")
    assert scene["Leg.002"]["materials"]["Wood"][4][:3] == pytest.approx([0, 0.5, 1])
    assert_same(scene, describe(tmp_path, "again.blend"))
