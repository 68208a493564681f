"""Jobs that read scenes of the history: comparisons and exports of any step, in a real Blender."""

import asyncio
import io
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from tests.jobs.conftest import Account, Backend, running
from tests.jobs.test_script import describe
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]

RED_BOX = """
mesh = bpy.data.meshes.new("Box")
bm = bmesh.new()
bmesh.ops.create_cube(bm, size=1.0)
bm.to_mesh(mesh)
bm.free()
red = bpy.data.materials.new("Paint")
red.use_nodes = True
red.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.01, 0.01, 1)
mesh.materials.append(red)
box = bpy.data.objects.new("Box", mesh)
bpy.context.collection.objects.link(box)
"""
FAR_BALL = """
bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=6, radius=0.5, location=(3, 0, 0))
bpy.context.object.name = "Ball"
"""


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 64)
    monkeypatch.setattr("cloud.jobs.kinds.compare.PICTURE_SIZE_PX", 96)


def _red_box_in(png: bytes) -> tuple[float, ...]:
    """The edges of the red box in a picture, in pixels."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int16)
    rows, columns = np.nonzero(pixels[:, :, 0] > pixels[:, :, 1:].max(axis=2) + 60)
    assert len(rows), "the box is not to be seen"
    return tuple(float(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max()))


async def test_old_steps_are_compared_and_exported_while_the_scene_stays(
    backend: Backend, user: Account, tmp_path: Path
) -> None:
    script = [
        calls(("run_python", {"code": RED_BOX})),
        calls(("run_python", {"code": FAR_BALL})),
        calls(("run_python", {"code": "bpy.data.objects['Box'].name = 'Crate'"})),
        finishes(),
    ]
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        await user.ended(await user.post("a box and a ball"))
        first, second, last = (str(snapshot.id) for snapshot in await user.snapshots())
        compared = await user.ended(await _compare(user, first, second))
        with_empty = await user.ended(await _compare(user, first, None))
        wanted = {"formats": ["blend"], "snapshot_id": first, "picture": True}
        exported_id = await user.post("", kind="export", request=wanted)
        exported = await user.ended(exported_id)
    assert [one.state for one in (compared, with_empty, exported)] == ["succeeded"] * 3, compared.error
    assert compared.result is not None
    assert compared.model is None
    comparison = compared.result["comparison"]
    assert (comparison["a"], comparison["b"]) == (first, second)
    assert comparison["changed"]["added"] == ["Ball"]
    assert comparison["changed"]["removed"] == comparison["changed"]["modified"] == []
    assert "added Ball" in comparison["changed"]["summary"]
    files = await user.artifacts(compared.id)
    assert [str(files[f"compare-{side}.png"].id) for side in "ab"] == [comparison[f"{s}_picture_id"] for s in "ab"]
    pictures = [await backend.services.store.get(files[f"compare-{side}.png"].sha256) for side in "ab"]
    # From the same place: the box, which stays, is where it was and as large.
    assert _red_box_in(pictures[0]) == pytest.approx(_red_box_in(pictures[1]), abs=2)
    assert with_empty.result is not None
    assert with_empty.result["comparison"]["changed"]["removed"] == ["Box"]
    assert with_empty.result["comparison"]["b_picture_id"] is None
    old = await user.artifacts(exported_id)
    (tmp_path / "old.blend").write_bytes(await backend.services.store.get(old["scene.blend"].sha256))
    assert (old["picture.png"].kind, "preview.png" in old) == ("picture", False)
    assert _red_box_in(await backend.services.store.get(old["picture.png"].sha256))
    assert set(await asyncio.to_thread(describe, tmp_path, "old.blend")) == {"Box"}
    head = await user.head()
    assert head is not None
    assert str(head.id) == last


async def _compare(user: Account, first: str | None, second: str | None) -> UUID:
    return await user.post("", kind="compare", request={"formats": [], "snapshot_id": first, "other_id": second})
