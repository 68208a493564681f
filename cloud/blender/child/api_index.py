# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know little of RNA's own properties.
"""The API of the Blender that runs, read from itself: what `lookup` answers from.

One line of JSON an entry, so that the front can keep the text and parse only what it is asked for:
the first line is `{"blender": version}`, each other an entry of one of these kinds (`k`), named by `n`:

- `class`: `b` base, `l` label, `d` what it is, `p` properties, `f` functions, `in`/`out` sockets of a node
- `op`: an operator, `l`, `d`, `p` its parameters
- `py`: what is written in Python or C (mathutils, bmesh, bpy.utils …), `s` signature, `d` documentation

A property is `{"n", "t" type, "v" default, "r" [min, max], "e" [enum items], "d", "c" class of a collection}`;
absent means none. A socket is the same with `id` where its name is not its identifier.
"""

import ast
import json
import math
import re
import zlib
from collections.abc import Iterator
from typing import Any

import bpy

from cloud.blender.child.api_docs import python_members, rna_class_members
from cloud.blender.child.capture import captured_output
from cloud.blender.frames import Message

_TREES = {
    "ShaderNodeTree": ("ShaderNode", "Node"),
    "GeometryNodeTree": ("GeometryNode", "FunctionNode"),
    "TextureNodeTree": ("TextureNode",),
}
_COMPOSITOR_PREFIX = "CompositorNode"
_SUBTYPES = {"ANGLE": " rad", "EULER": " rad", "COLOR": " color", "COLOR_GAMMA": " color", "FILE_PATH": " path"}
_FILE_BROWSER = re.compile(r"filter_\w+|display_type|sort_method|hide_props_region|filemode|rna_type")
_DESCRIPTION_LIMIT = 300
_UNBOUNDED = 1e6


def build_api_index() -> Message:
    """One blob: the zlib-compressed index of the running Blender. The open scene stays as it is."""
    entries: list[dict[str, Any]] = [{"blender": ".".join(map(str, bpy.app.version))}]
    with captured_output():  # Blender warns of its own API's blemishes, by the dozen
        entries += _classes(dict(_node_sockets()))
        entries += _operators()
        entries += python_members()
    lines = "\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    blob = zlib.compress(lines.encode(errors="replace"), 6)
    structured = {"blender": entries[0]["blender"], "entries": len(entries) - 1}
    text = f"The API of Blender {structured['blender']}: {structured['entries']} entries."
    return Message({"text": text, "structured": structured, "media_type": "application/zlib"}, (blob,))


