"""Jobs from the queue to the files: real database, real runner, real Blender, a scripted model."""

import asyncio
import io
import os
import signal
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from cloud.agent.access import ModelAccess
from cloud.jobs import queries
from cloud.jobs.events import ModelReady
from tests.blender.pod_process import processes_with
from tests.jobs.conftest import Account, Backend, running, until
from tests.support.scripted_messages import Fault, calls, finishes, hangs, says, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

CUBE = """
SIZE = 2.0
mesh = bpy.data.meshes.new("Box")
bm = bmesh.new()
bmesh.ops.create_cube(bm, size=SIZE)
bm.to_mesh(mesh)
bm.free()
box = bpy.data.objects.new("Box", mesh)
box.location.z = SIZE / 2
bpy.context.collection.objects.link(box)
"""


@pytest.fixture(autouse=True)
def small_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview that renders in a moment: its looks are the pod's tests' business."""
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 96)


async def test_build_ends_with_scene_preview_script_and_a_result(backend: Backend, user: Account) -> None:
    script = [
        calls(("run_python", {"code": CUBE, "title": "Make a box"}), text="First a box."),
        calls(("look", {})),
        finishes("A box stands there.", not_built=["its shadow"]),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post("a box", request={"formats": ["stl"], "image_ids": []})
        job = await user.ended(job_id)
    assert (job.state, job.outcome, job.error) == ("succeeded", "finished", None)
    assert job.result is not None
    assert (job.result["objects"], job.result["triangles"]) == (1, 12)
    assert (job.result["steps"], job.result["tool_calls"]) == (1, 2)
    assert job.result["not_built"] == ["its shadow"]
    assert job.result["usage"]["input_tokens"] == 300
    assert set(job.result["timings"]) == {"queue", "pod", "model", "tools", "preview", "deliver"}
    files = await user.artifacts(job_id)
    made = {"scene.blend", "scene.glb", "scene.stl", "preview.png", "script.py"}
    assert made | {"step-01-thumbnail.webp", "step-001.glb", "step-02-look.png"} == set(files)
    events = await user.events(job_id)
    [model] = [event for event in events if isinstance(event, ModelReady)]
    assert (model.artifact_id, model.triangles, model.reason) == (files["step-001.glb"].id, 12, "")
    [snapshot] = await user.snapshots()
    assert snapshot.model_id == model.artifact_id
    kinds = [event.type for event in events]
    assert kinds[:3] == ["job.queued", "job.started", "stage"]
    assert kinds[-1] == "job.finished"
    assert {"text", "usage", "step.started", "step.finished", "snapshot", "picture", "artifact"} <= set(kinds)


async def test_snapshots_form_a_chain_and_the_head_is_the_last(backend: Backend, user: Account) -> None:
    script = [
        calls(("run_python", {"code": CUBE, "title": "Box"})),
        calls(("run_python", {"code": "raise ValueError('no')"})),
        calls(("run_python", {"code": "bpy.data.objects['Box'].location.x = 3.0", "title": "Move it"})),
        finishes(),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post()
        assert (await user.ended(job_id)).state == "succeeded"
    first, second = await user.snapshots()
    assert (first.parent_id, second.parent_id) == (None, first.id)
    assert (first.step, second.step, second.title) == (1, 3, "Move it")
    head = await user.head()
    assert head is not None
    assert head.id == second.id
    assert await backend.services.store.has(second.sha256)
    finished = [event for event in await user.events(job_id) if event.type == "step.finished"]
    assert [event.ok for event in finished] == [True, False, True]
    assert "ValueError: no" in (finished[1].error or "")


async def test_next_job_goes_on_from_the_scene_of_the_last(backend: Backend, user: Account) -> None:
    first = [calls(("run_python", {"code": CUBE})), finishes()]
    second = [calls(("run_python", {"code": "bpy.data.objects['Box'].name = 'Crate'"})), finishes()]
    async with scripted_messages(*first, *second) as api, running(backend.with_model(api.base_url)):
        await user.ended(await user.post("a box"))
        job = await user.ended(await user.post("call it a crate"))
    assert job.state == "succeeded"
    opening = api.requests[2]["messages"][0]["content"]
    assert opening[-3]["text"].startswith(
        "<scene>1 object; as they stand before your work, and their picture (three_quarter view, material):</scene>"
    )
    assert opening[-2]["type"] == "image"
    assert opening[-1]["text"] == "call it a crate"


async def test_restored_snapshot_becomes_the_head_and_history_branches(backend: Backend, user: Account) -> None:
    def go_back(body: dict[str, Any]) -> Any:
        return calls(("snapshots", {"action": "restore", "sha256": "empty"}))

    script: list[Any] = [
        calls(("run_python", {"code": CUBE})),
        go_back,
        calls(("run_python", {"code": CUBE.replace("Box", "Other")})),
        finishes(),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job = await user.ended(await user.post())
    assert job.result is not None
    assert job.result["objects"] == 1
    assert [snapshot.parent_id for snapshot in await user.snapshots()] == [None, None]


async def test_scene_that_is_empty_at_the_end_was_not_built(backend: Backend, user: Account) -> None:
    back = calls(("snapshots", {"action": "restore", "sha256": "empty"}))
    script = [calls(("run_python", {"code": CUBE})), back, finishes()]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post()
        job = await user.ended(job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == "nothing_built"
    assert job.error["message"].startswith("Nothing was built: the scene is empty at the end.")
    assert await user.head() is None
    assert set(await user.artifacts(job_id)) == {"step-01-thumbnail.webp", "step-001.glb"}


async def test_edit_may_take_everything_away_and_a_new_project_may_not(backend: Backend, user: Account) -> None:
    clear = calls(("run_python", {"code": "for one in list(bpy.data.objects):\n    bpy.data.objects.remove(one)"}))
    box = calls(("run_python", {"code": CUBE}))
    async with (
        scripted_messages(box, clear, finishes(), box, finishes(), clear, finishes()) as api,
        running(backend.with_model(api.base_url)),
    ):
        cleared, built, edited = [await user.ended(await user.post()) for _ in range(3)]
    assert [job.state for job in (cleared, built, edited)] == ["failed", "succeeded", "succeeded"], edited.error
    assert cleared.error is not None
    assert cleared.error["code"] == "nothing_built"


async def test_export_job_makes_the_file_of_the_present_scene(backend: Backend, user: Account) -> None:
    async with (
        scripted_messages(calls(("run_python", {"code": CUBE})), finishes()) as api,
        running(backend.with_model(api.base_url)),
    ):
        await user.ended(await user.post())
        export_id = await user.post("", kind="export", request={"formats": ["obj"]})
        job = await user.ended(export_id)
    assert (job.state, job.outcome) == ("succeeded", "finished")
    assert set(await user.artifacts(export_id)) == {"scene.obj", "scene.mtl"}


async def test_reference_pictures_come_before_the_prompt(backend: Backend, user: Account) -> None:
    from cloud.db.models import Artifact

    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    stored = await backend.services.store.put(picture.getvalue())
    image = Artifact(
        user_id=user.user_id,
        project_id=user.project_id,
        kind="reference",
        name="red.png",
        media_type="image/png",
        sha256=stored.sha256,
        bytes=stored.bytes,
    )
    async with user.database.sessions() as session, session.begin():
        session.add(image)
    async with (
        scripted_messages(finishes("No.", built=False)) as api,
        running(backend.with_model(api.base_url)),
    ):
        job_id = await user.post("like this", request={"formats": [], "image_ids": [str(image.id)]})
        await user.ended(job_id)
    content = api.requests[0]["messages"][0]["content"]
    assert [block["type"] for block in content] == ["text", "image", "text", "text"]
    assert content[0]["text"] == "Reference 1: red.png"
    assert content[1]["source"]["type"] == "base64"
    async with user.database.sessions() as session:
        kept = (await queries.messages_of(session, job_id))[0]
    assert kept.content[1]["source"] == {"type": "stored", "media_type": "image/png", "sha256": stored.sha256}


async def test_job_of_which_nothing_could_be_built_fails_without_files(backend: Backend, user: Account) -> None:
    async with (
        scripted_messages(finishes("I know no dragons.", built=False, not_built=["a dragon"])) as api,
        running(backend.with_model(api.base_url)),
    ):
        job_id = await user.post("a dragon")
        job = await user.ended(job_id)
    assert (job.state, job.outcome) == ("failed", "failed")
    assert job.error == {"code": "nothing_built", "message": "I know no dragons."}
    assert job.result is not None
    assert job.result["not_built"] == ["a dragon"]
    assert await user.artifacts(job_id) == {}


async def test_model_that_only_talks_has_built_nothing(backend: Backend, user: Account) -> None:
    async with scripted_messages(says("Nice idea!")) as api, running(backend.with_model(api.base_url)):
        job = await user.ended(await user.post())
    assert (job.state, job.error) == ("failed", {"code": "nothing_built", "message": "Nice idea!"})


async def test_reached_budget_fails_the_job_but_delivers_what_stands(backend: Backend, user: Account) -> None:
    script = [calls(("run_python", {"code": CUBE})), calls(("inspect", {}))]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url, max_steps=2)):
        job_id = await user.post()
        job = await user.ended(job_id)
    assert (job.state, job.outcome) == ("failed", "budget_reached")
    assert {"scene.blend", "script.py"} <= set(await user.artifacts(job_id))


async def test_cancel_of_a_running_step_ends_the_job_within_seconds(backend: Backend, user: Account) -> None:
    endless = calls(("run_python", {"code": "while True: pass", "title": "Never ends"}))
    async with (
        scripted_messages(calls(("run_python", {"code": CUBE})), endless) as api,
        running(backend.with_model(api.base_url)),
    ):
        job_id = await user.post()
        await until(lambda: _step_runs(user, job_id, "Never ends"), 60)
        asked = asyncio.get_running_loop().time()
        await user.cancel(job_id)
        job = await user.ended(job_id)
        took_s = asyncio.get_running_loop().time() - asked
    assert (job.state, job.outcome, job.error) == ("cancelled", "cancelled", None)
    assert took_s < 3
    assert job.result is not None
    assert job.result["usage"]["input_tokens"] == 200
    assert (await user.events(job_id))[-1].type == "job.finished"
    assert len(await user.snapshots()) == 1


async def test_cancel_while_the_model_thinks_ends_the_job(backend: Backend, user: Account) -> None:
    hang = hangs()
    async with scripted_messages(hang) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post()
        await asyncio.wait_for(hang.began.wait(), 60)
        await user.cancel(job_id)
        assert (await user.ended(job_id)).state == "cancelled"


async def test_one_user_runs_one_job_at_a_time(backend: Backend, user: Account) -> None:
    hang = hangs()
    async with scripted_messages(hang, finishes("x", built=False)) as api, running(backend.with_model(api.base_url)):
        first, second = await user.post(), await user.post()
        await asyncio.wait_for(hang.began.wait(), 60)
        assert (await user.job(second)).state == "queued"
        await user.cancel(first)
        await user.ended(second)
        assert (await user.job(first)).state == "cancelled"


async def test_pod_killed_in_the_middle_is_replaced_and_the_step_is_run_again(backend: Backend, user: Account) -> None:
    script = [
        calls(("run_python", {"code": CUBE})),
        calls(("run_python", {"code": "import time\ntime.sleep(2)\nbpy.data.objects['Box'].location.x += 1.0"})),
        finishes(),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post()
        await until(lambda: _has_begun(user, job_id, step=2), 60)
        (endpoint,) = (await backend.fleet.list()).values()
        for pid in processes_with(f"--audience {endpoint.pod}"):
            os.kill(pid, signal.SIGKILL)
        job = await user.ended(job_id)
    assert job.state == "succeeded", job.error
    assert not api.requests[2]["messages"][-1]["content"][0].get("is_error")
    assert [event.reason for event in await user.events(job_id) if event.type == "waiting"] == ["pod_starting"]
    assert [snapshot.step for snapshot in await user.snapshots()] == [1, 2]


async def _has_begun(user: Account, job_id: UUID, step: int) -> bool | None:
    events = await user.events(job_id)
    return any(event.type == "step.started" and event.step == step for event in events) or None


async def test_model_trouble_is_shown_and_its_lasting_kind_fails_the_job(backend: Backend, user: Account) -> None:
    script = [
        Fault(429, "rate_limit_error", headers={"retry-after": "0.01"}),
        Fault(401, "authentication_error", "invalid x-api-key"),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post()
        job = await user.ended(job_id)
    assert job.error is not None
    assert job.error["code"] == "model_key_refused"
    assert [event.reason for event in await user.events(job_id) if event.type == "waiting"] == ["rate_limit"]
    assert "sk-test" not in str([event.model_dump() for event in await user.events(job_id)])


async def test_named_model_without_a_key_fails_with_what_to_do(backend: Backend, user: Account) -> None:
    keyless = replace(backend.services, models=ModelAccess(offline_url="http://127.0.0.1:9", default_model="x"))
    async with running(keyless):
        job = await user.ended(await user.post(model="claude-opus-5-5"))
    assert job.error is not None
    assert job.error["code"] == "model_needs_key"
    assert "ANTHROPIC_API_KEY" in job.error["message"]


async def test_time_limit_ends_the_job(backend: Backend, user: Account) -> None:
    async with scripted_messages(hangs()) as api, running(backend.with_model(api.base_url, job_limit_s=1)):
        job = await user.ended(await user.post())
    assert job.error is not None
    assert job.error["code"] == "time_limit"


async def test_stop_of_the_runner_puts_the_job_back_into_the_queue(backend: Backend, user: Account) -> None:
    hang = hangs()
    async with scripted_messages(hang) as api:
        async with running(backend.with_model(api.base_url)):
            job_id = await user.post()
            await asyncio.wait_for(hang.began.wait(), 60)
        job = await user.job(job_id)
        await user.cancel(job_id)
    assert (job.state, job.attempt) == ("queued", 1)
    assert [event.reason for event in await user.events(job_id) if event.type == "job.handed_over"] == ["deploy"]


async def test_output_that_no_database_takes_does_not_end_the_job(backend: Backend, user: Account) -> None:
    odd = "print('a\\0b')\n" + CUBE
    script = [calls(("run_python", {"code": odd, "title": "a nul \0"}), text="\0"), finishes()]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job = await user.ended(await user.post())
    assert job.state == "succeeded", job.error


async def _step_runs(user: Account, job_id: Any, title: str) -> bool:
    return any(event.type == "step.started" and event.title == title for event in await user.events(job_id))
