# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What a picture can show: every visible object's points, and which objects a picture of the scene is about."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import bpy
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process

from cloud.blender.child.boxes import GEOMETRY_TYPES
from cloud.errors import InvalidInput

Points = NDArray[np.float64]

_VERTICES_AT_MOST = 20_000  # of one mesh: more would cost more time than a closer fit is worth
_MANY_INSTANCES = 32  # of the same data: from there on each is its box
_STRANDS_AT_MOST = 2_000
_LOST_BESIDE = 8.0  # times smaller than its backdrop, a scene is too small to be seen in a picture of both
_SMALL_ON_GROUND = 4.0  # the same on a flat ground, which is the same everywhere and need not be seen whole
_FAR = 10.0  # times the extent of the rest
_CURVES = frozenset({"CURVE", "SURFACE", "FONT"})
_FLAT = 0.01  # of its extent, the thickness of a ground or a wall


@dataclass
class Visible:
    """World points by the name of the object that shows them (for an instance: its instancer). Metres, finite."""

    points: dict[str, Points] = field(default_factory=dict)
    lines_alone: set[str] = field(default_factory=set)
    """Objects without a face: edges, points, bare curves."""

    def joined(self, names: Collection[str] | None = None) -> Points:
        """The points of these objects, or of all: (N, 3)."""
        chosen = [points for name, points in self.points.items() if names is None or name in names]
        return np.concatenate(chosen) if chosen else np.empty((0, 3))

    @cached_property
    def boxes(self) -> dict[str, NDArray[np.float64]]:
        """The low and the high corner of each: (2, 3)."""
        return {name: np.array([points.min(axis=0), points.max(axis=0)]) for name, points in self.points.items()}

    def corners(self, names: Collection[str]) -> Points:
        """The corners of the box of all these: (8, 3); none for none."""
        if not names:
            return np.empty((0, 3))
        return corners_of(*_union(np.array([self.boxes[name] for name in names])))


def corners_of(low: Sequence[float] | Points, high: Sequence[float] | Points) -> Points:
    """The corners of a box: (8, 3)."""
    return np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


@dataclass(frozen=True)
class Framed:
    """What a picture of the whole scene is about."""

    names: frozenset[str]
    backdrops: frozenset[str] = frozenset()
    """Much larger than all else: grounds, walls, domes. They fill the picture as far as it goes."""
    strays: frozenset[str] = frozenset()
    """So far away that a picture with them would show nothing."""


def visible_objects(graph: bpy.types.Depsgraph, *, rendered: bool) -> Visible:
    """Everything with a shape that the viewport shows or, where `rendered`, a render."""
    batches: dict[tuple[str, int], list[NDArray[np.float64]]] = defaultdict(list)
    local: dict[int, Points] = {}
    found: dict[str, list[Points]] = defaultdict(list)
    lines: dict[str, bool] = {}
    for instance in graph.object_instances:
        obj, owner = instance.object, instance.parent or instance.object
        if obj.type not in GEOMETRY_TYPES or not instance.show_self or not _shows(obj, owner, rendered=rendered):
            continue
        key = obj.data.as_pointer() if obj.data else obj.as_pointer()
        if key not in local:
            local[key] = _curve_points(obj, graph) if obj.type in _CURVES else _local_points(obj)
        name = owner.original.name
        batches[name, key].append(np.array(instance.matrix_world, dtype=np.float64))
        lines[name] = lines.get(name, True) and _has_no_face(obj)
        if not instance.is_instance:
            found[name] += _hair_points(obj)
    for (name, key), matrices in batches.items():
        found[name].append(_placed(local[key], matrices))
    if rendered:
        for obj in _hidden_in_viewport_alone():
            found[obj.name].append(_placed(_local_points(obj), [np.array(obj.matrix_world, dtype=np.float64)]))
    finite = {name: _finite(np.concatenate(parts)) for name, parts in found.items()}
    kept = {name: points for name, points in finite.items() if len(points)}
    return Visible(kept, {name for name in kept if lines.get(name)})


def chosen_objects(names: Sequence[str]) -> list[bpy.types.Object]:
    """The objects of those names and all their children. Raises: InvalidInput: no such object in the scene."""
    there = bpy.context.scene.objects
    for name in names:
        if name not in there:
            close = [match[0] for match in process.extract(name, there.keys(), limit=3, score_cutoff=55)]
            hint = f"there is {', '.join(map(repr, close))}" if close else "inspect lists those that there are"
            raise InvalidInput(f"There is no object {name!r} in the scene; {hint}.")
    roots = [there[name] for name in names]
    family = {obj.name: obj for root in roots for obj in (root, *root.children_recursive) if obj.name in there}
    return list(family.values())


def frame_subject(visible: Visible) -> Framed:
    """What to frame, so that neither a huge ground nor a stray far away makes the rest too small to be seen."""
    names, boxes = list(visible.boxes), np.array(list(visible.boxes.values()))
    chosen = np.ones(len(names), dtype=bool)
    backdrops = set()
    for index in np.argsort(-_extents(boxes)):
        others = chosen.copy()
        others[index] = False
        if not others.any() or not _is_backdrop(boxes[index], _union(boxes[_nearby(boxes, others)])):
            break
        backdrops.add(names[index])
        chosen = others
    near = _nearby(boxes, chosen)
    return Framed(
        frozenset(name for name, is_near in zip(names, near, strict=True) if is_near),
        frozenset(backdrops),
        frozenset(name for name, is_in, is_near in zip(names, chosen, near, strict=True) if is_in and not is_near),
    )


