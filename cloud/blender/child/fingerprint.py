# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The state of the scene in a few numbers an object: cheap enough for before and after each step.

Each data-block is read once, however many objects share it, and meshes as whole arrays: 1,000 objects take about
10 ms, a mesh of a million vertices about 20 ms. Names, numbers and lists alone, so that it goes through JSON.
"""

import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import bpy
import numpy as np

Fingerprint = dict[str, Any]
"""`objects`: name → aspect (`placed`, `shape`, `material` …) → anything comparable; `materials`, `collections`:
name → state; `settings`: label → value; `session`: what the `uid`s of objects are valid for."""

_VALUE_KINDS = frozenset({"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"})
_SIMPLE = frozenset({str, int, float, bool, type(None)})
_VOLATILE = frozenset({"execution_time", "is_active", "show_expanded", "use_pin_to_last", "rna_type", "select"})
_READINGS = {
    "FLOAT": ("value", 1, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color", 4, np.float32),
    "INT": ("value", 1, np.int32),
    "INT32_2D": ("value", 2, np.int32),
    "BOOLEAN": ("value", 1, np.bool_),
}
_LAYERS_WITHOUT_SHAPE = frozenset(
    {".select_vert", ".select_edge", ".select_poly", ".hide_vert", ".hide_edge", ".hide_poly", ".corner_edge"}
)
_LAYERS_AT_MOST = 16
_SHAPELESS = frozenset({"LIGHT", "CAMERA", "LIGHT_PROBE", "SPEAKER"})


def fingerprint_scene() -> Fingerprint:
    """The state of every object, material and collection, and of the scene's settings. Holds no `bpy` reference."""
    materials = {material.name: _material_state(material) for material in bpy.data.materials}
    return {
        "session": bpy.data.scenes[0].session_uid,
        "objects": _object_states(materials),
        "materials": materials,
        "collections": {collection.name: collection.children.keys() for collection in bpy.data.collections},
        "settings": _settings(),
    }


def _object_states(materials: dict[str, int]) -> dict[str, dict[str, Any]]:
    objects = bpy.data.objects
    matrices = np.zeros((len(objects), 16), dtype=np.float32)
    objects.foreach_get("matrix_world", matrices.ravel())
    places = np.round(matrices, 6) + np.float32(0)  # no negative zero
    shapes = _shape_states()
    groups = {group.name: _tree_state(group) for group in bpy.data.node_groups}
    motions = {action.name: _action_state(action) for action in bpy.data.actions}
    homes = _homes()
    states = {}
    for obj, place in zip(objects, places, strict=True):
        data, parent = obj.data, obj.parent
        state: dict[str, Any] = {
            "uid": obj.session_uid,
            "placed": zlib.crc32(place),
            _data_aspect(obj): [obj.type, shapes.get((data.id_type, data.name), 0) if data else 0],
            "material": [[name, materials.get(name, 0)] for name in obj.material_slots.keys()],  # noqa: SIM118
            "parent": parent.name if parent else "",
            "collections": homes.get(obj.name, []),
            "visibility": [obj.hide_render, obj.hide_viewport, obj.hide_get(), obj.display_type],
        }
        if len(obj.modifiers):
            state["modifiers"] = [[entry.name, _modifier_state(entry, groups)] for entry in obj.modifiers]
        if len(obj.constraints):
            state["constraints"] = [[entry.name, _values_crc(entry)] for entry in obj.constraints]
        if obj.keys():
            state["properties"] = _custom_crc(obj)
        if obj.animation_data:
            state["animation"] = _animation_state(obj.animation_data, motions)
        states[obj.name] = state
    return states


def _data_aspect(obj: bpy.types.Object) -> str:
    """What a change of the object's data is a change of: a lamp and a camera have no shape."""
    return "settings" if obj.type in _SHAPELESS else "shape"


