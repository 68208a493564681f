# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false, reportReturnType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Plain meshes in the place of what Blender's exporters treat unlike each other: text, curves, metaballs, instances.

Measured with 4.5: STL and PLY leave out text and curves, FBX instances of geometry nodes, USD writes some twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
from mathutils import Matrix

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
    """The stand-ins that the wanted objects need, and all meshes made for them, one for all instances of a thing.

    Text, curves and metaballs come twice: as what they are, and as an "instance" that is their evaluated mesh.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    entries = graph.object_instances
    instancing = {entry.parent.original.session_uid for entry in entries if entry.is_instance and entry.parent}
    parts: list[_Part] = []
    meshes: dict[int, bpy.types.Mesh] = {}
    for entry in entries:
        seen = entry.object
        owner = entry.parent if entry.is_instance and entry.parent else seen
        if seen.type != "MESH" or owner.original.session_uid not in wanted:
            continue
        is_own = not entry.is_instance or owner.type in _MESHED
        if is_own and not (entry.show_self and (owner.type in _MESHED or owner.original.session_uid in instancing)):
            continue
        key = seen.data.as_pointer()
        if key not in meshes:
            meshes[key] = seen.data.copy()
        parts.append(_Part(seen.name, meshes[key], entry.matrix_world.copy(), owner.original if is_own else None))
    return parts, list(meshes.values())
