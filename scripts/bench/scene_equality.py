# pyright: reportAttributeAccessIssue=false, reportMissingModuleSource=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass.
"""Everything of a scene as plain values, and how two of them differ: by RNA, so that no kind of data is forgotten."""

import math
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

TOLERANCE = 1e-5
_NAMED_AT_MOST = 20
_ITEMS_AT_MOST = 2_000  # of a collection of RNA: vertices are compared evaluated, as arrays
_DEEPEST = 8
_KINDS = (
    *("scenes", "objects", "meshes", "curves", "hair_curves", "metaballs", "lattices", "armatures", "cameras"),
    *("lights", "materials", "worlds", "node_groups", "textures", "collections", "actions", "shape_keys"),
    *("particles", "images", "texts", "grease_pencils", "volumes", "pointclouds", "speakers"),
)


def _names(listed: str) -> list[str]:
    return listed.split()


# Of the session, of the file's own place, what was evaluated last, or what is compared evaluated.
_NOT_OF_THE_SCENE = frozenset(
    {
        *_names("rna_type session_uid users original is_evaluated is_runtime_data tag filepath filepath_raw"),
        *_names("filepath_from_user library override_library preview asset_data is_dirty has_data bindcode"),
        *_names("file_format_version execution_time id_data view_layers_evaluated_depsgraph active_clip_path"),
        *_names("evaluated_depsgraph depsgraph is_updated is_updated_data debug_options vertices edges polygons"),
        *_names("loops loop_triangles loop_triangle_polygons vertex_normals polygon_normals corner_normals"),
        *_names("attributes color_attributes uv_layers edge_creases vertex_creases pixels uv_layer_stencil"),
        *_names("uv_layer_clone packed_file packed_files source render_cache filepath_cache cursor tool_settings"),
        *_names("display_settings session_uuid"),
    }
)
_BY_THE_CLOCK = frozenset({("FieldSettings", "seed")})
_AS_PACKED = frozenset({("Image", "type"), ("Image", "tiles")})  # the pod packs images, so that a snapshot is whole


def describe_scene() -> dict[str, Any]:
    """The open file as nested dictionaries, lists, numbers, texts, and arrays of evaluated vertices."""
    bpy.context.view_layer.update()
    described: dict[str, Any] = {}
    for kind in _KINDS:
        for block in getattr(bpy.data, kind, ()):
            described[f"{kind}/{block.name}"] = _struct(block, set(), 0)
    described["evaluated"] = _evaluated_meshes()
    return described


def _evaluated_meshes() -> dict[str, Any]:
    found = {}
    graph = bpy.context.evaluated_depsgraph_get()
    for instance in graph.object_instances:
        obj = instance.object
        if obj.type not in {"MESH", "CURVE", "SURFACE", "META", "FONT"}:
            continue
        try:
            mesh = obj.to_mesh()
        except RuntimeError:  # a curve without a surface
            continue
        points = np.empty((len(mesh.vertices), 3), dtype=np.float32)
        mesh.vertices.foreach_get("co", points.ravel())
        layer = mesh.uv_layers.active
        unwrapped = np.empty((len(mesh.loops) if layer else 0, 2), dtype=np.float32)
        if layer:
            layer.uv.foreach_get("vector", unwrapped.ravel())
        key = f"{obj.name}#{len(found)}" if instance.is_instance else obj.name
        found[key] = {
            "vertices": points,
            "uv": unwrapped,
            "counts": (len(mesh.edges), len(mesh.polygons), len(mesh.loops)),
            "place": [value for row in instance.matrix_world for value in row],
        }
        obj.to_mesh_clear()
    return found


def _struct(struct: Any, above: set[int], depth: int) -> Any:
    here = struct.as_pointer()
    if here in above or depth > _DEEPEST:
        return getattr(struct, "name", "…")
    above = above | {here}
    values = {"kind": struct.bl_rna.identifier}
    for prop in struct.bl_rna.properties:
        name = prop.identifier
        if name not in _NOT_OF_THE_SCENE and (values["kind"], name) not in _BY_THE_CLOCK | _AS_PACKED:
            values[name] = _property(struct, prop, above, depth)
    keys = struct.keys() if isinstance(struct, bpy.types.ID) else ()
    values["custom"] = {key: _custom(struct[key]) for key in keys}
    return values


def _custom(value: Any) -> Any:
    """A custom property: groups and arrays know how to be plain."""
    if hasattr(value, "to_dict"):
        return {key: _custom(part) for key, part in value.items()}
    return value.to_list() if hasattr(value, "to_list") else f"{type(value).__name__} {value!s}"


def _property(struct: Any, prop: Any, above: set[int], depth: int) -> Any:
    value = getattr(struct, prop.identifier, None)
    if value is None:
        return None
    if prop.type == "POINTER":
        is_own = not isinstance(value, bpy.types.ID) or value.is_embedded_data
        return _struct(value, above, depth + 1) if is_own else f"{type(value).__name__}/{value.name}"
    if prop.type == "COLLECTION":
        items = list(value) if len(value) <= _ITEMS_AT_MOST else []
        own = [item for item in items if hasattr(item, "bl_rna")]
        named = [
            f"{type(item).__name__}/{item.name}" if isinstance(item, bpy.types.ID) else _struct(item, above, depth + 1)
            for item in own
        ]
        return [len(value), *named]
    if prop.type in {"FLOAT", "INT", "BOOLEAN"} and getattr(prop, "is_array", False):
        return np.array(value, dtype=np.float64).ravel()
    return sorted(value) if isinstance(value, set) else value


def differences(first: Any, second: Any) -> list[str]:
    """What differs, as `path: a, b`; numbers within the tolerance are equal. A capped number of them."""
    found = []
    for difference in _differing(first, second, ""):
        found.append(difference[:300])
        if len(found) == _NAMED_AT_MOST:
            break
    return found


def _close(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return np.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def _same_points(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """The same points in another order: Blender itself orders the results of some operators by memory addresses."""
    if first.ndim != 2 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return False
    to_second, to_first = cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]
    reach = TOLERANCE * max(1.0, float(np.abs(first).max(initial=0)))
    return bool(max(to_second.max(initial=0), to_first.max(initial=0)) <= reach)


def _differing(first: Any, second: Any, path: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in first.keys() | second.keys():
            if key not in first or key not in second:
                yield f"{path}/{key}: only in the {'second' if key in second else 'first'}"
            else:
                yield from _differing(first[key], second[key], f"{path}/{key}")
    elif isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        if len(first) != len(second):
            yield f"{path}: {len(first)} items, {len(second)} items"
        for number, (one, other) in enumerate(zip(first, second, strict=False)):
            yield from _differing(one, other, f"{path}[{number}]")
    elif isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        yield from _differing_arrays(first, second, path)
    elif first != second and not _same_number(first, second):
        yield f"{path}: {first!r}, {second!r}"


def _differing_arrays(first: NDArray[Any], second: NDArray[Any], path: str) -> Iterator[str]:
    if first.shape != second.shape:
        yield f"{path}: {first.size} numbers, {second.size} numbers"
    elif not (_close(first, second) or _same_points(first, second)):
        yield f"{path}: differs by up to {np.nanmax(np.abs(first - second)):.3g}"


def _same_number(first: Any, second: Any) -> bool:
    if not (isinstance(first, float) and isinstance(second, float)):
        return False
    close = math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return close or (math.isnan(first) and math.isnan(second))
