"""What a step changed: a fingerprint of the scene before and after, compared."""

import zlib
from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

_NAMED_AT_MOST = 12

Fingerprint = dict[str, dict[str, Any]]
"""Object name → aspect (`placed`, `shape`, `material`, …) → anything comparable."""


def fingerprint_scene() -> Fingerprint:
    """The state of every object, by name. Holds no `bpy` reference."""
    surfaces = {material.name: _material_state(material) for material in bpy.data.materials}
    return {obj.name: _object_state(obj, surfaces) for obj in bpy.data.objects}


def compare(before: Fingerprint, after: Fingerprint) -> dict[str, Any]:
    """The difference: `summary`, `added`, `removed`, `modified` (names)."""
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    aspects = {
        name: [aspect for aspect, value in state.items() if before[name].get(aspect) != value]
        for name, state in after.items()
        if name in before and before[name] != state
    }
    parts = []
    if added:
        parts.append(f"added {_listed(added)}")
    if removed:
        parts.append(f"removed {_listed(removed)}")
    if aspects:
        changes = [f"{name} ({', '.join(what)})" for name, what in aspects.items()]
        parts.append(f"modified {_listed(changes)}")
    summary = "; ".join(parts) or "no object changed"
    return {"summary": summary, "added": added, "removed": removed, "modified": list(aspects)}


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _object_state(obj: bpy.types.Object, surfaces: dict[str, Any]) -> dict[str, Any]:
    return {
        "placed": tuple(round(value, 6) for row in obj.matrix_world for value in row),
        "shape": _shape_state(obj),
        "material": tuple(surfaces.get(slot.name) for slot in obj.material_slots),
        "modifiers": tuple((modifier.name, modifier.type, _plain_values(modifier)) for modifier in obj.modifiers),
        "parent": obj.parent.name if obj.parent else None,
        "visibility": (obj.hide_render, obj.hide_viewport),
        "properties": repr([(key, _plain(obj[key])) for key in obj.keys()]),  # noqa: SIM118
    }


def _shape_state(obj: bpy.types.Object) -> tuple[Any, ...]:
    mesh = obj.data
    if not isinstance(mesh, bpy.types.Mesh):
        return (obj.type, mesh.name if mesh else None, _plain_values(mesh) if mesh else None)
    corners = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", corners)
    return (obj.type, len(mesh.vertices), len(mesh.edges), len(mesh.polygons), zlib.crc32(corners.tobytes()))


def _material_state(material: bpy.types.Material) -> tuple[Any, ...]:
    tree = material.node_tree if material.use_nodes else None
    if tree is None:
        return (material.name, tuple(material.diffuse_color), None)
    values = [
        (node.name, socket.name, _plain(getattr(socket, "default_value", None)))
        for node in tree.nodes
        for socket in node.inputs
        if not socket.is_linked
    ]
    return (material.name, repr(values), len(tree.nodes), len(tree.links))


def _plain_values(owner: Any) -> str:
    """The numbers, texts and choices of a data-block or modifier, as text to compare."""
    kinds = {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}
    names = [prop.identifier for prop in owner.bl_rna.properties if prop.type in kinds]
    return repr([(name, _plain(getattr(owner, name, None))) for name in names])


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if hasattr(value, "__len__") and hasattr(value, "__getitem__") and not hasattr(value, "keys"):
        return [_plain(part) for part in value]
    return str(type(value))
