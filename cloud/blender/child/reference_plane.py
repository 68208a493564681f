# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A picture as a plane that shows it unlit, upright and facing the front view: something to model after."""

from pathlib import Path

import bpy

from cloud.errors import InvalidInput

HEIGHT_M = 1.0


def add_reference_plane(path: Path, scale: float) -> bpy.types.Object:
    """A plane 1 m high (times scale), its foot in the origin; the picture is packed into the scene."""
    image = bpy.data.images.load(str(path), check_existing=False)
    wide, high = image.size
    if not wide or not high:
        raise InvalidInput(f"{path.name} cannot be imported: Blender reads no pixels in it.")
    image.pack()
    image.filepath_raw = f"//{path.name}"
    height = HEIGHT_M * scale
    half = height * wide / high / 2
    mesh = bpy.data.meshes.new(path.stem)
    mesh.from_pydata([(-half, 0, 0), (half, 0, 0), (half, 0, height), (-half, 0, height)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    mesh.materials.append(_unlit(image))
    plane = bpy.data.objects.new(path.stem, mesh)
    bpy.context.scene.collection.objects.link(plane)
    return plane


def _unlit(image: bpy.types.Image) -> bpy.types.Material:
    material = bpy.data.materials.new(image.name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    kinds = ("TexImage", "Emission", "BsdfTransparent", "MixShader", "OutputMaterial")
    texture, glow, clear, mix, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    texture.image = image
    for number, node in enumerate((texture, glow, clear, mix, output)):
        node.location = (300 * number - 600, 0)
    tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    tree.links.new(texture.outputs["Alpha"], mix.inputs[0])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(glow.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    return material
