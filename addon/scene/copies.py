# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Copies of objects that hang on nothing of the user's: to be written to a file and let go again. (bpy)"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bpy

_FROM_FILES = {"FILE", "TILED"}


def copied_objects(objects: Sequence[bpy.types.Object], scratch: Path) -> list[bpy.types.Object]:
    """A mesh for each shape that the objects show, where it shows it. The caller removes all that is made.

    `scratch`: where pictures lie for a moment. Raises: RuntimeError: Blender cannot make one of them.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    wanted = {obj.session_uid for obj in objects}
    materials = _Materials(scratch)
    meshes: dict[int, bpy.types.Mesh | None] = {}
    copies = []
    for entry in list(_shown(graph, wanted)):
        shown, matrix, name = entry
        key = shown.data.session_uid if shown.data is not None and not shown.modifiers else shown.session_uid
        if key not in meshes:
            meshes[key] = _mesh_of(shown, graph, materials)
        mesh = meshes[key]
        if mesh is not None:
            copy = bpy.data.objects.new(name, mesh)
            copy.matrix_world = matrix
            copies.append(copy)
    if not copies:
        raise RuntimeError("the selected objects show no surface")
    return copies


def _shown(graph: bpy.types.Depsgraph, wanted: set[int]) -> Iterator[tuple[bpy.types.Object, Any, str]]:
    """What the wanted objects show: themselves and their instances, as original objects, with place and name."""
    for entry in graph.object_instances:
        owner = entry.parent if entry.is_instance and entry.parent else entry.object
        if owner.original.session_uid in wanted and (entry.is_instance or entry.show_self):
            yield entry.object.original, entry.matrix_world.copy(), entry.object.original.name


def _mesh_of(
    obj: bpy.types.Object, graph: bpy.types.Depsgraph, materials: "_Materials"
) -> bpy.types.Mesh | None:
    try:
        mesh = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)
    except RuntimeError:
        return None  # an empty, a light: nothing to see
    if not mesh.vertices:
        bpy.data.meshes.remove(mesh)
        return None
    mesh.name = obj.data.name if obj.data else obj.name
    _forget_properties(mesh)
    slots = [slot.material for slot in obj.material_slots]
    mesh.materials.clear()
    for material in slots:
        mesh.materials.append(materials.copy_of(material) if material else None)
    return mesh


class _Materials:
    """Copies of materials, with node groups and pictures of their own."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._made: dict[int, Any] = {}

    def copy_of(self, material: bpy.types.Material) -> bpy.types.Material:
        if material.session_uid not in self._made:
            copy = material.copy()
            self._made[material.session_uid] = copy
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
            _forget_properties(copy)
            self._make_own(copy)
        return self._made[group.session_uid]

    def _picture(self, image: bpy.types.Image) -> bpy.types.Image | None:
        if image.session_uid not in self._made:
            self._made[image.session_uid] = self._whole_picture(image)
        return self._made[image.session_uid]

    def _whole_picture(self, image: bpy.types.Image) -> bpy.types.Image | None:
        """The picture with its pixels inside; None: it has none, such as a film, or a file that is gone."""
        if image.source not in {*_FROM_FILES, "GENERATED"} or image.type in {"RENDER_RESULT", "COMPOSITING"}:
            return None
        if image.is_dirty:  # painted on and not saved: a copy would be without the paint
            return self._painted(image)
        copy = image.copy()
        _forget_properties(copy)
        if image.source in _FROM_FILES and not copy.packed_files:
            try:
                copy.pack()
            except RuntimeError:
                return None
        copy.filepath_raw = ""
        for packed in copy.packed_files:
            packed.filepath = ""
        return copy

    def _painted(self, image: bpy.types.Image) -> bpy.types.Image | None:
        path = self._scratch / f"painted-{secrets.token_hex(6)}.png"
        try:
            image.save(filepath=str(path), save_copy=True)
            copy = bpy.data.images.load(str(path))
            copy.pack()
        except RuntimeError:
            return None
        finally:
            path.unlink(missing_ok=True)
        copy.name, copy.filepath_raw = image.name, ""
        copy.colorspace_settings.name = image.colorspace_settings.name
        for packed in copy.packed_files:
            packed.filepath = ""
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
