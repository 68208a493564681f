# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Where things are: boxes of evaluated objects in world space, and those of a step's objects in words."""

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from cloud.blender.child.wording import by_length, cut, span, stem, triple

GEOMETRY_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
# Blender gives them the box of a curve without a shape, which holds (-1, -1, -1) and (1, 1, 1) too.
MESHED_TYPES = frozenset({"CURVE", "SURFACE", "META", "FONT"})
_TOLD_AT_MOST = 12
# Legs and wheels come in fours, and the place of each one counts.
_ALIKE_FROM = 5
_SIMILAR_FROM = 8  # of several sizes, such as turned copies that are scattered
_MEASURED_AT_MOST = 20_000

_Box = tuple[str, NDArray[np.float64]]
"""An object's name, and its box in world space."""


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
    """`Seat (0, 0, 0.4) to (0.4, 0.4, 0.45)`: the boxes of these objects, the largest first.

    Alike ones are one entry, so that each of the others has its own; what comes after the first dozen is one box.
    Returns: "" where none of them has geometry.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    there = bpy.context.scene.objects
    solid = [o for name in names if (o := there.get(name)) and o.type in GEOMETRY_TYPES]
    measured = [(obj.name, world_box(obj, graph)) for obj in solid[:_MEASURED_AT_MOST]]
    entries = _largest_first(_alike_together(measured))
    told = [_told(entry) for entry in entries[:_TOLD_AT_MOST]]
    rest = [box for entry in entries[_TOLD_AT_MOST:] for box in entry]
    if rest:
        told.append(f"and {len(rest)} smaller within {_corners(rest)}")
    if len(solid) > len(measured):
        told.append(f"and {len(solid) - len(measured)} not measured")
    return "; ".join(told)


def _alike_together(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Those whose names differ by their number alone as one, if they are many, or of one size and not few; each of the
    others by itself."""
    stems: dict[str, list[_Box]] = {}
    for each in boxes:
        stems.setdefault(stem(each[0]), []).append(each)
    entries: list[list[_Box]] = []
    for kin in stems.values():
        sizes: dict[str, list[_Box]] = {}
        for name, box in sorted(kin, key=lambda each: by_length(each[0])):
            sizes.setdefault(triple(box[1] - box[0]), []).append((name, box))
        odd = [each for group in sizes.values() if len(group) < _ALIKE_FROM for each in group]
        entries += [group for group in sizes.values() if len(group) >= _ALIKE_FROM]
        entries += [odd] if len(odd) >= _SIMILAR_FROM else [[each] for each in odd]
    return entries


def _largest_first(entries: Sequence[list[_Box]]) -> list[list[_Box]]:
    """By size; single ones of one stem stay together, by their numbers."""
    largest: dict[str, float] = {}
    for entry in entries:
        kind = stem(entry[0][0])
        largest[kind] = max(largest.get(kind, 0.0), *map(_size, entry))
    return sorted(entries, key=lambda entry: (-largest[kind := stem(entry[0][0])], kind, by_length(entry[0][0])))


def _size(box: _Box) -> float:
    return float(np.linalg.norm(np.ptp(box[1], axis=0)))


def _told(entry: Sequence[_Box]) -> str:
    name, _ = entry[0]
    if len(entry) == 1:
        return f"{cut(name)} {_corners(entry)}"
    sizes = sorted(entry, key=_size)
    told = list(dict.fromkeys(triple(np.ptp(box, axis=0)) for _, box in (sizes[0], sizes[-1])))
    return f"{span([name for name, _ in entry])} each {' to '.join(told)} within {_corners(entry)}"


def _corners(boxes: Sequence[_Box]) -> str:
    """The corners of the box around these."""
    return f"{triple(np.min([b[0] for _, b in boxes], axis=0))} to {triple(np.max([b[1] for _, b in boxes], axis=0))}"
