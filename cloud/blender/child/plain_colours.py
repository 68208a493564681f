# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportOptionalIterable=false, reportOptionalSubscript=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Plain colours in the place of procedural ones: exchange formats know values and images, no noise and no ramps.

Measured with 4.5: without this, glTF writes such a material white, the others in the value that the link hides.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import bpy

from cloud.blender.child.swatches import mean_colour

_POINT_COLOURS = frozenset({"VERTEX_COLOR", "ATTRIBUTE"})  # glTF writes them with the mesh


@contextmanager
def procedural_made_plain(objects: Sequence[bpy.types.Object]) -> Iterator[list[str]]:
    """In the block the objects' materials have values where procedural nodes gave the base colour.

    Copies take the places and names of the materials meanwhile, so that these are not touched: links that are cut
    and tied again come in another order. Yields: the names of those that were procedural.
    """
    slots = (slot for obj in objects for slot in obj.material_slots)
    used = {slot.material.name: slot.material for slot in slots if slot.material and slot.material.library is None}
    chosen = [(name, material) for name, material in sorted(used.items()) if _plain_sockets(material)]
    lent: list[tuple[str, bpy.types.Material, bpy.types.Material]] = []
    try:
        for name, material in chosen:
            copy = material.copy()
            lent.append((name, material, copy))
            material.name = f"{name[:40]} (original)"
            copy.name = name
            _make_plain(copy)
            material.user_remap(copy)
        yield [name for name, material in chosen if not all(_is_value(socket) for socket in _plain_sockets(material))]
    finally:
        for name, material, copy in lent:
            copy.user_remap(material)
            bpy.data.materials.remove(copy)
            material.name = name


def _plain_sockets(material: bpy.types.Material) -> list[bpy.types.NodeSocket]:
    """The linked base colours that no image and no colour of points feeds."""
    if not material.use_nodes or not material.node_tree:
        return []
    shaders = [node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"]
    sockets = [node.inputs["Base Color"] for node in shaders]
    return [socket for socket in sockets if socket.is_linked and not _is_exportable(socket, set())]


def _is_exportable(socket: bpy.types.NodeSocket, seen: set[str]) -> bool:
    """Whether an image feeds the socket at any place, or the points of the mesh do as a colour (not as a factor)."""
    for link in socket.links:
        node = link.from_node
        if node.type in _POINT_COLOURS and link.from_socket.type == "RGBA" and socket.type == "RGBA":
            return True
        if node.name in seen:
            continue
        seen.add(node.name)
        if _shows_image(node) or any(_is_exportable(entry, seen) for entry in node.inputs):
            return True
    return False


def _shows_image(node: bpy.types.Node) -> bool:
    if node.type == "GROUP" and node.node_tree:
        return any(_shows_image(inner) for inner in node.node_tree.nodes)
    return node.type == "TEX_IMAGE" and node.image is not None


def _is_value(socket: bpy.types.NodeSocket) -> bool:
    """A single colour of a node of its own: it loses nothing."""
    return socket.links[0].from_node.type == "RGB"


def _make_plain(material: bpy.types.Material) -> None:
    for socket in _plain_sockets(material):
        socket.default_value = mean_colour(socket)
        material.node_tree.links.remove(socket.links[0])