def _classes(sockets: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The types of bpy.types; of panels, menus and the like the base alone."""
    offered = _offered_enums()
    bases = [getattr(bpy.types, name) for name in ("Panel", "Menu", "Header", "UIList", "Operator", "KeyingSetInfo")]
    for name in dir(bpy.types):
        cls = getattr(bpy.types, name)
        rna = getattr(cls, "bl_rna", None)
        if rna is None or any(issubclass(cls, base) and cls is not base for base in bases):
            continue
        base = rna.base
        inherited = set(base.properties.keys()) if base else {"rna_type"}
        inherited_functions = set(base.functions.keys()) if base else set()
        entry: dict[str, Any] = {"k": "class", "n": name, "b": base.identifier if base else "", "l": rna.name}
        entry["d"] = rna.description[:_DESCRIPTION_LIMIT]
        entry["p"] = [_described(prop) for prop in rna.properties if prop.identifier not in inherited]
        for prop in entry["p"]:
            if items := offered.get((name, prop["n"])):
                prop["e"] = items
        entry["f"] = [_function(func) for func in rna.functions if func.identifier not in inherited_functions]
        entry["f"] += rna_class_members(cls, {func["n"] for func in entry["f"]} | inherited_functions)
        yield entry | sockets.get(name, {})


def _described(prop: bpy.types.Property) -> dict[str, Any]:
    """A property or a parameter as data; what says nothing is left out."""
    entry: dict[str, Any] = {"n": prop.identifier, "t": _type_of(prop)}
    default = _default_of(prop)
    if default is not None:
        entry["v"] = default
    if prop.type in ("INT", "FLOAT"):
        low, high = (_bound(value) for value in (prop.hard_min, prop.hard_max))
        if (low, high) != (None, None):
            entry["r"] = [low, high]
    if prop.type == "ENUM":
        entry["e"] = [item.identifier for item in prop.enum_items if item.identifier]
    if prop.type == "COLLECTION" and prop.srna:
        entry["c"] = prop.srna.identifier
    if prop.is_readonly:
        entry["ro"] = 1
    if prop.description:
        entry["d"] = prop.description[:_DESCRIPTION_LIMIT]
    return entry


def _type_of(prop: bpy.types.Property) -> str:
    if prop.type in ("POINTER", "COLLECTION"):
        target = prop.fixed_type.identifier if prop.fixed_type else "struct"
        return f"[{target}]" if prop.type == "COLLECTION" else target
    if prop.type == "ENUM":
        return "set of enum" if prop.is_enum_flag else "enum"
    kind = {"BOOLEAN": "bool", "STRING": "str"}.get(prop.type, prop.type.lower())
    if getattr(prop, "is_array", False) and prop.array_length:
        kind += f"[{prop.array_length}]"
    return kind + _SUBTYPES.get(prop.subtype, "")


def _default_of(prop: bpy.types.Property) -> Any:
    if prop.type in ("POINTER", "COLLECTION"):
        return None
    if prop.type == "ENUM":
        return sorted(prop.default_flag) if prop.is_enum_flag else prop.default or None
    if getattr(prop, "is_array", False):
        return [_short(value) for value in prop.default_array] if 0 < prop.array_length <= 4 else None
    return _short(prop.default)


def _short(value: Any) -> Any:
    """A number as a person would write it; JSON has no infinity."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _bound(value: float) -> float | None:
    return None if abs(value) >= _UNBOUNDED else _short(value)


def _function(func: bpy.types.Function) -> dict[str, Any]:
    return {"n": func.identifier, "s": signature_of(func), "d": func.description[:_DESCRIPTION_LIMIT]}


def signature_of(func: bpy.types.Function) -> str:
    """A function of a type as it is called: parameters with types and defaults, and what it gives."""
    taken, given = [], []
    for parameter in func.parameters:
        if parameter.is_output:
            given.append(_type_of(parameter))
            continue
        kind = _type_of(parameter)
        if parameter.type == "ENUM" and 0 < len(parameter.enum_items) <= 12:
            kind = "|".join(parameter.enum_items.keys())
        default = None if parameter.is_required else _default_of(parameter)
        taken.append(f"{parameter.identifier}: {kind}" + ("" if parameter.is_required else f" = {default!r}"))
    return f"{func.identifier}({', '.join(taken)})" + (f" -> {', '.join(given)}" if given else "")


def _operators() -> Iterator[dict[str, Any]]:
    for module in dir(bpy.ops):
        group = getattr(bpy.ops, module)
        for name in dir(group):
            rna = getattr(group, name).get_rna_type()
            parameters = [p for p in rna.properties if not _FILE_BROWSER.fullmatch(p.identifier)]
            yield {
                "k": "op",
                "n": f"bpy.ops.{module}.{name}",
                "l": rna.name,
                "d": rna.description[:_DESCRIPTION_LIMIT],
                "p": [_described(parameter) for parameter in parameters],
            }


def _node_sockets() -> Iterator[tuple[str, dict[str, Any]]]:
    """The sockets of each type of node, in trees that are made for it and removed again."""
    found = ((name, getattr(bpy.types, name)) for name in dir(bpy.types))
    nodes = [(name, cls) for name, cls in found if isinstance(cls, type) and issubclass(cls, bpy.types.Node)]
    leaves = [name for name, cls in nodes if not cls.__subclasses__()]
    for kind, prefixes in _TREES.items():
        tree = bpy.data.node_groups.new("lookup", kind)
        try:
            yield from _sockets_in(tree, [name for name in leaves if name.startswith(prefixes)])
        finally:
            bpy.data.node_groups.remove(tree)
    yield from _compositor_sockets([name for name in leaves if name.startswith(_COMPOSITOR_PREFIX)])


def _compositor_sockets(names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Before 5.0 a compositor's own nodes (its output, its render layers) live in a scene, not in a group."""
    if "node_tree" not in bpy.types.Scene.bl_rna.properties:
        tree = bpy.data.node_groups.new("lookup", "CompositorNodeTree")
        try:
            yield from _sockets_in(tree, names)
        finally:
            bpy.data.node_groups.remove(tree)
        return
    scene = bpy.data.scenes.new("lookup")
    try:
        scene.use_nodes = True
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
        entry["v"] = [_short(part) for part in value] if array else _short(value)
        described = _described(prop)
        entry |= {key: described[key] for key in ("r", "e") if described.get(key)}
    return entry


def _offered_enums() -> dict[tuple[str, str], list[str]]:
    """Enum items that Blender makes up as it runs (render engines …), by type and property."""
    scene = bpy.context.scene
    asked = [
        (scene.render, "engine"),
        (scene.render.image_settings, "file_format"),
        (scene.view_settings, "view_transform"),
        (scene.view_settings, "look"),
        (scene.display_settings, "display_device"),
        (scene.sequencer_colorspace_settings, "name"),
    ]
    found = {}
    for owner, name in asked:
        try:
            setattr(owner, name, "?")  # refused: the refusal lists what there is
        except TypeError as error:
            listed = str(error).partition(" not found in ")[2]
            found[owner.bl_rna.identifier, name] = list(ast.literal_eval(listed)) if listed else []
    return found