def _homes() -> dict[str, list[str]]:
    """Object name → the names of the collections that it is in."""
    homes: dict[str, list[str]] = {}
    for collection in (*(scene.collection for scene in bpy.data.scenes), *bpy.data.collections):
        for name in collection.objects.keys():  # noqa: SIM118 - these are no dicts
            homes.setdefault(name, []).append(collection.name)
    return homes


def _shape_states() -> dict[tuple[str, str], int]:
    """(kind, name) of each data-block that gives objects their shape → its state."""
    readers: tuple[tuple[Iterable[Any], Callable[[Any], int]], ...] = (
        (bpy.data.meshes, _mesh_state),
        (bpy.data.curves, _curve_state),
        (bpy.data.lights, _values_crc),
        (bpy.data.cameras, _values_crc),
        (bpy.data.metaballs, lambda ball: _crc([_values_crc(element) for element in ball.elements])),
        (bpy.data.armatures, lambda rig: _crc([(bone.name, _rounded(bone.matrix_local)) for bone in rig.bones])),
        (bpy.data.lattices, lambda lattice: _crc([_rounded(point.co_deform) for point in lattice.points])),
    )
    return {(block.id_type, block.name): read(block) for blocks, read in readers for block in blocks}


def _mesh_state(mesh: bpy.types.Mesh) -> int:
    """Its points, faces and layers (UV maps, colours, material of each face), and its shape keys."""
    counts = (len(mesh.vertices), len(mesh.edges), len(mesh.polygons), len(mesh.loops))
    state = zlib.crc32(repr(counts).encode())
    for layer in mesh.attributes[:_LAYERS_AT_MOST]:
        name = layer.name
        reading = None if name in _LAYERS_WITHOUT_SHAPE else _READINGS.get(layer.data_type)
        if reading is None:
            continue
        field, width, number = reading
        entries = layer.data
        values = np.empty(len(entries) * width, dtype=number)
        entries.foreach_get(field, values)
        state = zlib.crc32(values, zlib.crc32(name.encode(), state))
    for key in mesh.shape_keys.key_blocks if mesh.shape_keys else ():
        points = np.empty(len(key.data) * 3, dtype=np.float32)
        key.data.foreach_get("co", points)
        state = zlib.crc32(points, zlib.crc32(f"{key.name} {key.value:.6g}".encode(), state))
    return state


def _curve_state(curve: bpy.types.Curve) -> int:
    splines = [
        (
            spline.type,
            spline.use_cyclic_u,
            _points_crc(spline.points, "co", 4),
            *(_points_crc(spline.bezier_points, field, 3) for field in ("co", "handle_left", "handle_right")),
        )
        for spline in curve.splines
    ]
    return _crc((splines, _values_crc(curve)))


def _points_crc(points: Any, field: str, width: int) -> int:
    values = np.empty(len(points) * width, dtype=np.float32)
    points.foreach_get(field, values)
    return zlib.crc32(values)


def _material_state(material: bpy.types.Material) -> int:
    tree = material.node_tree if material.use_nodes else None
    return zlib.crc32(str(_tree_state(tree) if tree else 0).encode(), _values_crc(material))


def _tree_state(tree: bpy.types.NodeTree) -> int:
    """Its nodes with their settings, the values of open inputs, and the links."""
    nodes = []
    for node in tree.nodes:
        inputs = [_plain(getattr(entry, "default_value", None)) for entry in node.inputs if not entry.is_linked]
        nodes.append((node.bl_idname, node.name, inputs, _values_crc(node), _ramp_state(node)))
    links = [(link.from_socket.path_from_id(), link.to_socket.path_from_id()) for link in tree.links]
    return _crc((nodes, links))


def _ramp_state(node: bpy.types.Node) -> Any:
    if node.type == "VALTORGB":
        return [(_plain(stop.position), _plain(stop.color)) for stop in node.color_ramp.elements]
    if node.type in {"CURVE_RGB", "CURVE_VEC", "CURVE_FLOAT"}:
        return [[_plain(point.location) for point in curve.points] for curve in node.mapping.curves]
    if node.type in {"RGB", "VALUE"}:
        return _plain(node.outputs[0].default_value)
    return None


