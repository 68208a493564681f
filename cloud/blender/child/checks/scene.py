# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene as arrays: what is seen of it, read once from the evaluated depsgraph. All later work is without `bpy`."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from cloud.blender.child.checks.limits import BEYOND_M, CROWD_INSTANCES
from cloud.blender.child.checks.space import Floats, Ints, middle, tree_of

_CUTTERS = frozenset({"WIRE", "BOUNDS"})


@dataclass(eq=False)
class Shape:
    """One evaluated mesh in its own space; linked duplicates share it."""

    points: Floats
    edges: Ints
    corner_point: Ints
    corner_edge: Ints
    face_start: Ints
    face_normal: Floats
    face_center: Floats
    face_area: Floats
    face_material: Ints
    triangles: Ints
    triangle_face: Ints

    @cached_property
    def finite(self) -> bool:
        """No coordinate is NaN, infinite or as good as that."""
        return not self.lost_points.any()

    @cached_property
    def lost_points(self) -> NDArray[np.bool_]:
        """Vertices that are nowhere."""
        return ~(np.abs(self.points) < BEYOND_M).all(axis=1)

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Vertices that faces use."""
        used = np.zeros(len(self.points), dtype=bool)
        used[self.corner_point] = True
        return used

    @cached_property
    def across(self) -> float:
        """The diagonal of its box."""
        return float(np.linalg.norm(np.ptp(self.points, axis=0))) if len(self.points) else 0.0

    @cached_property
    def face_size(self) -> Ints:
        """How many corners each face has."""
        return np.diff(np.append(self.face_start, len(self.corner_point))).astype(np.int32)


@dataclass(eq=False)
class Thing:
    """A shape at its place in the scene."""

    name: str
    shape: Shape
    matrix: Floats
    kind: str
    parent: str = ""
    root: str = ""
    line: tuple[str, ...] = ()
    """What it hangs on, its parent first."""
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    has_material: tuple[bool, ...] = ()
    see_through: bool = False
    modifiers: frozenset[str] = frozenset()
    crowd: bool = False
    instance: bool = False
    faces_before: int = 0
    family: str = ""
    kit: str = ""

    @cached_property
    def points(self) -> Floats:
        """Its vertices in world space."""
        return self.shape.points @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    @cached_property
    def triangles(self) -> Ints:
        """Wound so that normals point outwards in world space, mirrored or not."""
        mirrored = np.linalg.det(self.matrix[:3, :3]) < 0
        return self.shape.triangles[:, ::-1] if mirrored else self.shape.triangles

    @cached_property
    def low(self) -> Floats:
        """The lower corner of its world box, of the vertices that faces use."""
        return self.points[self.shape.used].min(axis=0)

    @cached_property
    def high(self) -> Floats:
        """The upper corner of its world box."""
        return self.points[self.shape.used].max(axis=0)

    @property
    def dimensions(self) -> Floats:
        """Of its world box."""
        return self.high - self.low

    @property
    def across(self) -> float:
        """The diagonal of its world box."""
        return float(np.linalg.norm(self.dimensions))

    @property
    def size(self) -> float:
        """The middle one of its dimensions: what tolerances are shares of."""
        return middle(self.dimensions)

    @cached_property
    def tree(self) -> BVHTree:
        """Its triangles, for nearest points, rays and crossings; numbered as `triangles`."""
        return tree_of(self.points, self.triangles)


@dataclass(eq=False)
class SceneArrays:
    """All that is seen."""

    things: list[Thing] = field(default_factory=list)
    objects: int = 0
    origin: Floats = field(default_factory=lambda: np.zeros(3))
    empties: list[str] = field(default_factory=list)

    @property
    def triangles(self) -> int:
        """Of all, instances included."""
        return sum(len(thing.shape.triangles) for thing in self.things)


def touching_faces(thing: Thing) -> Ints:
    """Faces that touch faces which they share no edge with: all that could cross. Five times faster than `tree`."""
    obj = None if thing.instance else bpy.data.objects.get(thing.name)
    tree = BVHTree.FromObject(obj, bpy.context.evaluated_depsgraph_get()) if obj else None
    if tree is None:
        return np.arange(len(thing.shape.face_start), dtype=np.int32)
    return np.unique(np.array(tree.overlap(tree), dtype=np.int32))


def read_scene() -> SceneArrays:
    """Everything that a render of the scene would show and that has faces, edges or points of a mesh."""
    graph = bpy.context.evaluated_depsgraph_get()
    shown = _rendered_names()
    shapes: dict[int, Shape] = {}
    scene = SceneArrays()
    instances: Counter[str] = Counter()
    for entry in graph.object_instances:
        carrier = entry.parent if entry.is_instance and entry.parent else entry.object
        if carrier.name not in shown or entry.object.type != "MESH" or entry.object.display_type in _CUTTERS:
            continue
        mesh = entry.object.data
        shape = shapes.get(mesh.as_pointer())
        if shape is None:
            shape = shapes[mesh.as_pointer()] = _read_shape(mesh)
        thing = _read_thing(entry, carrier, shape)
        if thing.instance:
            instances[carrier.name] += 1
        scene.things.append(thing)
    scene.objects = len({thing.name for thing in scene.things if not thing.instance}) + len(instances)
    for thing in scene.things:
        thing.crowd = thing.instance and instances[thing.parent] > CROWD_INSTANCES
    name_families(scene.things)
    name_kits(scene.things)
    return scene


def name_families(things: list[Thing], ground: Collection[Thing] = ()) -> None:
    """Set each thing's `family`: the topmost mesh that it hangs on, the ground left aside, else itself.

    An empty makes no family, however much hangs on it: what is said of its parts must not depend on how many other
    things there are. They still share a `root`.
    """
    own = {thing.name for thing in things} - {thing.name for thing in ground}
    for thing in things:
        thing.family = next((name for name in reversed(thing.line) if name in own), thing.name)


def name_kits(things: list[Thing]) -> None:
    """Set each thing's `kit`: the collection that holds it, unless that is the scene's own or holds nearly all."""
    kits = {
        name: collection.name
        for collection in bpy.context.scene.collection.children_recursive
        for name in collection.objects.keys()  # noqa: SIM118 - this is no dict
    }
    # Copies of one mesh count once: a meadow of tufts makes nothing else a kit.
    shapes = {(kits.get(thing.name, ""), thing.shape) for thing in things}
    members = Counter(kit for kit, _ in shapes)
    for thing in things:
        kit = kits.get(thing.name, "")
        thing.kit = kit if members[kit] <= 0.6 * len(shapes) else ""


def _rendered_names() -> set[str]:
    """Names of the objects that are neither hidden, nor left out of the render, nor in a collection that is."""
    names: set[str] = set()
    layers = [bpy.context.view_layer.layer_collection]
    while layers:
        layer = layers.pop()
        if layer.exclude or layer.hide_viewport or layer.collection.hide_render or layer.collection.hide_viewport:
            continue
        names |= {o.name for o in layer.collection.objects if not o.hide_render and o.display_type not in _CUTTERS}
        layers += layer.children
    return names


def _read_thing(entry: bpy.types.DepsgraphObjectInstance, carrier: bpy.types.Object, shape: Shape) -> Thing:
    seen = entry.object
    original = carrier.original
    instance = bool(entry.is_instance) and seen.name != carrier.name
    line = [carrier.name] if instance else []
    root = original
    while root.parent:
        root = root.parent
        line.append(root.name)
    materials = [slot.material for slot in seen.material_slots] or list(seen.data.materials)
    return Thing(
        name=f"{seen.name} in {carrier.name}" if instance else original.name,
        shape=shape,
        matrix=np.array(entry.matrix_world, dtype=np.float64),
        kind=original.type if not instance else "MESH",
        parent=carrier.name if instance else (original.parent.name if original.parent else ""),
        root=root.name,
        line=tuple(line),
        scale=tuple(original.scale),
        has_material=tuple(material is not None for material in materials),
        see_through=any(_is_see_through(material) for material in materials if material),
        modifiers=frozenset(modifier.type for modifier in original.modifiers if modifier.show_viewport),
        instance=instance,
        faces_before=len(original.data.polygons) if original.type == "MESH" else 0,
    )


def _is_see_through(material: bpy.types.Material) -> bool:
    """Glass, water, smoke: what may have things in it."""
    if not material.use_nodes or material.node_tree is None:
        return material.diffuse_color[3] < 0.95
    for node in material.node_tree.nodes:
        if node.type in {"BSDF_GLASS", "BSDF_REFRACTION", "BSDF_TRANSPARENT", "PRINCIPLED_VOLUME", "VOLUME_SCATTER"}:
            return True
        if node.type == "BSDF_PRINCIPLED":
            transmission = node.inputs.get("Transmission Weight") or node.inputs.get("Transmission")
            alpha = node.inputs.get("Alpha")
            if (transmission and transmission.default_value > 0.3) or (alpha and alpha.default_value < 0.95):
                return True
    return False


def _read_shape(mesh: bpy.types.Mesh) -> Shape:
    mesh.calc_loop_triangles()
    faces, corners, triangles = len(mesh.polygons), len(mesh.loops), len(mesh.loop_triangles)
    start = _read(mesh.polygons, "loop_start", (faces,), np.int32)
    size = np.diff(np.append(start, corners))
    return Shape(
        points=_read(mesh.vertices, "co", (len(mesh.vertices), 3), np.float32).astype(np.float64),
        edges=_read_attribute(mesh, ".edge_verts", (len(mesh.edges), 2)),
        corner_point=_read_attribute(mesh, ".corner_vert", (corners,)),
        corner_edge=_read_attribute(mesh, ".corner_edge", (corners,)),
        face_start=start,
        face_normal=_read(mesh.polygons, "normal", (faces, 3), np.float32).astype(np.float64),
        face_center=_read(mesh.polygons, "center", (faces, 3), np.float32).astype(np.float64),
        face_area=_read(mesh.polygons, "area", (faces,), np.float32).astype(np.float64),
        face_material=_read_attribute(mesh, "material_index", (faces,)),
        triangles=_read(mesh.loop_triangles, "vertices", (triangles, 3), np.int32),
        triangle_face=np.repeat(np.arange(faces, dtype=np.int32), np.maximum(size - 2, 0)),
    )


def _read(owner: Any, attribute: str, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
    values = np.empty(int(np.prod(shape)), dtype=kind)
    owner.foreach_get(attribute, values)
    return values.reshape(shape)


def _read_attribute(mesh: bpy.types.Mesh, name: str, shape: tuple[int, ...]) -> Ints:
    """Attributes are read twenty times faster than the same numbers through edges, loops and polygons."""
    attribute = mesh.attributes.get(name)
    return _read(attribute.data, "value", shape, np.int32) if attribute else np.zeros(shape, dtype=np.int32)
