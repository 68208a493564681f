"""Files that unfold to far more than they are, and files that name what is not theirs."""

import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.blender.pod_process import RunningPod, run, running_pod
from tests.blender.test_imports import KEPT, gltf, refusal
from tests.blender.uploads import upload

pytestmark = pytest.mark.blender

UNFOLDING = {
    "nodes": ({"nodes": [{"mesh": 0}] * 30_000}, "30000 nodes"),
    "the same numbers again": (
        {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}}] * 30_000}] * 2},
        "parts of meshes",
    ),
    "shape keys": (
        {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "targets": [{"POSITION": 0}] * 6_000}]}]},
        "shape keys",
    ),
    "values that are nowhere": (
        {
            "accessors": [{"componentType": 5126, "count": 1_000_000, "type": "VEC3"}] * 300,
            "meshes": [{"primitives": [{"attributes": {"POSITION": number}}]} for number in range(300)],
        },
        "unfolds to 300000000 values",
    ),
    "its own description": ({"extras": [0] * 11_000_000}, "more than a scene can hold"),
}


@pytest.mark.parametrize("what", UNFOLDING)
async def test_a_glb_that_unfolds_is_refused(pod: RunningPod, what: str) -> None:
    changes, told = UNFOLDING[what]
    async with pod.toolbox(KEPT) as box:
        assert told in await refusal(pod, box, "bomb.glb", gltf(**changes))


# What a .blend can name: each of these would be opened by a look, an export or the next snapshot.
NAMES_OUTSIDE = """
def picture(name, path, source):
    image = bpy.data.images.new(name, 4, 4)
    image.source, image.filepath_raw = source, path
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(node.outputs[0], shader.inputs[0])
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.data.materials.append(material)

picture("film", "URL/film.mp4", "MOVIE")
picture("web", "URL/web.png", "FILE")
picture("file", "FILE", "FILE")
picture("file film", "FILE", "MOVIE")
bpy.ops.mesh.primitive_plane_add()
bpy.context.object.modifiers.new("cache", "MESH_CACHE").filepath = "FILE"
volume = bpy.data.volumes.new("volume")
volume.filepath = "FILE"
bpy.context.scene.collection.objects.link(bpy.data.objects.new("volume", volume))
tree = bpy.data.node_groups.new("reader", "GeometryNodeTree")
tree.nodes.new("GeometryNodeImportText").inputs[0].default_value = "FILE"
bpy.context.object.modifiers.new("reader", "NODES").node_group = tree
"""
STATE = """
print(sorted(path for paths in bpy.data.file_path_map(include_libraries=True).values() for path in paths if path))
print([node.bl_idname for tree in bpy.data.node_groups for node in tree.nodes])
"""


@pytest.fixture(scope="module")
def canary() -> Iterator[tuple[str, list[bytes]]]:
    """An address that must see nobody, and what it saw."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(200))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
        listener.shutdown(socket.SHUT_RDWR)


async def hostile_files(pod: RunningPod, url: str, secret: Path) -> dict[str, bytes]:
    """A file of each format that can name others, and names the secret and the address."""
    code = NAMES_OUTSIDE.replace("URL", url).replace('FILE"', f'{secret}"').replace(f'"{secret}")', '"FILE")')
    async with pod.toolbox(code) as box:
        blend = await box.download_export((await run(box, "export", format="blend"))["file"])
    mesh = "int[] faceVertexCounts = [3]\nint[] faceVertexIndices = [0, 1, 2]\npoint3f[] points = "
    mesh += "[(0, 0, 0), (1, 0, 0), (0, 1, 0)]\n"
    usda = f"#usda 1.0\n(subLayers = [@{url}/layer.usda@])\n"
    for name, path in (("A", str(secret)), ("B", f"{url}/b.png")):
        usda += f'def Mesh "M{name}" {{\nrel material:binding = </{name}>\n{mesh}}}\n'
        usda += f'def Material "{name}" {{\ntoken outputs:surface.connect = </{name}/S.outputs:surface>\n'
        usda += 'def Shader "S" {\nuniform token info:id = "UsdPreviewSurface"\n'
        usda += f"color3f inputs:diffuseColor.connect = </{name}/T.outputs:rgb>\ntoken outputs:surface\n}}\n"
        usda += 'def Shader "T" {\nuniform token info:id = "UsdUVTexture"\n'
        usda += f"asset inputs:file = @{path}@\nfloat3 outputs:rgb\n}}\n}}\n"
    mtl = secret.with_suffix(".mtl")
    mtl.write_text(f"newmtl M\nKd 1 0 0\nmap_Kd {secret}\n")
    obj = f"mtllib {mtl}\nmtllib {url}/m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl M\n"
    return {"blend": blend, "usda": usda.encode(), "obj": obj.encode() + b"f 1/1 2/2 3/3\n"}


async def nothing_comes_out(pod: RunningPod, name: str, data: bytes, secret: bytes) -> None:
    """Import the file, do all that would open what it names, and find nothing of it."""
    await upload(pod, name, data)
    async with pod.toolbox() as box:
        await run(box, "import_file", file=name)
        paths, nodes = (await run(box, "run_python", code=STATE))["stdout"].splitlines()
        assert (paths, nodes.count("Import")) == ("[]", 0)
        await run(box, "look", shading="material", size=64)
        for file_format in ("blend", "glb"):
            for file in (await run(box, "export", format=file_format))["files"]:
                assert secret not in await box.download_export(file["name"]), file["name"]


def secret_picture(folder: Path) -> Path:
    """A picture on this machine that is nobody's to see."""
    path = folder / "secret.png"
    Image.effect_noise((16, 16), 90).save(path)
    return path


async def test_what_a_file_names_outside_is_forgotten(
    pod: RunningPod, canary: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    url, seen = canary
    secret = secret_picture(tmp_path)
    for kind, data in (await hostile_files(pod, url, secret)).items():
        await nothing_comes_out(pod, f"hostile.{kind}", data, secret.read_bytes()[50:150])
    assert seen == []


@pytest.mark.heavy
async def test_it_is_forgotten_even_where_nothing_isolates(
    pod: RunningPod, canary: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    """With the walls gone Blender could open it all."""
    url, seen = canary
    secret = secret_picture(tmp_path)
    files = await hostile_files(pod, url, secret)
    with running_pod(tmp_path / "pod", "--isolation", "none-and-model-code-gets-my-rights") as bare:
        for kind, data in files.items():
            await nothing_comes_out(bare, f"hostile.{kind}", data, secret.read_bytes()[50:150])
    assert seen == []


async def test_a_picture_bomb_within_a_model_is_refused(pod: RunningPod) -> None:
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    code = (
        f"open('/tmp/bomb.png', 'wb').write(bytes.fromhex('{bomb.getvalue().hex()}'))\n"
        "image = bpy.data.images.load('/tmp/bomb.png')\nimage.pack()\n"
        "bpy.ops.mesh.primitive_plane_add()\nbpy.context.object.data.materials.append(bpy.data.materials.new('m'))\n"
        "material = bpy.context.object.data.materials[0]\nmaterial.use_nodes = True\n"
        "material.node_tree.nodes.new('ShaderNodeTexImage').image = image\n"
    )
    async with pod.toolbox(code) as box:
        blend = await box.download_export((await run(box, "export", format="blend"))["file"])
    async with pod.toolbox(KEPT) as box:
        assert "64 million" in await refusal(pod, box, "bomb.blend", blend)
