# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false, reportReturnType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What really is in an exported file: its triangles, read again without touching the open scene.

A .glb and a .stl are read by readers of our own, a .blend is linked and let go, all others go through Blender's
importers into a scene of their own, which ends with all that was made for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from cloud.blender.child.gltf_file import UnreadableGltf, read_gltf
from cloud.blender.child.report import mesh_triangles

_IMPORTERS: dict[str, Callable[[str], object]] = {
    "fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path, use_anim=False, use_image_search=False),
    "obj": lambda path: bpy.ops.wm.obj_import(filepath=path),
    "ply": lambda path: bpy.ops.wm.ply_import(filepath=path),
    "usdc": lambda path: bpy.ops.wm.usd_import(
        filepath=path, import_materials=False, import_textures_mode="IMPORT_NONE", create_world_material=False
    ),
}


class Unreadable(Exception):
    """The file cannot be read; the text says why."""


def count_triangles_of_file(path: Path) -> int:
    """The triangles that a reader of the file gets. Raises: Unreadable."""
    kind = path.suffix[1:]
    try:
        if kind == "glb":
            return read_gltf(path).triangles()
        if kind == "blend":
            return _count_linked(path)
        if kind == "stl":
            return _count_stl(path)
        with scene_of_its_own():
            _IMPORTERS[kind](str(path))
            return sum(mesh_triangles(obj.data) for obj in bpy.context.scene.objects if obj.type == "MESH")
    except (UnreadableGltf, RuntimeError, OSError) as error:
        raise Unreadable(str(error).strip() or type(error).__name__) from error


def scene_triangles(graph: bpy.types.Depsgraph, is_wanted: Callable[[bpy.types.Object], bool]) -> int:
    """The triangles that the evaluated wanted objects show, each instance counted."""
    return sum(mesh_triangles(mesh) for mesh in shown_meshes(graph, is_wanted))


def shown_meshes(graph: bpy.types.Depsgraph, is_wanted: Callable[[bpy.types.Object], bool]) -> Iterator[bpy.types.Mesh]:
    """The evaluated meshes of the wanted objects, one for each instance; each only until the next one is asked for.

    Text, curves and metaballs come twice: as what they are, and as an "instance" that is their evaluated mesh.
    """
    for entry in graph.object_instances:
        owner = entry.parent if entry.is_instance and entry.parent else entry.object
        is_shown = entry.object.type == "MESH" and (entry.is_instance or entry.show_self)
        if is_shown and is_wanted(owner.original):
            yield entry.object.data


@contextmanager
def scene_of_its_own() -> Iterator[bpy.types.Scene]:
    """The block works in a new, empty scene; it and all data made meanwhile are removed at the end."""
    before = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in DATA_KINDS}
    window, present = bpy.context.window, bpy.context.window.scene
    window.scene = bpy.data.scenes.new("Read Back")
    try:
        yield window.scene
    finally:
        window.scene = present
        remove_data_since(before)


def remove_data_since(before: dict[str, set[int]]) -> None:
    """Remove each data-block that is not among those of before."""
    made = [block for kind in DATA_KINDS for block in getattr(bpy.data, kind) if block.session_uid not in before[kind]]
    bpy.data.batch_remove(made)


_WITHOUT_CONTENT = {"window_managers", "screens", "workspaces", "shape_keys", "libraries"}
DATA_KINDS = tuple(
    entry.identifier
    for entry in bpy.types.BlendData.bl_rna.properties
    if entry.type == "COLLECTION" and entry.identifier not in _WITHOUT_CONTENT
)
"""The collections of `bpy.data` whose blocks a scene is made of."""


def _count_stl(path: Path) -> int:
    """What a binary STL claims, if it is as long as that: Blender's importer leaves out triangles that lie double."""
    with path.open("rb") as file:
        head = file.read(84)
    count = int.from_bytes(head[80:84], "little")
    if len(head) < 84 or path.stat().st_size != 84 + 50 * count:
        raise Unreadable("it is not as long as it claims")
    return count


def _count_linked(path: Path) -> int:
    """Link the file's scenes, evaluate the first as if it were open, and let all of it go again."""
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):  # pyright: ignore[reportGeneralTypeIssues]
        wanted.scenes = found.scenes[:1]
    linked = [scene for scene in wanted.scenes if scene]
    try:
        if not linked:
            raise Unreadable("it holds no scene")
        layer = linked[0].view_layers[0]
        layer.update()
        return scene_triangles(layer.depsgraph, lambda _: True)
    finally:
        for scene in linked:
            bpy.data.libraries.remove(scene.library)
