# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass.
"""What only an instance knows: the sockets of each type of node, and what makes each modifier and constraint.

Each is made in a tree, an object or a scene of its own: run it inside `nothing_left_behind()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from cloud.blender.child.api_properties import described_property, short_number

_TREES: dict[Any, tuple[str, ...]] = {
    "ShaderNodeTree": ("ShaderNode", "Node"),
    "GeometryNodeTree": ("GeometryNode", "FunctionNode"),
    "TextureNodeTree": ("TextureNode",),
}
_COMPOSITOR_PREFIX = "CompositorNode"


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Remove each data-block that the block made: some types make their own (a font, a viewer image, particles)."""
    before = {block.session_uid for block in bpy.data.user_map()}
    try:
        yield
    finally:
        bpy.data.batch_remove([block for block in bpy.data.user_map() if block.session_uid not in before])


def node_sockets() -> Iterator[tuple[str, dict[str, Any]]]:
    """The sockets of each type of node, in trees that are made for it."""
    found = ((name, getattr(bpy.types, name)) for name in dir(bpy.types))
    nodes = [(name, cls) for name, cls in found if isinstance(cls, type) and issubclass(cls, bpy.types.Node)]
    leaves = [name for name, cls in nodes if not cls.__subclasses__()]
    for kind, prefixes in _TREES.items():
        tree = bpy.data.node_groups.new("lookup", kind)
        yield from _sockets_in(tree, [name for name in leaves if name.startswith(prefixes)])
    yield from _compositor_sockets([name for name in leaves if name.startswith(_COMPOSITOR_PREFIX)])


def _compositor_sockets(names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Before 5.0 a compositor's own nodes (its output, its render layers) live in a scene, not in a group."""
    if "node_tree" not in bpy.types.Scene.bl_rna.properties:
        yield from _sockets_in(bpy.data.node_groups.new("lookup", "CompositorNodeTree"), names)
        return
    scene = bpy.data.scenes.new("lookup")
    try:
        scene.use_nodes = True
        assert scene.node_tree is not None
        yield from _sockets_in(scene.node_tree, names)
    finally:
        bpy.data.scenes.remove(scene)


def _sockets_in(tree: bpy.types.NodeTree, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        try:
            node = tree.nodes.new(name)
        except RuntimeError:  # no node for this kind of tree, or an abstract one
            continue
        yield name, {"in": [_socket(s) for s in node.inputs], "out": [_socket(s) for s in node.outputs]}
        tree.nodes.remove(node)


def _socket(socket: bpy.types.NodeSocket) -> dict[str, Any]:
    entry: dict[str, Any] = {"n": socket.name, "t": socket.bl_idname.removeprefix("NodeSocket")}
    if socket.identifier != socket.name:
        entry["id"] = socket.identifier
    if not socket.enabled:
        entry["off"] = 1
    prop = socket.bl_rna.properties.get("default_value")
    if prop is not None and not socket.is_output and prop.type not in ("POINTER", "COLLECTION"):
        value = socket.default_value
        array = getattr(prop, "is_array", False)
        entry["v"] = [short_number(part) for part in value] if array else short_number(value)
        described = described_property(prop)
        entry |= {key: described[key] for key in ("r", "e") if described.get(key)}
    return entry


def makers() -> Iterator[tuple[str, str]]:
    """The call that makes each type of modifier and constraint, by type."""
    obj = bpy.data.objects.new("lookup", bpy.data.meshes.new("lookup"))
    for kind in [item.identifier for item in bpy.types.Modifier.bl_rna.properties["type"].enum_items]:
        modifier = _made(obj.modifiers, "lookup", kind)
        if modifier is not None:
            yield type(modifier).__name__, f"obj.modifiers.new(name, '{kind}')"
    for kind in [item.identifier for item in bpy.types.Constraint.bl_rna.properties["type"].enum_items]:
        constraint = _made(obj.constraints, kind)
        if constraint is not None:
            yield type(constraint).__name__, f"obj.constraints.new('{kind}')"


def _made(collection: Any, *arguments: str) -> Any:
    try:
        return collection.new(*arguments)
    except (RuntimeError, TypeError):  # not for meshes
        return None