def _modifier_state(modifier: bpy.types.Modifier, groups: dict[str, int]) -> int:
    state = [_values_crc(modifier)]
    if modifier.type == "NODES":
        state.append(groups.get(modifier.node_group.name, 0) if modifier.node_group else 0)
        state.append(_custom_crc(modifier))
    elif modifier.type == "PARTICLE_SYSTEM":
        state.append(_values_crc(modifier.particle_system.settings))
    return _crc(state)


def _animation_state(animation: bpy.types.AnimData, motions: dict[str, int]) -> list[Any]:
    drivers = [(driver.data_path, driver.array_index, driver.driver.expression) for driver in animation.drivers]
    name = animation.action.name if animation.action else ""
    return [name, motions.get(name, 0), _crc(drivers), len(animation.nla_tracks)]


def _action_state(action: bpy.types.Action) -> int:
    curves = [(curve.data_path, curve.array_index, curve.keyframe_points) for curve in _curves_of(action)]
    return _crc([(path, index, _points_crc(points, "co", 2)) for path, index, points in curves])


def _curves_of(action: bpy.types.Action) -> list[Any]:
    """The curves of an action: its own, or since Blender 5.0 those of its layers."""
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    return [curve for bag in bags for curve in bag.fcurves]


def _settings() -> dict[str, Any]:
    scene = bpy.context.scene
    render, view, world = scene.render, scene.view_settings, scene.world
    background = world.node_tree if world and world.use_nodes else None
    return {
        "scene": scene.name,
        "camera": scene.camera.name if scene.camera else "none",
        "world": [world.name, _tree_state(background) if background else _plain(world.color)] if world else "none",
        "render engine": render.engine,
        "resolution": f"{render.resolution_x} × {render.resolution_y} at {render.resolution_percentage} %",
        "transparent film": render.film_transparent,
        "view transform": f"{view.view_transform}, look {view.look}, exposure {view.exposure:.3g}",
        "frames": f"{scene.frame_start} to {scene.frame_end} at {render.fps}/s",
        "present frame": scene.frame_current,
        "units": f"{scene.unit_settings.system}, scale {scene.unit_settings.scale_length:.3g}",
    }


@cache
def _value_names(kind: Any) -> tuple[str, ...]:
    """The properties of this RNA class that hold a value or name a data-block, without what every ID or node has."""
    common = set(_VOLATILE)
    for base in (bpy.types.ID, bpy.types.Node):
        if issubclass(kind, base):
            common |= set(base.bl_rna.properties.keys())
    properties = [entry for entry in kind.bl_rna.properties if entry.identifier not in common]
    return tuple(entry.identifier for entry in properties if entry.type in _VALUE_KINDS or _names_a_block(entry))


def _names_a_block(entry: Any) -> bool:
    kind = getattr(bpy.types, entry.fixed_type.identifier, None) if entry.type == "POINTER" else None
    return kind is not None and issubclass(kind, bpy.types.ID)


def _values_crc(owner: Any) -> int:
    """The numbers, texts, choices and named data-blocks of anything in Blender."""
    values = [getattr(owner, name, None) for name in _value_names(type(owner))]
    return _crc([value if type(value) in _SIMPLE else _plain(value) for value in values])


def _custom_crc(owner: Any) -> int:
    return _crc([(key, _plain(owner[key])) for key in owner.keys()])  # noqa: SIM118 - owner is no dict


def _rounded(matrix: Any) -> Any:
    return [_plain(row) for row in matrix] if hasattr(matrix[0], "__len__") else _plain(matrix)


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, bpy.types.ID):
        return value.name
    if hasattr(value, "to_list"):
        return value.to_list()
    if hasattr(value, "keys"):
        return [(key, _plain(value[key])) for key in value.keys()]  # noqa: SIM118 - an IDPropertyGroup is no dict
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        return [_plain(part) for part in value]
    return type(value).__name__


def _crc(value: Any) -> int:
    return zlib.crc32(repr(value).encode(errors="replace"))
