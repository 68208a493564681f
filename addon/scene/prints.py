# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What a data-block amounts to, in a few bytes: two with the same print look and behave the same. (bpy)

Data-blocks that one uses count by identity, so those that many use must be shared before those that use them. Where
something cannot be read whole, the print is None, and nothing is shared with it.
"""

import hashlib
import zlib
from functools import cache
from typing import Any

import bpy
import numpy as np

from .marks import KEY

_READINGS: dict[str, tuple[str, int, Any]] = {
    "FLOAT": ("value", 1, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color", 4, np.float32),
    "INT": ("value", 1, np.int32),
    "INT8": ("value", 1, np.int8),
    "INT32_2D": ("value", 2, np.int32),
    "INT16_2D": ("value", 2, np.int16),
    "BOOLEAN": ("value", 1, np.bool_),
    "QUATERNION": ("value", 4, np.float32),
}
_VIEW_ONLY = frozenset(
    {".select_vert", ".select_edge", ".select_poly", ".hide_vert", ".hide_edge", ".hide_poly"}
    | {".uv_select_vert", ".uv_select_edge", ".uv_select_face"}
)
_POINT_LISTS = {"points": ("co", 4), "bezier_points": ("co", 3)}
# What says how things look in an editor, what only repeats other values, and what leads back up.
_SKIPPED = frozenset(
    {"rna_type", "name", "name_full", "original", "asset_data", "preview", "override_library", "library", "users"}
    | {"library_weak_reference", "session_uid", "tag", "is_evaluated", "is_runtime_data", "use_fake_user", "parent"}
    | {"use_extra_user", "is_embedded_data", "is_missing", "is_library_indirect", "is_editable", "select", "node"}
    | {"show_expanded", "is_active", "active", "active_index", "active_input", "active_output", "internal_links"}
    | {"links", "id_data", "is_linked", "execution_time", "texture_paint_images", "texture_paint_slots", "id_type"}
    | {"paint_active_slot", "paint_clone_slot", "view_center", "dimensions", "location_absolute", "is_icon_custom"}
    | {"pixels", "bindcode", "has_data", "is_dirty", "render_slots", "packed_file", "packed_files", "filepath"}
    | {"filepath_raw", "debug_lazy_function_graph", "debug_zone_body_lazy_function_graph", "interface_items"}
    | {"debug_zone_lazy_function_graph", "grease_pencil", "active_item", "bl_system_properties_get", "inputs_to_sort"}
)
_DEPTH_LIMIT = 10
_VALUES_LIMIT = 200_000


class _Unprintable(Exception):
    """Something in the data-block cannot be compared."""


def print_of(block: Any) -> bytes | None:
    """The print of an image, node group, material, mesh or curve."""
    if getattr(block, "animation_data", None) is not None:
        return None
    writer = _Writer()
    try:
        if isinstance(block, bpy.types.Mesh):
            _write_mesh(writer, block)
        elif isinstance(block, bpy.types.Image):
            _write_image(writer, block)
        else:
            writer.structure(block, 0)
        _write_custom(writer, block)
    except _Unprintable:
        return None
    return writer.digest()


class _Writer:
    """Takes values in an order and makes bytes of them."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=20)
        self._values = 0

    def digest(self) -> bytes:
        return self._hash.digest()

    def value(self, value: Any) -> None:
        self._values += 1
        if self._values > _VALUES_LIMIT:
            raise _Unprintable
        self._hash.update(repr(value).encode(errors="replace") + b"\0")

    def array(self, owner: Any, field: str, width: int, number: Any) -> None:
        values = np.empty(len(owner) * width, dtype=number)
        owner.foreach_get(field, values)
        # Two sums, each 10 times as fast as a hash that withstands malice: nobody gains by two meshes taken for one.
        self.value((zlib.crc32(values), zlib.adler32(values)))

    def block(self, block: Any) -> None:
        self.value((type(block).__name__, block.session_uid))

    def structure(self, owner: Any, depth: int) -> None:
        """Everything that the owner's class declares, with what it holds."""
        if depth > _DEPTH_LIMIT:
            raise _Unprintable
        self.value(owner.bl_rna.identifier)
        for name, kind in _declared(type(owner)):
            self.value(name)
            try:
                held = getattr(owner, name)
            except (AttributeError, RuntimeError, ValueError):
                continue
            if kind == "POINTER":
                self._held(held, depth)
            elif kind == "COLLECTION":
                self._list(name, held, depth)
            else:
                self.value(_plain(held))
        if isinstance(owner, bpy.types.NodeTree):
            for link in owner.links:
                ends = (link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier)
                self.value((*ends, link.is_muted))

    def _held(self, held: Any, depth: int) -> None:
        if held is None:
            self.value(None)
        elif isinstance(held, bpy.types.ID) and not held.is_embedded_data:
            self.block(held)
        else:
            self.structure(held, depth + 1)

    def _list(self, name: str, held: Any, depth: int) -> None:
        self.value(len(held))
        if name in _POINT_LISTS and len(held):
            field, width = _POINT_LISTS[name]
            self.array(held, field, width, np.float32)
            for extra in ("radius", "tilt"):
                self.array(held, extra, 1, np.float32)
            if name == "bezier_points":
                self.array(held, "handle_left", 3, np.float32)
                self.array(held, "handle_right", 3, np.float32)
            return
        for item in held:
            self.value(getattr(item, "name", ""))
            self._held(item, depth)


