"""The script of every step of a project's history rebuilds that step's snapshot, alone under plain bpy."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.jobs.history import branching, moves
from cloud.jobs.history.scripts import script_of
from cloud.jobs.queries import open_project_writer
from tests.jobs.conftest import Account, Backend, running
from tests.jobs.test_script import BASE, EDIT, ENDS_ITSELF, HALF_DONE, LEGS, run_bpy
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.heavy, pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

# Prints, for each pair of files, how their scenes differ.
COMPARE = """
import json, sys, bpy
from scripts.bench.scene_equality import describe_scene, differences
found = []
for built, rebuilt in json.loads(sys.argv[1]):
    scenes = []
    for file in (built, rebuilt):
        bpy.ops.wm.open_mainfile(filepath=file, load_ui=False)
        scenes.append(describe_scene())
    found.append({"objects": len(bpy.data.objects), "differences": differences(*scenes)})
print("FOUND=" + json.dumps(found))
"""
OFFLINE_PROMPTS = (
    "a wooden table with a chair and a lamp on the table",
    "make the table red",
    "add a tree",
    "make the table blue",
)


@pytest.fixture(autouse=True)
def small_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)


async def test_scripts_of_every_step_of_the_offline_modellers_jobs_rebuild_their_scenes(
    backend: Backend, user: Account, tmp_path: Path
) -> None:
    async with (
        ModelAccess.open(default_model=OFFLINE_MODEL, api_key=None, base_url=None) as models,
        running(replace(backend.services, models=models)),
    ):
        for prompt in OFFLINE_PROMPTS[:3]:
            job = await user.ended(await user.post(prompt))
            assert job.state == "succeeded", job.error
        # The history forks: the last job goes on from the first one's scene.
        first = next(each for each in await user.snapshots() if each.parent_id is None)
        await _restore(user, first.id)
        job = await user.ended(await user.post(OFFLINE_PROMPTS[3]))
        assert job.state == "succeeded", job.error
    snapshots = await user.snapshots()
    assert len(snapshots) >= len(OFFLINE_PROMPTS)
    assert [each.parent_id for each in snapshots].count(first.id) == 2

    await _assert_scripts_rebuild(backend, user, [each.id for each in snapshots], tmp_path)


async def test_scripts_of_steps_that_fail_end_themselves_or_go_back_rebuild_their_scenes_in_a_branch_too(
    backend: Backend, user: Account, tmp_path: Path
) -> None:
    half_done = calls(("run_python", {"code": HALF_DONE, "keep_on_error": True}))
    back = calls(("snapshots", {"action": "restore", "sha256": "empty"}))
    first = [_step(BASE), _step("raise ValueError"), _step(LEGS), finishes()]
    second = [_step(EDIT), _step(ENDS_ITSELF), half_done, finishes()]
    third = [back, _step(BASE), finishes()]
    async with scripted_messages(*first, *second, *third) as api, running(backend.with_model(api.base_url)):
        for prompt in ("a stool", "make it blue", "again from nothing"):
            job = await user.ended(await user.post(prompt))
            assert job.state == "succeeded", job.error
    snapshots = await user.snapshots()
    assert len(snapshots) == 6
    await _assert_scripts_rebuild(backend, user, [each.id for each in snapshots], tmp_path)

    tip = snapshots[4]
    async with user.database.sessions.begin() as session:
        origin = (await open_project_writer(session, user.project_id)).project
        made = await branching.branch(session, origin, tip.id, "Branch")
        assert made.head_snapshot_id is not None
        scripts = [await script_of(session, one) for one in (tip.id, made.head_snapshot_id)]
    assert scripts[0] == scripts[1]


async def _restore(user: Account, snapshot_id: UUID) -> None:
    async with user.database.sessions.begin() as session:
        await moves.restore(session, user.project_id, snapshot_id, None)


async def _assert_scripts_rebuild(backend: Backend, user: Account, snapshot_ids: list[UUID], folder: Path) -> None:
    """Run the script of each step alone and hold its scene against the snapshot."""
    known = {each.id: each for each in await user.snapshots()}
    pairs = []
    for number, snapshot_id in enumerate(snapshot_ids):
        async with user.database.sessions() as session:
            script = await script_of(session, snapshot_id)
        names = [f"{number}-script.py", f"{number}-built.blend", f"{number}-again.blend"]
        (folder / names[0]).write_text(script, encoding="utf-8")
        (folder / names[1]).write_bytes(await backend.services.store.get(known[snapshot_id].sha256))
        await asyncio.to_thread(run_bpy, folder, names[0], names[2])
        pairs.append([str(folder / name) for name in names[1:]])
    for snapshot_id, found in zip(snapshot_ids, await asyncio.to_thread(_compare, folder, pairs), strict=True):
        assert found["objects"] > 0
        assert found["differences"] == [], known[snapshot_id].title


def _compare(folder: Path, pairs: list[list[str]]) -> list[dict[str, Any]]:
    root = Path(__file__).parents[2]
    (folder / "compare.py").write_text(f"import sys\nsys.path.insert(0, {str(root)!r})\n{COMPARE}")
    output = run_bpy(folder, "compare.py", json.dumps(pairs))
    line = next(line for line in output.splitlines() if line.startswith("FOUND="))
    return json.loads(line.removeprefix("FOUND="))


def _step(code: str) -> Any:
    return calls(("run_python", {"code": code}))
