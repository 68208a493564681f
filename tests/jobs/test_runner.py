"""Jobs from the queue to the files: real database, real runner, real Blender, a scripted model."""

import json

import pytest

from tests.jobs.conftest import Account, Backend, running
from tests.support.scripted_messages import calls, finishes, scripted_messages

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
    print(json.dumps(job.result, indent=1))
    assert (job.result["objects"], job.result["triangles"], job.result["steps"]) == (1, 12, 2)
    assert job.result["not_built"] == ["its shadow"]
    assert job.result["usage"]["input_tokens"] == 300
    assert set(job.result["timings"]) == {"queue", "pod", "model", "tools", "deliver"}
    files = await user.artifacts(job_id)
    assert {"scene.blend", "scene.glb", "scene.stl", "preview.png", "script.py", "step-02-look.png"} == set(files)
    kinds = [event.type for event in await user.events(job_id)]
    assert kinds[:3] == ["job.queued", "job.started", "stage"]
    assert kinds[-1] == "job.finished"
    assert {"text", "usage", "step.started", "step.finished", "snapshot", "picture", "artifact"} <= set(kinds)
