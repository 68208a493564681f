# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Where things are: boxes of evaluated objects in world space, and those of a step's objects in words."""

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from cloud.blender.child.wording import cut, triple

GEOMETRY_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
# Blender gives them the box of a curve without a shape, which holds (-1, -1, -1) and (1, 1, 1) too.
MESHED_TYPES = frozenset({"CURVE", "SURFACE", "META", "FONT"})
_TOLD_AT_MOST = 6
_MEASURED_AT_MOST = 2_000


def world_box(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> NDArray[np.float64]:
    """The exact lower and upper corner of the evaluated object's box in world space: (2, 3), metres."""
    seen = obj.evaluated_get(graph)
    turn = np.array(seen.matrix_world, dtype=np.float64)
    if obj.type not in GEOMETRY_TYPES:
        return np.array([turn[:3, 3]] * 2)
    points = _local_points(seen, straight=bool((np.abs(turn[:3, :3]) > 1e-9).sum() <= 3)) @ turn[:3, :3].T + turn[:3, 3]
    return np.array([points.min(axis=0), points.max(axis=0)])


def _local_points(seen: bpy.types.Object, *, straight: bool) -> NDArray[np.float64]:
    """Points with the object's box: its corners, or all vertices where turned corners would be too wide."""
    if seen.type in MESHED_TYPES:
        points = _vertices(seen.to_mesh())
        seen.to_mesh_clear()
        return points if len(points) else np.zeros((1, 3))
    if seen.type == "MESH" and not straight and len(seen.data.vertices):
        return _vertices(seen.data)
    return np.array([tuple(corner) for corner in seen.bound_box], dtype=np.float64)


def _vertices(mesh: bpy.types.Mesh | None) -> NDArray[np.float64]:
    flat = np.empty(len(mesh.vertices) * 3 if mesh else 0, dtype=np.float32)
    if len(flat):
        mesh.attributes["position"].data.foreach_get("vector", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def told_boxes(names: Sequence[str]) -> str:
    """`Seat (0, 0, 0.4) to (0.4, 0.4, 0.45)`: the boxes of these objects; of many, one for each whole they are part of.

    Returns: "" where none of them has geometry.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    there = bpy.context.scene.objects
    solid = [o for name in names[:_MEASURED_AT_MOST] if (o := there.get(name)) and o.type in GEOMETRY_TYPES]
    by_whole = len(solid) > _TOLD_AT_MOST
    groups: dict[str, list[NDArray[np.float64]]] = {}
    for obj in solid:
        groups.setdefault(_root_name(obj) if by_whole else obj.name, []).append(world_box(obj, graph))
    told = []
    for name, boxes in sorted(groups.items(), key=lambda group: -len(group[1]))[:_TOLD_AT_MOST]:
        low, high = np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)
        count = f" ({len(boxes)} parts)" if len(boxes) > 1 else ""
        told.append(f"{cut(name)}{count} {triple(low)} to {triple(high)}")
    more = len(groups) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _root_name(obj: bpy.types.Object) -> str:
    while obj.parent:
        obj = obj.parent
    return obj.name
