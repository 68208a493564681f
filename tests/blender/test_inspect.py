"""`inspect`: the scene in pages, one object in depth, and filters."""

import pytest

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

PAGE_LIMIT_BYTES = 4_000  # well under 1,500 tokens

WALL = """
bpy.ops.mesh.primitive_cube_add(size=0.2)
brick = bpy.context.object
brick.name = "Brick.000"
wall = bpy.data.collections.new("Wall")
bpy.context.scene.collection.children.link(wall)
for number in range(1, 240):
    copy = bpy.data.objects.new(f"Brick.{number:03}", brick.data)
    copy.location = (number % 20 * 0.2, 0, number // 20 * 0.1)
    wall.objects.link(copy)
bpy.ops.object.light_add(type="SUN")
bpy.context.object.name = "Sun"
"""
CROWD = """
mesh = bpy.data.meshes.new("Point")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
for number in range(1000):
    name = ("とても長い名前の部品" * 6)[: 5 + number % 15] + "abcdefghijk"[number % 11] * (number // 60 + 1) + "x"
    obj = bpy.data.objects.new(name, mesh)
    obj.scale = (1 + number, 1, 1)
    bpy.context.scene.collection.objects.link(obj)
"""
DEEP = """
bpy.ops.mesh.primitive_cube_add()
box = bpy.context.object
box.name = "Box"
box.modifiers.new("Round", "BEVEL").segments = 7
bpy.ops.object.empty_add()
bpy.context.object.name, bpy.context.object.parent = "Handle", box
box.constraints.new("TRACK_TO").target = bpy.data.objects["Handle"]
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
shader = next(n for n in paint.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
shader.inputs["Roughness"].default_value = 0.125
shader.inputs["Metallic"].default_value = 0.75
texture = paint.node_tree.nodes.new("ShaderNodeTexImage")
texture.image = bpy.data.images.new("Scratches", 32, 16)
paint.node_tree.links.new(texture.outputs[0], shader.inputs["Base Color"])
box.data.materials.append(paint)
box.vertex_groups.new(name="Rim")
box.shape_key_add(name="Rest")
box.shape_key_add(name="Bent")
box.keyframe_insert("location", frame=10)
box["price"] = 12.5
"""


async def text_of(box: McpToolbox, **arguments: object) -> str:
    """The words of one `inspect`."""
    result = await box.call("inspect", arguments)
    assert not result.is_error, result.content
    return result.content[0]["text"]


async def test_alike_objects_are_one_line_and_all_are_data(pod: RunningPod) -> None:
    async with pod.toolbox(WALL) as box:
        text = await text_of(box)
        objects = (await run(box, "inspect"))["objects"]
    assert "Brick.001 … Brick.239 (239 objects, same mesh) [mesh] 0.2 × 0.2 × 0.2 m; 12 tris each" in text
    assert "Collection Wall:" in text
    assert "sun light" in text
    assert len(text.splitlines()) < 10
    assert len(objects) == 241


@pytest.mark.heavy
async def test_each_page_of_a_crowd_is_affordable_and_all_pages_hold_all(pod: RunningPod) -> None:
    async with pod.toolbox(CROWD) as box:
        pages = (await run(box, "inspect"))["pages"]
        texts = [await text_of(box, page=page) for page in range(1, pages + 1)]
        beyond = await box.call("inspect", {"page": pages + 1})
    assert pages > 5
    assert max(len(text.encode()) for text in texts) <= PAGE_LIMIT_BYTES
    assert sum(text.count("[mesh]") for text in texts) == 1000
    assert beyond.is_error
    assert f"{pages} pages" in beyond.content[0]["text"]


async def test_one_object_is_told_in_depth(pod: RunningPod) -> None:
    async with pod.toolbox(DEEP) as box:
        text = await text_of(box, object="Box")
    for told in (
        "modifier Round [BEVEL]: segments=7",
        "constraint Track To [TRACK_TO]: target=Handle",
        "Base Color from TEX_IMAGE, Roughness 0.125, Metallic 0.75, image Scratches 32×16",
        "UV maps: UVMap",
        "vertex groups: Rim",
        "shape keys: Rest 0, Bent 0",
        "frames 10 to 10",
        "children: Handle",
        "property price = 12.5",
    ):
        assert told in text
    assert len(text.encode()) <= PAGE_LIMIT_BYTES


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("box", {"Box"}),
        ("H*e", {"Handle"}),
        ("type:MESH", {"Box"}),
        ("material:paint", {"Box"}),
        ("modifier:BEVEL type:mesh", {"Box"}),
        ("parent:Box", {"Handle"}),
        ("type:LIGHT", set()),
    ],
)
async def test_a_filter_means_some_objects(pod: RunningPod, wanted: str, names: set[str]) -> None:
    async with pod.toolbox(DEEP) as box:
        assert {entry["name"] for entry in (await run(box, "inspect", filter=wanted))["objects"]} == names


async def test_an_unknown_filter_and_a_near_name_are_told(pod: RunningPod) -> None:
    async with pod.toolbox(DEEP) as box:
        unknown = await box.call("inspect", {"filter": "colour:red"})
        near = await box.call("inspect", {"object": "Handel"})
    assert "material:" in unknown.content[0]["text"]
    assert "Handle" in near.content[0]["text"]
    assert unknown.is_error
    assert near.is_error


async def test_each_object_has_its_line_where_that_is_asked_for(pod: RunningPod) -> None:
    parented = "\nfor brick in wall.objects:\n    brick.parent = bpy.data.objects['Brick.000']"
    async with pod.toolbox(WALL + parented) as box:
        pages = (await run(box, "inspect", filter="each:"))["pages"]
        lines: list[str] = []
        for page in range(1, pages + 1):
            text = await text_of(box, filter="each:", page=page)
            assert len(text.encode()) < PAGE_LIMIT_BYTES
            lines += [line for line in text.splitlines() if line.startswith("Brick.")]
        few = await text_of(box, filter="each:Brick.00? type:MESH")
    assert [line.split(" [")[0] for line in lines] == [f"Brick.{number:03}" for number in range(240)]
    assert all("; parent Brick.000; 12 triangles" in line for line in lines[1:])
    assert few.count("[mesh]") == 10


async def test_a_wood_of_trees_of_all_sizes_is_one_line_and_a_filter_tells_each(pod: RunningPod) -> None:
    wood = (
        "mesh = bpy.data.meshes.new('Tree')\nmesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [], [(0, 1, 2)])\n"
        "for n in range(40):\n    tree = bpy.data.objects.new(f'Tree {n}', mesh)\n"
        "    tree.scale = (1 + n / 10,) * 3\n    tree.location.x = n\n"
        "    bpy.context.scene.collection.objects.link(tree)\n"
    )
    async with pod.toolbox(wood) as box:
        text = await text_of(box)
        each = await text_of(box, filter="each:Tree")
    told = "Tree 0 … Tree 39 (40 objects, same mesh) [mesh] 1 × 0 × 1 to 4.9 × 0 × 4.9 m; 1 tris each"
    assert f"{told}, at (0, 0, 0) to (39, 0, 0), z 0 to 4.9" in text
    assert len(text.splitlines()) == 2
    assert each.count("[mesh]") == 40
