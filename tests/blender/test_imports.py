"""`import_file`: each format comes in right; what is damaged or hostile is refused and leaves the scene alone."""

import io
import json
import random
import struct
import zipfile

import pytest
from PIL import Image

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import RunningPod, run
from tests.blender.uploads import upload

pytestmark = pytest.mark.blender

MODELS = ("blend", "glb", "fbx", "obj", "stl", "ply", "usdc")
PICTURES = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP", "tga": "TGA"}
TOWER = """
bpy.ops.mesh.primitive_cube_add(size=1, location=(2, 0, 1.5))
tower = bpy.context.object
tower.name, tower.scale = "Tower", (1, 2, 3)
tower.data.materials.append(bpy.data.materials.new("Stone"))
bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=6, radius=0.5, location=(2, 0, 3.5))
bpy.context.object.name, bpy.context.object.parent = "Ball", tower
bpy.context.object.matrix_parent_inverse = tower.matrix_world.inverted()
"""
TRIANGLES = 12 + 80
KEPT = "bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Kept'"
STATE = """
kinds = ("objects", "meshes", "materials", "collections", "scenes", "texts", "armatures", "actions", "curves")
print({kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds})
"""


async def exported(pod: RunningPod, file_format: str, code: str = TOWER) -> bytes:
    """The scene that the code makes, as a file."""
    async with pod.toolbox(code) as box:
        return await box.download_export((await run(box, "export", format=file_format))["file"])


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """One sound file of each format, made when first asked for."""
    return {}


async def sound_file(pod: RunningPod, files: dict[str, bytes], file_format: str) -> bytes:
    """The tower in that format."""
    if file_format not in files:
        files[file_format] = await exported(pod, file_format)
    return files[file_format]


