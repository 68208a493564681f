# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene in numbers, and `inspect`, which tells them: facts of all objects as data, a page of them in words."""

import difflib
import math
from typing import Any

import bpy

from cloud.blender.child.boxes import GEOMETRY_TYPES, MESHED_TYPES, world_box
from cloud.blender.child.object_card import object_card
from cloud.blender.child.object_filter import ObjectFilter
from cloud.blender.child.scene_text import PAGE_LIMIT_BYTES, Line, each_line, paginate, scene_heading, scene_lines
from cloud.blender.child.wording import cut
from cloud.blender.frames import Message
from cloud.errors import InvalidInput


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
    mesh = seen.to_mesh() if seen.type in MESHED_TYPES else None
    if mesh is None:
        return 0
    count = mesh_triangles(mesh)
    seen.to_mesh_clear()
    return count


def mesh_triangles(mesh: bpy.types.Mesh) -> int:
    """The triangles that the mesh's faces make: n corners make n - 2."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


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
    low, high = world_box(obj, graph)
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


def rounded(values: Any) -> list[float]:
    """Metres as JSON can carry them: five decimals, and 0 for what is no number."""
    return [round(float(value), 5) if math.isfinite(value) else 0.0 for value in values]
