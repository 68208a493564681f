"""The seven formats, each read back by Blender itself."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blender.pod_process import RunningPod, run
from tests.blender.uploads import upload

pytestmark = pytest.mark.blender

ROOT = Path(__file__).parents[2]
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
        assert written["read_back"] == {"triangles": before, "ok": True}
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


HARD = """
C = bpy.context.scene.collection
bpy.ops.object.text_add(location=(0, 5, 0))
bpy.context.object.data.extrude = 0.1
bpy.ops.curve.primitive_bezier_circle_add(location=(0, 8, 0))
bpy.context.object.data.bevel_depth = 0.1
bpy.ops.mesh.primitive_circle_add(fill_type="NGON", vertices=7, location=(5, 5, 0))
bpy.ops.mesh.primitive_monkey_add(location=(12, 0, 0))
monkey = bpy.context.object
monkey.name = "Monkey"
monkey.modifiers.new("Smooth", "SUBSURF").render_levels = 3
twin = bpy.data.objects.new("Twin", monkey.data)
twin.parent, twin.location = monkey, (3, 0, 0)
C.objects.link(twin)
cones = bpy.data.collections.new("Cones")
bpy.ops.mesh.primitive_cone_add()
cone = bpy.context.object
cone.users_collection[0].objects.unlink(cone)
cones.objects.link(cone)
for number in range(3):
    spot = bpy.data.objects.new(f"Spot {number}", None)
    spot.instance_type, spot.instance_collection, spot.location = "COLLECTION", cones, (3 * number, -5, 0)
    C.objects.link(spot)
bpy.ops.mesh.primitive_grid_add(x_subdivisions=4, y_subdivisions=4, location=(0, 20, 0))
tree = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
for way in ("INPUT", "OUTPUT"):
    tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
