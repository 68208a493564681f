# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Copies of objects that hang on nothing of the user's: to be written to a file and let go again. (bpy)"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from .paths import overwrite_image_paths

_FROM_FILES = {"FILE", "TILED"}


Pairs = list[tuple[Any, Any]]
"""Data-blocks of the user's, each with its copy."""


def copied_objects(objects: Sequence[bpy.types.Object]) -> tuple[list[bpy.types.Object], Pairs]:
    """A mesh for each shape that the objects show, instances included, where it shows. The caller removes all of it.

    Returns also: what is a copy of what, for `names_lent`.
    Raises: RuntimeError: they show no surface.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    wanted = {obj.session_uid for obj in objects}
    materials = _Materials()
    meshes: dict[tuple[int, ...], bpy.types.Mesh] = {}
    looks: list[tuple[bpy.types.Mesh, list[bpy.types.Material | None]]] = []
    parts = []
    for entry in graph.object_instances:
        seen = entry.object
        owner = entry.parent if entry.is_instance and entry.parent else seen
        # Text and curves come twice: as what they are, and as an "instance" that is their evaluated mesh.
        is_shown = seen.type == "MESH" and (entry.is_instance or entry.show_self)
        if not is_shown or owner.original.session_uid not in wanted or not seen.data.vertices:
            continue
        worn = _worn_by(seen)
        key = (seen.data.as_pointer(), *(material.session_uid if material else 0 for material in worn))
        if key not in meshes:
            meshes[key] = seen.data.copy()
            looks.append((meshes[key], worn))
        parts.append((seen.original, meshes[key], entry.matrix_world.copy()))
    if not parts:
        raise RuntimeError("the selected objects show no surface")
    for mesh, worn in looks:
        _forget_properties(mesh)
        mesh.animation_data_clear()
        for index, material in enumerate(worn):
            mesh.materials[index] = materials.copy_of(material) if material else None
    copies, pairs = [], materials.pairs
    for original, mesh, matrix in parts:
        copy = bpy.data.objects.new(original.name, mesh)
        copy.matrix_world = matrix
        copies.append(copy)
        pairs += [(original, copy)]
        if isinstance(original.data, bpy.types.Mesh):
            pairs.append((original.data, mesh))
    return copies, pairs


@contextmanager
def names_lent(pairs: Pairs) -> Iterator[None]:
    """In the block the copies have the names that the user's things have, so that a prompt can speak of them."""
    lent: dict[Any, str] = {}
    try:
        for original, copy in pairs:
            if original.library is None and original not in lent:
                name = lent[original] = original.name
                original.name = secrets.token_hex(8)
                copy.name = name
        yield
    finally:
        copies = dict(reversed(pairs))
        for original, name in lent.items():
            copies[original].name = secrets.token_hex(8)
            original.name = name


def _worn_by(seen: bpy.types.Object) -> list[bpy.types.Material | None]:
    """The materials of the evaluated mesh, one for each of its places; the object's own where it says so."""
    worn = list(seen.data.materials)
    for index, slot in enumerate(seen.material_slots[: len(worn)]):
        if slot.link == "OBJECT":
            worn[index] = slot.material
    return [material.original if material else None for material in worn]


class _Materials:
    """Copies of materials, with node groups and pictures of their own."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self.pairs: Pairs = []

    def copy_of(self, material: bpy.types.Material) -> bpy.types.Material:
        if material.session_uid not in self._made:
            copy = material.copy()
            self._made[material.session_uid] = copy
            self.pairs.append((material, copy))
            _forget_properties(copy)
            copy.animation_data_clear()
            if copy.node_tree is not None:
                self._make_own(copy.node_tree)
        return self._made[material.session_uid]

    def _make_own(self, tree: bpy.types.NodeTree) -> None:
        tree.animation_data_clear()
        for node in list(tree.nodes):
            if node.bl_idname == "ShaderNodeScript":
                tree.nodes.remove(node)
                continue
            if getattr(node, "node_tree", None) is not None:
                node.node_tree = self._group(node.node_tree)
            if getattr(node, "image", None) is not None:
                node.image = self._picture(node.image)
            _forget_properties(node)
            for name in _pointers_elsewhere(node):
                setattr(node, name, None)

    def _group(self, group: bpy.types.NodeTree) -> bpy.types.NodeTree:
        if group.session_uid not in self._made:
            copy = group.copy()
            self._made[group.session_uid] = copy
            self.pairs.append((group, copy))
            _forget_properties(copy)
            self._make_own(copy)
        return self._made[group.session_uid]

    def _picture(self, image: bpy.types.Image) -> bpy.types.Image | None:
        if image.session_uid not in self._made:
            copy = self._made[image.session_uid] = self._whole_picture(image)
            self.pairs += [(image, copy)] if copy else []
        return self._made[image.session_uid]

    def _whole_picture(self, image: bpy.types.Image) -> bpy.types.Image | None:
        """The picture with its pixels inside; None: it has none, such as a film, or a file that is gone."""
        if image.source not in {*_FROM_FILES, "GENERATED"} or image.type in {"RENDER_RESULT", "COMPOSITING"}:
            return None
        if image.is_dirty:  # painted on and not saved: a copy would be without the paint
            return _painted(image) if image.channels == 4 else None
        copy = image.copy()
        _forget_properties(copy)
        if image.source in _FROM_FILES and not copy.packed_files:
            try:
                copy.pack()
            except RuntimeError:
                return None
        overwrite_image_paths(copy)
        return copy


def _painted(image: bpy.types.Image) -> bpy.types.Image:
    """The picture as it is painted on now. Of one in tiles, the first."""
    width, height = image.size
    copy = bpy.data.images.new(image.name, width, height, alpha=True, float_buffer=image.is_float)
    copy.colorspace_settings.name = image.colorspace_settings.name
    pixels = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    copy.pixels.foreach_set(pixels)
    copy.update()
    copy.pack()
    return copy


def _pointers_elsewhere(node: bpy.types.Node) -> Iterable[str]:
    """Properties that lead to the user's objects, collections, scenes, texts: not to pictures and groups."""
    for entry in node.bl_rna.properties:
        if entry.type != "POINTER" or entry.is_readonly:
            continue
        held = getattr(node, entry.identifier)
        if isinstance(held, bpy.types.ID) and not isinstance(held, bpy.types.Image | bpy.types.NodeTree):
            yield entry.identifier


def _forget_properties(owner: Any) -> None:
    for key in list(owner.keys()):
        del owner[key]
