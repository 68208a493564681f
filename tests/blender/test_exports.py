"""The seven formats, each read back by Blender itself."""

import hashlib
import shutil

import pytest

from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

SCENE = """
bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=6, location=(0, 0, 1))
bpy.context.object.name = "Ball"
bpy.ops.mesh.primitive_cube_add(location=(3, 0, 1))
box = bpy.context.object
box.name = "Box"
box.modifiers.new("Bevel", "BEVEL").segments = 2
red = bpy.data.materials.new("Red")
red.use_nodes = True
red.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.05, 0.05, 1)
box.data.materials.append(red)
"""
READERS = {
    "blend": "bpy.ops.wm.open_mainfile(filepath={path!r})",
    "glb": "bpy.ops.import_scene.gltf(filepath={path!r})",
    "fbx": "bpy.ops.import_scene.fbx(filepath={path!r})",
    "obj": "bpy.ops.wm.obj_import(filepath={path!r})",
    "stl": "bpy.ops.wm.stl_import(filepath={path!r})",
    "usdc": "bpy.ops.wm.usd_import(filepath={path!r})",
    "ply": "bpy.ops.wm.ply_import(filepath={path!r})",
}
WITH_MATERIALS = {"blend", "glb", "fbx", "obj", "usdc"}
HEIGHT = """
points = [o.matrix_world @ mathutils.Vector(c) for o in bpy.data.objects if o.type == "MESH" for c in o.bound_box]
height, right = max(p.z for p in points) - min(p.z for p in points), max(p.x for p in points)
print("READ", round(height, 3), round(right, 3), *[m.name for m in bpy.data.materials])
"""


@pytest.mark.parametrize("file_format", READERS)
async def test_a_file_reads_back_as_the_same_geometry(pod: RunningPod, file_format: str) -> None:
    async with pod.toolbox(SCENE) as box:
        before = (await run(box, "run_python", code=""))["triangles"]
        written = await run(box, "export", format=file_format, name="my-scene")
        data = await box.download_export(written["file"])
        assert written["file"] == f"my-scene.{file_format}"
        assert (len(data), hashlib.sha256(data).hexdigest()) == (written["bytes"], written["sha256"])
        assert written["triangles"] == before > 12 + 12 * 6
        await run(box, "snapshots", action="restore", sha256="empty")
        for entry in written["files"]:  # Blender sees uploads, no exports
            shutil.copy(pod.workspace / "exports" / entry["name"], pod.workspace / "imports")
        path = f"/imports/{written['file']}"
        read = await run(box, "run_python", code=READERS[file_format].format(path=path) + HEIGHT)
    assert read["triangles"] == before
    [line] = [line for line in read["stdout"].splitlines() if line.startswith("READ")]
    height, right, *materials = line.split()[1:]
    assert (float(height), float(right)) == pytest.approx((2, 4), abs=0.01)  # metres, Z up again
    assert ("Red" in materials) == (file_format in WITH_MATERIALS)


async def test_an_obj_comes_with_its_materials(pod: RunningPod) -> None:
    async with pod.toolbox(SCENE) as box:
        files = (await run(box, "export", format="obj"))["files"]
        assert [entry["name"] for entry in files] == ["scene.obj", "scene.mtl"]
        assert b"newmtl Red" in await box.download_export("scene.mtl")


async def test_nothing_to_export_and_bad_names_are_told(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        empty = await box.call("export", {"format": "glb"})
        named = await box.call("export", {"format": "blend", "name": "../x"})
        unknown = await box.call("export", {"format": "step"})
    assert empty.is_error
    assert "no geometry" in empty.content[0]["text"]
    assert named.is_error
    assert unknown.is_error