kinds = ("NodeGroupInput", "GeometryNodeMeshCube", "GeometryNodeInstanceOnPoints", "GeometryNodeJoinGeometry")
start, cube, scatter, join = (tree.nodes.new(kind) for kind in kinds)
tree.links.new(start.outputs[0], scatter.inputs["Points"])
tree.links.new(cube.outputs[0], scatter.inputs["Instance"])
tree.links.new(scatter.outputs[0], join.inputs[0])
tree.links.new(start.outputs[0], join.inputs[0])
tree.links.new(join.outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
bpy.context.object.modifiers.new("Scatter", "NODES").node_group = tree
for name in ("Hidden", "Eye Off"):
    bpy.ops.mesh.primitive_cube_add(location=(9, 0, 0))
    bpy.context.object.name = name
bpy.data.objects["Hidden"].hide_render = True
bpy.data.objects["Eye Off"].hide_set(True)
for obj in bpy.data.objects:
    obj.select_set(obj.name == "Twin")
"""
STATE = """
kinds = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
print({kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds})
print([obj.name for obj in bpy.context.selected_objects], bpy.context.scene.name, bpy.context.object)
print([(obj.name, obj.instance_type, [m.show_viewport for m in obj.modifiers]) for obj in bpy.data.objects])
print([(image.name, image.filepath_raw, bool(image.packed_file)) for image in bpy.data.images])
"""
CONE, MONKEY, SMOOTH_MONKEY, SCATTERED = 62, 968, 3936, 25 * 12


async def test_every_format_holds_text_curves_and_instances_alike(pod: RunningPod) -> None:
    async with pod.toolbox(HARD) as box:
        written = {kind: await run(box, "export", format=kind) for kind in READERS}
        plain = await run(box, "export", format="glb", objects=["Monkey"])
        bare = {kind: await run(box, "export", format=kind, apply_modifiers=False) for kind in READERS}
    assert {kind for kind, export in (written | bare).items() if not export["read_back"]["ok"]} == set()
    assert plain["triangles"] == SMOOTH_MONKEY + MONKEY  # its child has no modifier
    assert len({export["triangles"] for kind, export in written.items() if kind != "blend"}) == 1
    seen = written["glb"]["triangles"]
    assert written["blend"]["triangles"] == seen + 12  # a hidden eye is not evaluated, a hidden render is
    without = bare["stl"]["triangles"]
    assert seen - without == SMOOTH_MONKEY - MONKEY + SCATTERED


async def test_an_export_leaves_the_scene_as_it_was(pod: RunningPod) -> None:
    textured = SCENE + (
        "image = bpy.data.images.new('Oak wood', 8, 8)\nimage.pack()\n"
        "node = red.node_tree.nodes.new('ShaderNodeTexImage')\nnode.image = image\n"
    )
    async with pod.toolbox(textured + HARD) as box:
        before = (await run(box, "run_python", code=STATE))["stdout"]
        for kind in READERS:
            await run(box, "export", format=kind)
            await run(box, "export", format=kind, objects=["Monkey"], apply_modifiers=False)
            assert (await run(box, "run_python", code=STATE))["stdout"] == before, kind


async def test_only_the_named_objects_and_their_children_are_exported(pod: RunningPod) -> None:
    async with pod.toolbox(HARD) as box:
        for kind in READERS:
            written = await run(box, "export", format=kind, objects=["Spot 1", "Twin"])
            assert (written["triangles"], written["read_back"]["ok"]) == (CONE + MONKEY, True), kind
        part = await run(box, "export", format="blend", objects=["Monkey"], name="part")
        data = await box.download_export(part["file"])
        hidden = await box.call("export", {"format": "glb", "objects": ["Hidden"]})
        missing = await box.call("export", {"format": "glb", "objects": ["Nobody"]})
        await run(box, "snapshots", action="restore", sha256="empty")
        await upload(pod, "part.blend", data)
        await run(box, "import_file", file="part.blend")
        names = {entry["name"] for entry in (await run(box, "inspect"))["objects"]}
    assert names == {"Monkey", "Twin"}
    assert "hidden" in hidden.content[0]["text"]
    assert "Nobody" in missing.content[0]["text"]
    assert hidden.is_error
    assert missing.is_error


@pytest.mark.parametrize("file_format", ["glb", "fbx", "obj", "stl", "ply", "usdc"])
@pytest.mark.parametrize("up", ["Y", "Z"])
async def test_scale_and_axis_are_what_was_asked_for(pod: RunningPod, file_format: str, up: str) -> None:
    code = "bpy.ops.mesh.primitive_cube_add(size=1)\nbpy.context.object.scale = (1, 2, 5)"
    async with pod.toolbox(code) as box:
        written = await run(box, "export", format=file_format, scale=10, up=up)
        data = await box.download_export(written["file"])
        await run(box, "snapshots", action="restore", sha256="empty")
        await upload(pod, f"tall.{file_format}", data)
        size = (await run(box, "import_file", file=f"tall.{file_format}"))["imported"]["dimensions"]
    knows_its_axis = file_format in {"fbx", "usdc"}  # the file says which axis is up, so it comes back upright
    assumed = {"glb": "Y", "obj": "Y", "stl": "Z", "ply": "Z"}.get(file_format)
    longest = 2 if knows_its_axis or up == assumed else 1
    assert size.index(max(size)) == longest
    assert max(size) == pytest.approx(5 if file_format == "usdc" else 50, rel=1e-4)  # a .usdc tells its unit too


async def test_textures_lie_beside_an_obj(pod: RunningPod) -> None:
    code = SCENE + (
        "image = bpy.data.images.new('Oak wood', 8, 8)\n"
        "node = red.node_tree.nodes.new('ShaderNodeTexImage')\nnode.image = image\n"
        "shader = next(n for n in red.node_tree.nodes if n.type == 'BSDF_PRINCIPLED')\n"
        "red.node_tree.links.new(node.outputs[0], shader.inputs[0])\n"
    )
    async with pod.toolbox(code) as box:
        files = [entry["name"] for entry in (await run(box, "export", format="obj"))["files"]]
        library = await box.download_export("scene.mtl")
        picture = await box.download_export("scene-Oak-wood.png")
    assert files == ["scene.obj", "scene.mtl", "scene-Oak-wood.png"]
    assert b"map_Kd scene-Oak-wood.png" in library
    assert picture.startswith(b"\x89PNG")


PROCEDURAL = """
bpy.ops.mesh.primitive_cube_add()
def painted(name):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    bpy.context.object.data.materials.append(material)
    tree = material.node_tree
    return tree, next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED").inputs["Base Color"]
tree, base = painted("Moss")
noise, ramp = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = (0.1, 0.4, 0, 1), (0.3, 0.2, 0.2, 1)
tree.links.new(ramp.outputs[0], base)
tree.links.new(noise.outputs[0], ramp.inputs[0])
tree, base = painted("Rust")
base.default_value = (0.5, 0.2, 0.1, 1)
tree.links.new(tree.nodes.new("ShaderNodeTexNoise").outputs["Color"], base)
tree, base = painted("Oak")
node = tree.nodes.new("ShaderNodeTexImage")
node.image = bpy.data.images.new("Oak wood", 8, 8)
tree.links.new(node.outputs[0], base)
for face in bpy.context.object.data.polygons:
    face.material_index = face.index % 3
"""
COLOURS = """
for material in bpy.data.materials:
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    base = shader.inputs["Base Color"]
    print("READ", material.name, base.is_linked, *[round(part, 2) for part in base.default_value[:3]])
"""
LINKS = """
for material in bpy.data.materials:
    for link in material.node_tree.links:
        print(material.name, material.users, material.session_uid, link.from_node.name, link.to_socket.path_from_id())
print([material.name for material in bpy.context.object.data.materials])
"""


@pytest.mark.parametrize("file_format", sorted(WITH_MATERIALS - {"blend"}))
async def test_procedural_colours_become_plain_and_the_result_says_so(pod: RunningPod, file_format: str) -> None:
    async with pod.toolbox(PROCEDURAL) as box:
        before = (await run(box, "run_python", code=LINKS))["stdout"]
        answer = await box.call("export", {"format": file_format})
        assert (await run(box, "run_python", code=LINKS))["stdout"] == before
        await run(box, "snapshots", action="restore", sha256="empty")
        for entry in answer.structured["files"]:
            shutil.copy(pod.workspace / "exports" / entry["name"], pod.workspace / "imports")
        path = f"/imports/scene.{file_format}"
        read = await run(box, "run_python", code=READERS[file_format].format(path=path) + COLOURS)
    assert "Procedural colours, one plain mean in the file: Moss, Rust." in answer.content[0]["text"]
    lines = sorted(line.split()[1:] for line in read["stdout"].splitlines() if line.startswith("READ"))
    assert [line[:2] for line in lines] == [["Moss", "False"], ["Oak", "True"], ["Rust", "False"]]
    assert lines[0][2:] == ["0.2", "0.3", "0.1"]
    assert lines[2][2:] == ["0.5", "0.2", "0.1"]


def test_an_exporter_that_fails_leaves_procedural_materials_as_they_were() -> None:
    code = f"""
import bpy
from cloud.blender.child.fingerprint import fingerprint_scene
from cloud.blender.child.plain_colours import procedural_made_plain
bpy.ops.wm.read_factory_settings(use_empty=True)
{PROCEDURAL}
before = fingerprint_scene()
try:
    with procedural_made_plain([bpy.context.object]):
        lent = fingerprint_scene()
        raise OSError("the disk is full")
except OSError:
    print(lent == before, fingerprint_scene() == before, [material.name for material in bpy.data.materials])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.splitlines()[-1] == "False True ['Moss', 'Oak', 'Rust']"


@pytest.mark.parametrize("wrong", [{"scale": 0}, {"scale": -1}, {"up": "X"}, {"format": "blend", "scale": 10}])
async def test_impossible_wishes_are_refused(pod: RunningPod, wrong: dict[str, object]) -> None:
    async with pod.toolbox(SCENE) as box:
        assert (await box.call("export", {"format": "stl"} | wrong)).is_error
