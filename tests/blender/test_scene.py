"""The scene in words, its snapshots and its files."""

import hashlib

import httpx2
import pytest

from cloud.agent.contract import ToolResult
from cloud.errors import InvalidInput, NotFound
from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

TABLE = """
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 1))
table = bpy.context.object
table.name, table["p2m_kind"], table.scale = "Table", "table", (2, 1, 0.5)
table.data.materials.append(bpy.data.materials.new("Wood"))
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.1, segments=16, ring_count=8, location=(0, 0, 1.35))
ball = bpy.context.object
ball.name, ball.parent, ball.matrix_parent_inverse = "Ball", table, table.matrix_world.inverted()
ball.hide_render = True
"""


async def test_history_is_that_of_the_project_that_the_caller_names_though_the_pod_holds_more(pod: RunningPod) -> None:
    made = "bpy.data.objects.new('Thing', None)"
    async with pod.toolbox() as box:
        other = (await run(box, "run_python", code=f"{made}  # of another project"))["snapshot"]["sha256"]
        await box.call("snapshots", {"action": "label", "sha256": other, "label": "theirs"})
        await box.call("snapshots", {"action": "restore", "sha256": "empty"})
        own = (await run(box, "run_python", code="bpy.ops.mesh.primitive_cube_add()"))["snapshot"]["sha256"]
        lacking = {
            "sha256": "a1" * 32,
            "parent": "",
            "title": "an older step",
            "label": "",
            "bytes": 9,
            "created_at": 1,
        }
        history = [{**lacking, "sha256": own, "title": "a cube", "parent": lacking["sha256"]}, lacking]

        async def asked(**arguments: str) -> ToolResult:
            return await box.call("snapshots", arguments, history=history)

        listed = await asked(action="list")
        named = ("theirs", other, other[:8], lacking["sha256"])
        refused = [await asked(action="restore", sha256=each) for each in named]
        refused += [await asked(action="diff", sha256=own, other=other), await asked(action="label", sha256=other)]
        await asked(action="label", sha256=own, label="theirs")
        back = await asked(action="restore", sha256="theirs")
        labels = [e["label"] for e in (await run(box, "snapshots", action="list"))["snapshots"] if e["sha256"] == other]
        nothing = (await box.call("snapshots", {"action": "list"}, history=[])).structured["snapshots"]
    assert [entry["sha256"] for entry in listed.structured["snapshots"]] == [own, lacking["sha256"]]
    assert "a cube (now)" in listed.content[0]["text"]
    assert "an older step" in listed.content[0]["text"]
    assert all(result.is_error for result in refused)
    assert (back.is_error, back.structured["sha256"], labels) == (False, own, ["theirs"])
    assert [entry["sha256"] for entry in nothing] == [own], "the scene that is open is the caller's own"


async def test_inspect_tells_size_place_and_kin(pod: RunningPod) -> None:
    async with pod.toolbox(TABLE) as box:
        seen = await run(box, "inspect")
        only = await run(box, "inspect", object="Ball")
        missing = await box.call("inspect", {"object": "Lamp"})
    table, ball = sorted(seen["objects"], key=lambda entry: entry["name"], reverse=True)
    assert (table["kind"], table["dimensions"], table["materials"]) == ("table", [2.0, 1.0, 0.5], ["Wood"])
    assert (table["min"], table["max"], table["triangles"]) == ([-1.0, -0.5, 0.75], [1.0, 0.5, 1.25], 12)
    assert (ball["parent"], ball["hidden"]) == ("Table", True)
    assert ball["min"][2] == pytest.approx(1.25, abs=1e-4)
    assert [entry["name"] for entry in only["objects"]] == ["Ball"]
    assert missing.is_error
    assert "'Lamp'" in missing.content[0]["text"]


async def test_the_box_of_a_turned_object_is_exact(pod: RunningPod) -> None:
    code = "bpy.ops.mesh.primitive_uv_sphere_add(radius=1, rotation=(0.3, 0.7, 0.2), segments=64, ring_count=32)"
    async with pod.toolbox(code) as box:
        ball = (await run(box, "inspect"))["objects"][0]
    assert ball["dimensions"] == pytest.approx([2, 2, 2], abs=0.02)


async def test_restore_goes_back_and_forth_and_to_the_empty_scene(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        first = (await run(box, "run_python", code=TABLE))["snapshot"]["sha256"]
        second = (await run(box, "run_python", code="bpy.data.objects.remove(bpy.data.objects['Ball'])"))["snapshot"]
        names = {}
        for sha256 in (first, second["sha256"], "empty", first, ""):
            await run(box, "snapshots", action="restore", sha256=sha256)
            names[sha256] = {entry["name"] for entry in (await run(box, "inspect"))["objects"]}
        listed = [entry["sha256"] for entry in (await run(box, "snapshots", action="list"))["snapshots"]]
        unknown = await box.call("snapshots", {"action": "restore", "sha256": "f" * 64})
    assert names == {first: {"Table", "Ball"}, second["sha256"]: {"Table"}, "empty": set(), "": set()}
    assert {first, second["sha256"]} <= set(listed)
    assert unknown.is_error


async def test_the_empty_scene_has_nothing_but_a_world(pod: RunningPod) -> None:
    code = """
kinds = ("objects", "meshes", "materials", "cameras", "lights", "worlds", "scenes")
print(*[len(getattr(bpy.data, kind)) for kind in kinds], bpy.context.scene.unit_settings.system)
"""
    async with pod.toolbox() as box:
        assert (await run(box, "run_python", code=code))["stdout"] == "0 0 0 0 0 1 1 METRIC\n"


async def test_a_snapshot_travels_to_another_name_only_with_its_content(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        sha256 = (await run(box, "run_python", code=TABLE))["snapshot"]["sha256"]
        data = await box.download_snapshot(sha256)
        (pod.workspace / "snapshots" / f"{sha256}.blend").unlink()
        with pytest.raises(NotFound):
            await box.download_snapshot(sha256)
        with pytest.raises(InvalidInput):
            await box.upload_snapshot(sha256, data + b"x")
        with pytest.raises(NotFound):
            await box.download_snapshot(sha256)
        await box.upload_snapshot(sha256, data)
        await run(box, "snapshots", action="restore", sha256=sha256)
        assert hashlib.sha256(data).hexdigest() == sha256
        assert len((await run(box, "inspect"))["objects"]) == 2
    assert not list((pod.workspace / "snapshots").glob(".*part*"))


@pytest.mark.parametrize("path", ["../pod.log", "..%2f..%2fetc%2fpasswd", "link.glb", ".hidden", "a" * 300])
async def test_no_path_leads_out_of_the_workspace(pod: RunningPod, path: str) -> None:
    link = pod.workspace / "exports" / "link.glb"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    async with httpx2.AsyncClient() as client:
        url = f"{pod.base_url}/files/exports/{path}"
        response = await client.get(url, headers={"Authorization": f"Bearer {pod.bearer()}"})
    assert response.status_code == 404