def picture(kind: str, wide: int = 80, high: int = 40) -> bytes:
    """A plain picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (wide, high), (200, 30, 30)).save(buffer, PICTURES[kind])
    return buffer.getvalue()


async def refusal(pod: RunningPod, box: McpToolbox, name: str, data: bytes) -> str:
    """Why the file is not imported; the scene holds what it held."""
    before = (await run(box, "run_python", code=STATE))["stdout"]
    await upload(pod, name, data)
    result = await box.call("import_file", {"file": name})
    assert result.is_error, result.structured
    assert result.structured["error"]["type"] == "invalid_input"
    assert (await run(box, "run_python", code=STATE))["stdout"] == before
    return result.content[0]["text"]


@pytest.mark.parametrize("file_format", MODELS)
async def test_a_model_comes_in_upright_in_metres_beside_what_is_there(
    pod: RunningPod, files: dict[str, bytes], file_format: str
) -> None:
    await upload(pod, f"Old tower.{file_format}".replace(" ", "-"), await sound_file(pod, files, file_format))
    async with pod.toolbox(KEPT) as box:
        imported = await run(box, "import_file", file=f"Old-tower.{file_format}")
        seen = await run(box, "inspect", filter="collection:Old-tower")
        await run(box, "snapshots", action="restore", sha256=imported["snapshot"]["sha256"])
        names = {entry["name"] for entry in (await run(box, "inspect"))["objects"]}
    told = imported["imported"]
    assert (told["collection"], told["triangles"]) == ("Old-tower", TRIANGLES)
    assert told["min"] == pytest.approx([1.5, -1, 0], abs=1e-4)
    assert told["max"] == pytest.approx([2.5, 1, 4], abs=1e-4)
    assert imported["triangles"] == TRIANGLES + 12
    assert names == {"Kept", *imported["changed"]["added"]}
    assert {entry["name"] for entry in seen["objects"]} == set(imported["changed"]["added"])
    if file_format not in {"stl", "ply"}:
        assert {"Tower", "Ball"} <= names


async def test_scale_and_collection_are_as_asked(pod: RunningPod, files: dict[str, bytes]) -> None:
    await upload(pod, "tower.glb", await sound_file(pod, files, "glb"))
    async with pod.toolbox() as box:
        imported = await run(box, "import_file", file="tower.glb", scale=0.001, collection="Millimetres")
        wrong = await box.call("import_file", {"file": "tower.glb", "scale": 0})
    assert imported["imported"]["collection"] == "Millimetres"
    assert imported["imported"]["dimensions"] == pytest.approx([0.001, 0.002, 0.004], abs=1e-5)
    assert wrong.is_error


@pytest.mark.parametrize("kind", PICTURES)
async def test_a_picture_is_a_plane_of_one_metre_in_its_aspect(pod: RunningPod, kind: str) -> None:
    await upload(pod, f"plan.{kind}", picture(kind))
    code = "print([bool(i.packed_file) for i in bpy.data.images if i.name.startswith('plan')])"
    async with pod.toolbox() as box:
        imported = await run(box, "import_file", file=f"plan.{kind}")
        assert (await run(box, "run_python", code=code))["stdout"] == "[True]\n"
    assert imported["imported"]["dimensions"] == [2, 0, 1]
    assert imported["imported"]["min"][2] == 0


async def test_nothing_in_a_blend_is_run(pod: RunningPod) -> None:
    code = TOWER + (
        "text = bpy.data.texts.new('start.py')\ntext.use_module = True\n"
        "text.write('import builtins; builtins.p2m_ran = True')\n"
        "tower['text'] = text\n"
        "curve = tower.driver_add('location', 0)\n"
        "curve.driver.expression = \"setattr(__import__('builtins'), 'p2m_ran', True) or 5.0\"\n"
    )
    data = await exported(pod, "blend", code)
    await upload(pod, "trap.blend", data)
    ask = "import builtins\nprint(hasattr(builtins, 'p2m_ran'))"
    forget = "import builtins\nvars(builtins).pop('p2m_ran', None)"
    drivers = "print([d.mute for d in bpy.data.objects['Tower'].animation_data.drivers])"
    async with pod.toolbox(forget) as box:
        await run(box, "import_file", file="trap.blend")
        await run(box, "look", size=64)
        await run(box, "run_python", code="bpy.context.scene.frame_set(5)")
        ran = (await run(box, "run_python", code=ask))["stdout"]
        muted = (await run(box, "run_python", code=drivers))["stdout"]
    assert (ran, muted) == ("False\n", "[True]\n")


async def test_a_blend_in_centimetres_comes_in_metres_with_its_camera_and_its_world(pod: RunningPod) -> None:
    code = TOWER + (
        "scene = bpy.context.scene\nscene.unit_settings.scale_length = 0.01\n"
        "scene.camera = bpy.data.objects.new('Eye', bpy.data.cameras.new('Eye'))\n"
        "scene.collection.objects.link(scene.camera)\nscene.world.name = 'Dusk'\n"
    )
    await upload(pod, "small.blend", await exported(pod, "blend", code))
    stage = "scene = bpy.context.scene\nprint(scene.camera.name, scene.world.name, scene.unit_settings.scale_length)"
    async with pod.toolbox() as box:
        imported = await run(box, "import_file", file="small.blend")
        stands = (await run(box, "run_python", code=stage))["stdout"]
    assert imported["imported"]["dimensions"] == pytest.approx([0.01, 0.02, 0.04], abs=1e-4)
    assert stands == "Eye Dusk 1.0\n"


async def test_a_blend_of_a_blender_to_come_is_refused_by_its_version(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        said = await refusal(pod, box, "later.blend", b"BLENDER17-02v0700" + bytes(4000))
    assert "saved by Blender 7.0, which this Blender (4.5) cannot read" in said


@pytest.mark.parametrize("file_format", [*MODELS, *PICTURES])
async def test_a_file_that_is_no_such_file_is_refused(pod: RunningPod, file_format: str) -> None:
    noise = random.Random(file_format).randbytes(4_000)
    async with pod.toolbox(KEPT) as box:
        assert f"x.{file_format}" in await refusal(pod, box, f"x.{file_format}", noise)
        assert f"x.{file_format}" in await refusal(pod, box, f"x.{file_format}", b"")
        assert f"x.{file_format}" in await refusal(pod, box, f"x.{file_format}", b"solid ply glTF #usda 1.0\n")


@pytest.mark.parametrize("file_format", [kind for kind in MODELS if kind != "obj"])  # half an .obj is one as well
async def test_a_file_cut_in_half_is_refused(pod: RunningPod, files: dict[str, bytes], file_format: str) -> None:
    data = await sound_file(pod, files, file_format)
    async with pod.toolbox(KEPT) as box:
        await refusal(pod, box, f"half.{file_format}", data[: len(data) // 2])


async def test_names_are_never_paths(pod: RunningPod) -> None:
    async with pod.toolbox(KEPT) as box:
        for name in ("../snapshots/x.blend", "/etc/passwd", "..", ".hidden.glb", "a/b.glb", "none.glb", "x.exe", "x"):
            result = await box.call("import_file", {"file": name})
            assert result.is_error
            assert result.structured["error"]["type"] == "invalid_input", name


async def test_a_link_among_the_uploads_is_refused(pod: RunningPod) -> None:
    await upload(pod, "real.png", picture("png"))
    link = pod.workspace / "imports" / "link.png"
    link.symlink_to("real.png")
    async with pod.toolbox() as box:
        assert (await box.call("import_file", {"file": "link.png"})).is_error
    link.unlink()


def gltf(**changes: object) -> bytes:
    """A .glb of one triangle, with parts of its JSON replaced."""
    blob = struct.pack("<9f3I", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2)
    found: dict[str, object] = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": 12},
        ],
        "buffers": [{"byteLength": 48}],
    }
    text = json.dumps(found | changes).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


LIES = {
    "nodes that form a loop": {"nodes": [{"children": [1]}, {"children": [0]}]},
    "a node below itself": {"nodes": [{"children": [0]}]},
    "two parents": {"nodes": [{"children": [2]}, {"children": [2]}, {"mesh": 0}]},
    "a huge count": {
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 2**40, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": 3, "type": "SCALAR"},
        ]
    },
    "values that are nowhere": {
        "accessors": [{"componentType": 5126, "count": 2**40, "type": "VEC3"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    },
    "a view past the end": {"bufferViews": [{"buffer": 0, "byteLength": 4_000}]},
    "a negative index": {"scenes": [{"nodes": [-1]}]},
    "no such mesh": {"nodes": [{"mesh": 7}]},
    "a file elsewhere": {"buffers": [{"byteLength": 48, "uri": "../../etc/passwd"}]},
    "a picture elsewhere": {"images": [{"uri": "file:///etc/passwd"}]},
    "floats as indices": {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 0}]}]},
    "a list for a number": {"accessors": [{"bufferView": [], "componentType": 5126, "count": 3, "type": "VEC3"}]},
    "another version": {"asset": {"version": "1.0"}},
}


async def test_a_small_sound_glb_is_taken(pod: RunningPod) -> None:
    await upload(pod, "one.glb", gltf())
    async with pod.toolbox() as box:
        assert (await run(box, "import_file", file="one.glb"))["imported"]["triangles"] == 1


@pytest.mark.parametrize("lie", LIES)
async def test_a_glb_that_lies_is_refused(pod: RunningPod, lie: str) -> None:
    async with pod.toolbox(KEPT) as box:
        await refusal(pod, box, "lie.glb", gltf(**LIES[lie]))


async def test_bombs_are_refused(pod: RunningPod) -> None:
    wide = picture("bmp")
    wide = wide[:18] + struct.pack("<ii", 100_000, 100_000) + wide[26:]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.usda", "#usda 1.0\n" + " " * 2**22)
    header = b"ply\nformat binary_little_endian 1.0\nelement vertex %d\nproperty float x\n"
    header += (
        b"property float y\nproperty float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
    )
    async with pod.toolbox(KEPT) as box:
        assert "64 million" in await refusal(pod, box, "bomb.bmp", wide)
        assert "compressed" in await refusal(pod, box, "bomb.usdz", packed.getvalue())
        assert "claims more" in await refusal(pod, box, "bomb.ply", header % 2**40 + b"\0" * 100)
        lost = struct.pack("<9f", *range(9)) + b"\3" + struct.pack("<3i", 0, 1, 9_999_999)
        assert "not there" in await refusal(pod, box, "lost.ply", header % 3 + lost)


def damaged(data: bytes, seed: str) -> bytes:
    """The file with some bits or bytes changed, or its end missing."""
    chance, broken = random.Random(seed), bytearray(data)
    way = chance.randrange(3)
    if way == 0:
        return bytes(broken[: chance.randrange(len(broken))])
    for _ in range(chance.choice((1, 3, 30))):
        place = chance.randrange(len(broken))
        broken[place] = broken[place] ^ (1 << chance.randrange(8)) if way == 1 else chance.randrange(256)
    return bytes(broken)


async def stands_after(pod: RunningPod, box: McpToolbox, name: str, data: bytes) -> None:
    """Import the file: whatever comes of it, the pod answers and holds the scene that it should."""
    before = (await run(box, "snapshots", action="list"))["current"]
    await upload(pod, name, data)
    result = await box.call("import_file", {"file": name})
    names = {entry["name"] for entry in (await run(box, "inspect"))["objects"]}
    assert "Kept" in names, name
    if result.is_error:
        assert result.structured["error"]["type"] in {"invalid_input", "step_lost"}, result.structured
        assert names == {"Kept"}, name
    else:
        await run(box, "snapshots", action="restore", sha256=before)


@pytest.mark.parametrize("file_format", [*MODELS, "png"])
async def test_a_damaged_file_never_loses_the_scene(pod: RunningPod, files: dict[str, bytes], file_format: str) -> None:
    data = picture("png") if file_format == "png" else await sound_file(pod, files, file_format)
    async with pod.toolbox(KEPT) as box:
        for number in range(6):
            await stands_after(pod, box, f"bad.{file_format}", damaged(data, f"{file_format}{number}"))


@pytest.mark.heavy
@pytest.mark.parametrize("file_format", [*MODELS, *PICTURES])
async def test_hundreds_of_damaged_files_never_lose_the_scene(
    pod: RunningPod, files: dict[str, bytes], file_format: str
) -> None:
    is_picture = file_format in PICTURES
    data = picture(file_format) if is_picture else await sound_file(pod, files, file_format)
    async with pod.toolbox(KEPT) as box:
        for number in range(150):
            await stands_after(pod, box, f"bad.{file_format}", damaged(data, f"{file_format} {number}"))
