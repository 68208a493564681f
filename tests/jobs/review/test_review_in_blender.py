"""What the reviewer of a real scene is shown: all six views as an image block, facts, and what an edit changed."""

import base64
import io
import itertools
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cloud.agent.review import VIEWS
from cloud.db.models import Job
from tests.jobs.conftest import Account, Backend, running
from tests.jobs.resume_bench import is_review
from tests.jobs.review.verdicts import FAULTY, GOOD, WORSE, reviewed
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

TILE_PX = 128
TOWER_AND_BALL = """
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
bpy.context.object.name = "Tower"
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.3, location=(1.2, -0.4, 0.3))
bpy.context.object.name = "Ball"
"""
OTHER_BALL = """
bpy.data.objects.remove(bpy.data.objects["Ball"])
bpy.data.objects["Tower"].location.x += 0.5
"""


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)
    monkeypatch.setattr("cloud.jobs.review.evidence.TILE_PX", TILE_PX)
    monkeypatch.setattr("cloud.jobs.review.evidence.RENDER_PX", 64)


async def _ended(user: Account, prompt: str) -> Job:
    """The job of this prompt at its end: seven renders a review take their time on a busy machine."""
    return await user.in_state(await user.post(prompt), "succeeded", "failed", deadline_s=240)


def _pictures_in(body: dict[str, Any]) -> list[Image.Image]:
    (message,) = body["messages"]
    blocks = [block for block in message["content"] if block["type"] == "image"]
    return [Image.open(io.BytesIO(base64.b64decode(block["source"]["data"]))) for block in blocks]


def _tiles_of(sheet: Image.Image) -> list[np.ndarray[Any, Any]]:
    """The six pictures on the sheet, without the strips that hold their labels."""
    pixels = np.asarray(sheet.convert("L"), dtype=np.int16)
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 3
    return [
        pixels[(row + 1) * height - TILE_PX : (row + 1) * height - 8, column * width + 8 : (column + 1) * width - 4]
        for row in range(2)
        for column in range(3)
    ]


async def test_reviewer_sees_six_views_the_facts_and_what_an_edit_changed(backend: Backend, user: Account) -> None:
    script = [
        *[calls(("run_python", {"code": TOWER_AND_BALL})), finishes(), reviewed(GOOD)],
        *[calls(("run_python", {"code": OTHER_BALL})), finishes(), reviewed(GOOD)],
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url, review=True)):
        built = await _ended(user, "a tower and a ball")
        edited = await _ended(user, "take the ball away")
    assert [job.state for job in (built, edited)] == ["succeeded", "succeeded"], (built.error, edited.error)
    first, second = [body for body in api.requests if is_review(body)]
    sheet, render = _pictures_in(first)
    tiles = _tiles_of(sheet)
    assert len(tiles) == len(VIEWS)
    assert all(np.ptp(tile) > 40 for tile in tiles), "every view shows something"
    # Front and back, left and right differ: they are not one picture six times.
    assert all(np.abs(one - other).mean() > 2 for one, other in itertools.pairwise(tiles))
    assert np.ptp(np.asarray(render.convert("L"))) > 40
    said = str(first["messages"])
    assert all(view in said for view in VIEWS)
    assert "Tower" in said
    assert "<changes>" not in said
    changes = str(second["messages"]).split("<changes>")[1]
    assert "Removed: Ball" in changes
    assert "Moved, turned or scaled: Tower" in changes
    assert len(_pictures_in(second)) == 3  # the scene before, too
    kept = (await user.artifacts(built.id))["review-1.png"]
    assert Image.open(io.BytesIO(await backend.services.store.get(kept.sha256))).size == sheet.size


@pytest.mark.heavy
async def test_worse_mend_is_undone_in_the_pod_too(backend: Backend, user: Account) -> None:
    script = [
        *[calls(("run_python", {"code": TOWER_AND_BALL})), finishes(), reviewed(FAULTY)],
        *[calls(("run_python", {"code": OTHER_BALL})), finishes(), reviewed(WORSE)],
        *[finishes("I leave it."), reviewed(FAULTY)],
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url, review=True)):
        job = await _ended(user, "a tower and a ball")
    assert job.state == "succeeded", job.error
    assert job.result is not None
    assert (job.result["objects"], job.result["mends"]) == (2, 2)
    head = await user.head()
    assert head is not None
    assert head.step == 1
    assert "Ball" in str(api.requests[-1]["messages"]).split("Parts (inspect)")[1]
