# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene in numbers, and `inspect`, which tells them: facts of all objects as data, a page of them in words."""

import difflib
import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from cloud.blender.child.object_card import object_card
from cloud.blender.child.object_filter import ObjectFilter
from cloud.blender.child.scene_text import PAGE_LIMIT_BYTES, Line, each_line, paginate, scene_heading, scene_lines
from cloud.blender.child.wording import cut
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

GEOMETRY_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
_MESHED = frozenset({"CURVE", "SURFACE", "META", "FONT"})


def inspect_scene(object: str = "", filter: str = "", page: int = 1) -> Message:  # noqa: A002 - the tool's arguments
    """A page of words, and the facts of all objects that it is about as data.

    Raises: InvalidInput: no such object or page, or a filter that cannot be read.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    collections = [collection.name for collection in bpy.data.collections]
    if object:
        obj = _object(object)
        facts = [_facts(obj, graph, _homes())]
        lines = [Line(text) for text in object_card(obj, facts[0])]
        heading, structured = f"{cut(obj.name)} [{obj.type.lower()}]", {"details": [line.text for line in lines]}
    else:
        wanted, homes = ObjectFilter.parse(filter), _homes()
        shown = [_facts(obj, graph, homes) for obj in bpy.context.scene.objects]
        within = _homes(nested=True) if filter else homes
        facts = [entry for entry in shown if wanted.fits(entry | {"collections": within.get(entry["name"], [])})]
        lines = each_line(facts) if wanted.each else scene_lines(facts, as_tree=not filter)
        heading, structured = scene_heading(facts, of=len(shown), filtered=filter), {}
    texts = paginate(heading, lines, PAGE_LIMIT_BYTES)
    if not 1 <= page <= len(texts):
        raise InvalidInput(f"There is no page {page}: the report has {len(texts)} page{'s'[: len(texts) > 1]}.")
    structured |= {"objects": facts, "collections": collections, "page": page, "pages": len(texts)}
    return Message({"text": texts[page - 1], "structured": structured})


def count_geometry() -> dict[str, int]:
    """`objects` that have geometry, and the `triangles` of their evaluated meshes."""
    graph = bpy.context.evaluated_depsgraph_get()
    solid = [obj for obj in bpy.context.scene.objects if obj.type in GEOMETRY_TYPES]
    return {"objects": len(solid), "triangles": sum(evaluated_triangles(obj.evaluated_get(graph)) for obj in solid)}


def evaluated_triangles(seen: bpy.types.Object) -> int:
    """The triangles of an evaluated object, or of one as it is; no mesh is copied that is one already."""
    if seen.type == "MESH":
        return mesh_triangles(seen.data)
    mesh = seen.to_mesh() if seen.type in _MESHED else None
    if mesh is None:
        return 0
    count = mesh_triangles(mesh)
    seen.to_mesh_clear()
    return count


def mesh_triangles(mesh: bpy.types.Mesh) -> int:
    """The triangles that the mesh's faces make: n corners make n - 2."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def world_corners(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> NDArray[np.float64]:
    """The eight corners of the evaluated object's box in world space: (8, 3), metres."""
    seen = obj.evaluated_get(graph)
    corners = np.array([tuple(corner) for corner in seen.bound_box], dtype=np.float64)
    turn = np.array(seen.matrix_world, dtype=np.float64)
    return corners @ turn[:3, :3].T + turn[:3, 3]


def _object(name: str) -> bpy.types.Object:
    obj = bpy.data.objects.get(name)
    if obj is None:
        names = bpy.data.objects.keys()
        close = difflib.get_close_matches(name, names, n=8, cutoff=0.4) or names[:30]
        listed = ", ".join(cut(other) for other in close)
        raise InvalidInput(f"There is no object {cut(name, 80)!r}; there are{' e.g.' * bool(close)}: {listed}.")
    return obj


def _homes(*, nested: bool = False) -> dict[str, list[str]]:
    """Object name → the collections of the scene that hold it, themselves or in one below; not the scene's own."""
    homes: dict[str, list[str]] = {}
    for collection in bpy.context.scene.collection.children_recursive:
        for name in (collection.all_objects if nested else collection.objects).keys():  # noqa: SIM118 - these are no dicts
            homes.setdefault(name, []).append(collection.name)
    return homes


def _facts(obj: bpy.types.Object, graph: bpy.types.Depsgraph, homes: dict[str, list[str]]) -> dict[str, Any]:
    seen = obj.evaluated_get(graph)
    solid = obj.type in GEOMETRY_TYPES
    low, high = _box(seen, obj, graph) if solid else [np.array(obj.matrix_world.translation, dtype=np.float64)] * 2
    data = obj.data
    return {
        "name": obj.name,
        "type": obj.type,
        "kind": str(obj.get("p2m_kind", "")),
        "dimensions": rounded(high - low),
        "location": rounded(obj.matrix_world.translation),
        "min": rounded(low),
        "max": rounded(high),
        "parent": obj.parent.name if obj.parent else "",
        "materials": [slot.material.name for slot in obj.material_slots if slot.material],
        "triangles": evaluated_triangles(seen) if solid else 0,
        "hidden": bool(obj.hide_render or obj.hide_viewport),
        "collections": homes.get(obj.name, []),
        "modifiers": [modifier.type for modifier in obj.modifiers],
        "data": data.name if data else "",
        "size": rounded(obj.dimensions),
        "note": _note(obj),
    }


def _note(obj: bpy.types.Object) -> str:
    """What is worth a word about an object that is no mesh."""
    data = obj.data
    if obj.type == "LIGHT":
        return f"{data.type.lower()} light, {data.energy:.4g} {'W/m²' if data.type == 'SUN' else 'W'}"
    if obj.type == "CAMERA":
        lens = f"{data.lens:.4g} mm" if data.type == "PERSP" else data.type.lower()
        return lens + (", the scene's camera" if obj == bpy.context.scene.camera else "")
    if obj.type == "FONT":
        return f"text {cut(data.body)!r}"
    if obj.instance_type == "COLLECTION" and obj.instance_collection:
        return f"instance of collection {cut(obj.instance_collection.name)}"
    return ""


def _box(seen: bpy.types.Object, obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> list[NDArray[np.float64]]:
    """The object's exact world box: of all vertices where a turned mesh's corners would be too wide."""
    turn = np.array(seen.matrix_world, dtype=np.float64)
    straight = (np.abs(turn[:3, :3]) > 1e-9).sum() <= 3
    if seen.type == "MESH" and not straight and len(seen.data.vertices):
        flat = np.empty(len(seen.data.vertices) * 3, dtype=np.float32)
        seen.data.attributes["position"].data.foreach_get("vector", flat)
        points = flat.reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3]
    else:
        points = world_corners(obj, graph)
    return [points.min(axis=0), points.max(axis=0)]


def rounded(values: Any) -> list[float]:
    """Metres as JSON can carry them: five decimals, and 0 for what is no number."""
    return [round(float(value), 5) if math.isfinite(value) else 0.0 for value in values]