def stands_between(backdrop: Points, subject: Points, eye: NDArray[np.float64]) -> bool:
    """Whether a flat backdrop lies between the camera and the subject, or a round one around the subject only."""
    low, high = backdrop.min(axis=0), backdrop.max(axis=0)
    across = int(np.argmin(high - low))
    if (high - low)[across] > _FLAT * (high - low).max():
        return not ((low < eye) & (eye < high)).all()
    level = (low + high)[across] / 2
    middle = (subject.min(axis=0) + subject.max(axis=0))[across] / 2
    return (eye[across] - level) * (middle - level) <= 0 and middle != level


def _is_backdrop(box: NDArray[np.float64], rest: NDArray[np.float64]) -> bool:
    size, rest_size = box[1] - box[0], rest[1] - rest[0]
    flat = size.min() <= _FLAT * size.max()
    times = _SMALL_ON_GROUND if flat and int(np.argmin(size)) == 2 else _LOST_BESIDE
    if size.max() < times * rest_size.max() or rest_size.max() <= 0:
        return False
    inside = (box[0] <= rest[0]) & (rest[1] <= box[1])
    return bool(np.delete(inside, np.argmin(size)).all() if flat else inside.all())


def _nearby(boxes: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest group of boxes that stand near to each other, as a mask; of equals the one nearest the origin."""
    left, best = among.copy(), np.zeros_like(among)
    centres = np.abs(boxes.mean(axis=1)).max(axis=1)
    while left.sum() > best.sum():
        group = np.zeros_like(among)
        group[np.flatnonzero(left)[np.argmin(centres[left])]] = True
        while True:
            low, high = _union(boxes[group])
            gaps = np.maximum(boxes[:, 0] - high, low - boxes[:, 1]).max(axis=1)
            reach = np.maximum((high - low).max(), _extents(boxes))
            grown = among & (group | (gaps <= _FAR * reach))
            if (grown == group).all():
                break
            group = grown
        left &= ~group
        if group.sum() > best.sum():
            best = group
    return best


def _union(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


def _extents(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, 1] - boxes[:, 0]).max(axis=1)


def _shows(obj: bpy.types.Object, owner: bpy.types.Object, *, rendered: bool) -> bool:
    if rendered:
        return not (obj.hide_render or owner.hide_render)
    return obj.display_type not in {"BOUNDS", "WIRE"}


def _has_no_face(obj: bpy.types.Object) -> bool:
    if obj.type == "MESH":
        return not len(obj.data.polygons) and obj.mode != "EDIT"
    return obj.type in _CURVES  # those with a surface come as a mesh, too


def _local_points(obj: bpy.types.Object) -> Points:
    if obj.type == "MESH" and 0 < len(obj.data.vertices) <= _VERTICES_AT_MOST:
        flat = np.empty(len(obj.data.vertices) * 3, dtype=np.float32)
        obj.data.vertices.foreach_get("co", flat)
        return _finite(flat.reshape(-1, 3).astype(np.float64))
    return np.array([tuple(corner) for corner in obj.bound_box], dtype=np.float64)


def _curve_points(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> Points:
    """The points of a curve as it is drawn: its box is that of a curve without a shape, and too large."""
    evaluated = obj.original.evaluated_get(graph)
    mesh = evaluated.to_mesh()
    flat = np.empty(len(mesh.vertices) * 3 if mesh else 0, dtype=np.float32)
    if mesh:
        mesh.vertices.foreach_get("co", flat)
        evaluated.to_mesh_clear()
    return _finite(flat.reshape(-1, 3).astype(np.float64))


def _placed(points: Points, matrices: list[NDArray[np.float64]]) -> Points:
    """The points under each of the matrices; their box's corners where these are many."""
    if len(matrices) > _MANY_INSTANCES and len(points) > 8:
        low, high = points.min(axis=0), points.max(axis=0)
        points = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    turns = np.array(matrices)
    return (np.einsum("nij,pj->npi", turns[:, :3, :3], points) + turns[:, None, :3, 3]).reshape(-1, 3)


def _hair_points(obj: bpy.types.Object) -> list[Points]:
    """The strands of the object's particle hair, which no instance stands for."""
    found = []
    for system in obj.particle_systems:
        if system.settings.type != "HAIR" or system.settings.render_type != "PATH":
            continue
        count = len(system.particles) + len(system.child_particles)
        steps = 2**system.settings.display_step
        every = max(1, count // _STRANDS_AT_MOST)
        strands = range(0, count, every)
        ends = [
            system.co_hair(obj, particle_no=number, step=step) for number in strands for step in (steps // 2, steps)
        ]
        if ends:
            found.append(np.array(ends, dtype=np.float64))
    return found


def _hidden_in_viewport_alone() -> Iterable[bpy.types.Object]:
    """Objects that a render shows and the viewport does not."""
    for obj in bpy.context.view_layer.objects:
        if obj.type in GEOMETRY_TYPES and not obj.hide_render and not obj.visible_get():
            yield obj


def _finite(points: Points) -> Points:
    return points[np.isfinite(points).all(axis=1)]
