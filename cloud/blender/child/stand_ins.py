# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Plain meshes in the place of what Blender's exporters treat unlike each other: text, curves, metaballs, instances.

Measured with 4.5: STL and PLY leave out text and curves, FBX instances of geometry nodes, USD writes some twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
from mathutils import Matrix

from cloud.blender.child.report import GEOMETRY_TYPES

_MESHED = frozenset({"CURVE", "SURFACE", "FONT", "META"})


@dataclass(frozen=True)
class _Part:
    """One stand-in to make: whose place it takes (nobody's, for an instance), its mesh and where it stands."""

    name: str
    mesh: bpy.types.Mesh
    place: Matrix
    instead_of: bpy.types.Object | None


@contextmanager
def plain_meshes(objects: Sequence[bpy.types.Object]) -> Iterator[list[bpy.types.Object]]:
    """The block gets what to export: the objects, some replaced by meshes of their names. The scene is as before."""
    wanted = {obj.session_uid: obj for obj in objects}
    parts, meshes = _parts(wanted)
    replaced = {part.instead_of.session_uid: part.instead_of for part in parts if part.instead_of}
    names = {uid: obj.name for uid, obj in replaced.items()}
    made: list[bpy.types.Object] = []
    instancers = [(obj, obj.instance_type) for obj in objects if obj.instance_type != "NONE"]
    try:
        for obj in replaced.values():
            obj.name = f"{obj.name[:50]} (original)"
        for obj, _ in instancers:
            obj.instance_type = "NONE"
        for part in parts:
            stand_in = bpy.data.objects.new(part.name, part.mesh)
            bpy.context.scene.collection.objects.link(stand_in)
            stand_in.matrix_world = part.place
            made.append(stand_in)
        bpy.context.view_layer.update()
        yield [obj for uid, obj in wanted.items() if uid not in replaced] + made
    finally:
        bpy.data.batch_remove([*made, *meshes])
        for obj, kind in instancers:
            obj.instance_type = kind
        for uid, name in names.items():
            replaced[uid].name = name


def _parts(wanted: dict[int, bpy.types.Object]) -> tuple[list[_Part], list[bpy.types.Mesh]]:
    """The stand-ins that the wanted objects need, and all meshes made for them, one for all instances of a thing."""
    graph = bpy.context.evaluated_depsgraph_get()
    entries = graph.object_instances
    instancing = {entry.parent.original.session_uid for entry in entries if entry.is_instance and entry.parent}
    parts: list[_Part] = []
    meshes: dict[tuple[int, int], bpy.types.Mesh] = {}
    for entry in entries:
        seen = entry.object
        owner = entry.parent if entry.is_instance else seen
        if owner is None or owner.original.session_uid not in wanted or seen.type not in GEOMETRY_TYPES:
            continue
        itself = owner.original if not entry.is_instance else None
        if itself and (not entry.show_self or (itself.session_uid not in instancing and seen.type not in _MESHED)):
            continue
        key = (seen.original.session_uid, seen.data.as_pointer() if seen.data else 0)
        if key not in meshes:
            meshes[key] = _mesh_of(seen, graph)
        parts.append(_Part(seen.name, meshes[key], entry.matrix_world.copy(), itself))
    return parts, list(meshes.values())


def _mesh_of(seen: bpy.types.Object, graph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    """A copy in the file of what is seen. A mesh as it is: of an instance that nodes make, the object's is another."""
    if seen.type == "MESH":
        return seen.data.copy()
    return bpy.data.meshes.new_from_object(seen, preserve_all_data_layers=True, depsgraph=graph)
