# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene in words and numbers: what `inspect` answers and the counts of every step."""

import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from cloud.blender.frames import Message
from cloud.errors import InvalidInput

_LISTED_AT_MOST = 200
GEOMETRY_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})


def inspect_scene(object_name: str = "") -> Message:
    """One line an object, and the same as data. Raises: InvalidInput: no such object."""
    if object_name:
        obj = bpy.data.objects.get(object_name)
        if obj is None:
            raise InvalidInput(
                f"There is no object {object_name!r}; there are: {', '.join(bpy.data.objects.keys()[:50])}."
            )
        chosen = [obj]
    else:
        chosen = list(bpy.context.scene.objects)
    graph = bpy.context.evaluated_depsgraph_get()
    objects = [_describe(obj, graph) for obj in chosen]
    collections = [collection.name for collection in bpy.data.collections]
    lines = [_line(described) for described in objects[:_LISTED_AT_MOST]]
    if len(objects) > _LISTED_AT_MOST:
        lines.append(f"… and {len(objects) - _LISTED_AT_MOST} more objects")
    text = "\n".join(lines) or "The scene is empty."
    return Message({"text": text, "structured": {"objects": objects, "collections": collections}})


def count_geometry() -> dict[str, int]:
    """`objects` that have geometry, and the `triangles` of their evaluated meshes."""
    graph = bpy.context.evaluated_depsgraph_get()
    solid = [obj for obj in bpy.context.scene.objects if obj.type in GEOMETRY_TYPES]
    return {"objects": len(solid), "triangles": sum(_triangles(obj, graph) for obj in solid)}


def world_corners(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> NDArray[np.float64]:
    """The eight corners of the evaluated object's box in world space: (8, 3), metres."""
    seen = obj.evaluated_get(graph)
    corners = np.array([tuple(corner) for corner in seen.bound_box], dtype=np.float64)
    turn = np.array(seen.matrix_world, dtype=np.float64)
    return corners @ turn[:3, :3].T + turn[:3, 3]


def _triangles(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> int:
    seen = obj.evaluated_get(graph)
    mesh = seen.to_mesh() if obj.type in GEOMETRY_TYPES - {"VOLUME", "POINTCLOUD"} else None
    if mesh is None:
        return 0
    count = len(mesh.loops) - 2 * len(mesh.polygons)
    seen.to_mesh_clear()
    return count


def _describe(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> dict[str, Any]:
    corners = _box(obj, graph) if obj.type in GEOMETRY_TYPES else np.array([obj.matrix_world.translation] * 2)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return {
        "name": obj.name,
        "type": obj.type,
        "kind": str(obj.get("p2m_kind", "")),
        "dimensions": _rounded(high - low),
        "location": _rounded(obj.matrix_world.translation),
        "min": _rounded(low),
        "max": _rounded(high),
        "parent": obj.parent.name if obj.parent else "",
        "materials": [slot.material.name for slot in obj.material_slots if slot.material],
        "triangles": _triangles(obj, graph),
        "hidden": bool(obj.hide_render or obj.hide_viewport),
    }


def _box(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> NDArray[np.float64]:
    """Points whose extremes are the object's exact world box: all vertices of a turned mesh, else its corners."""
    seen = obj.evaluated_get(graph)
    if obj.type == "MESH" and seen.data.vertices:
        points = np.empty(len(seen.data.vertices) * 3, dtype=np.float32)
        seen.data.vertices.foreach_get("co", points)
        turn = np.array(seen.matrix_world, dtype=np.float64)
        return points.reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3]
    return world_corners(obj, graph)


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) if math.isfinite(value) else 0.0 for value in values]


def _line(described: dict[str, Any]) -> str:
    size = " × ".join(f"{value:.4g}" for value in described["dimensions"])
    place = ", ".join(f"{value:.4g}" for value in described["location"])
    parts = [f"{described['name']} [{described['kind'] or described['type'].lower()}] {size} m at ({place})"]
    if described["parent"]:
        parts.append(f"parent {described['parent']}")
    if described["materials"]:
        parts.append("materials " + ", ".join(described["materials"]))
    if described["triangles"]:
        parts.append(f"{described['triangles']} triangles")
    if described["hidden"]:
        parts.append("hidden")
    return "; ".join(parts)