@cache
def _declared(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (entry.identifier, entry.type)
        for entry in kind.bl_rna.properties
        if entry.identifier not in _SKIPPED and not entry.identifier.startswith("bl_")
    )


def _write_mesh(writer: _Writer, mesh: bpy.types.Mesh) -> None:
    if mesh.shape_keys is not None:
        raise _Unprintable
    writer.value((len(mesh.vertices), len(mesh.edges), len(mesh.polygons), len(mesh.loops)))
    for slot in mesh.materials:
        writer._held(slot, 0)
    for layer in mesh.attributes:
        if layer.name in _VIEW_ONLY:
            continue
        reading = _READINGS.get(layer.data_type)
        if reading is None:
            raise _Unprintable
        writer.value((layer.name, layer.data_type, layer.domain, len(layer.data)))
        writer.array(layer.data, *reading)
    writer.array(mesh.polygons, "loop_start", 1, np.int32)  # where faces begin is no attribute
    if mesh.has_custom_normals:
        writer.array(mesh.corner_normals, "vector", 3, np.float32)


def _write_image(writer: _Writer, image: bpy.types.Image) -> None:
    if image.is_dirty:
        raise _Unprintable
    for packed in image.packed_files:
        data = packed.packed_file.data if packed.packed_file else b""
        writer.value((len(data), hashlib.blake2b(data, digest_size=20).digest()))
    if not image.packed_files and image.source != "GENERATED":
        raise _Unprintable
    names = ["source", "alpha_mode", "use_view_as_render", "seam_margin"]
    if image.source == "GENERATED":
        names += ["generated_type", "generated_width", "generated_height", "generated_color", "use_generated_float"]
    for name in names:
        writer.value((name, _plain(getattr(image, name, None))))
    writer.value(image.colorspace_settings.name)


def _write_custom(writer: _Writer, block: Any) -> None:
    for key in sorted(block.keys()):
        if key != KEY:
            writer.value((key, _plain(block[key])))


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, bpy.types.ID):
        return (type(value).__name__, value.session_uid)
    if isinstance(value, set):
        return sorted(value)
    if hasattr(value, "to_dict"):
        return sorted((key, _plain(value[key])) for key in value.keys())  # noqa: SIM118 - no dict
    if hasattr(value, "__len__"):
        return tuple(_plain(part) for part in value)
    raise _Unprintable
