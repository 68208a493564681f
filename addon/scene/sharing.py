# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The same material, image, mesh or node group comes once, however often its project is imported. (bpy)

Shared is only with what came from the same project, is called the same there, and is the same still: what the user
has changed, and what is the user's own, is never touched.
"""

from typing import Any

import bpy

from .blocks import Before, data_kinds
from .loading import Loaded
from .marks import mark, name_in_file, project_of
from .paths import overwrite_image_paths
from .prints import print_of

# In this order: what is used comes before what uses it.
_SHARED_KINDS = ("images", "node_groups", "materials", "meshes", "curves")
_WEIGHTED_TYPES = {"MESH", "LATTICE"}


def share(loaded: Loaded, before: Before, project_id: str) -> int:
    """Let what is new use data-blocks of earlier versions where they are the same. Returns: how many are shared."""
    shared = 0
    weighted = _weighted(loaded)
    for kind in _SHARED_KINDS:
        new = [block for block in before.new(kind) if block.session_uid not in weighted]
        uids = {block.session_uid for block in before.new(kind)}
        earlier: dict[str, list[Any]] = {}
        for block in getattr(bpy.data, kind):
            if block.session_uid not in uids and block.library is None and project_of(block) == project_id:
                earlier.setdefault(name_in_file(block) or "", []).append(block)
        for block in _users_last(new) if kind == "node_groups" else new:
            twin = _twin_of(block, earlier.get(loaded.name_of(block), []))
            if twin is not None:
                block.user_remap(twin)
                getattr(bpy.data, kind).remove(block)
                shared += 1
    return shared


def make_ours(loaded: Loaded, before: Before, project_id: str) -> None:
    """Mark all that is new, and make it forget which file it came from: Blender would save the file's path.

    Names become those in the file, where they are free.
    """
    for block in before.all_new():
        if isinstance(block, bpy.types.Library) or block.library is not None:
            continue
        name = loaded.name_of(block)
        if block.library_weak_reference is not None:
            block = _without_origin(block, loaded, name)
        mark(block, project_id, name)


def take_free_names(before: Before) -> None:
    """Call new data as the file does, where no earlier version has the name any more. Objects keep theirs."""
    for kind in data_kinds():
        if kind in ("objects", "libraries"):
            continue
        taken = {block.name for block in getattr(bpy.data, kind) if block.library is None}
        for block in before.new(kind):
            name = name_in_file(block)
            if name and name not in taken:
                taken.discard(block.name)
                block.name = name
                taken.add(name)


def _without_origin(block: Any, loaded: Loaded, name: str) -> Any:
    """A copy in place of the data-block: copies keep no path. Meshes share their arrays with it, so it is cheap."""
    copy = block.copy()
    if isinstance(copy, bpy.types.Image):
        # The copy's paths lie in memory that Blender has used before, and not emptied: often for the file's own path.
        overwrite_image_paths(copy, copy.filepath_raw)
    block.user_remap(copy)
    copy.use_fake_user = block.use_fake_user
    loaded.collections = [copy if entry == block else entry for entry in loaded.collections]
    loaded.objects = [copy if entry == block else entry for entry in loaded.objects]
    if loaded.world == block:
        loaded.world = copy
    loaded.names[copy.session_uid] = name
    for known in (loaded.excluded, loaded.hidden):
        if block.session_uid in known:
            known.add(copy.session_uid)
    given = block.name
    bpy.data.batch_remove([block])
    copy.name = given
    return copy


def _twin_of(block: Any, earlier: list[Any]) -> Any:
    if not earlier:
        return None
    wanted = print_of(block)
    if wanted is None:
        return None
    return next((other for other in earlier if print_of(other) == wanted), None)


def _weighted(loaded: Loaded) -> set[int]:
    """Meshes with weights of vertices, which no array gives: they are not compared."""
    found = (obj for obj in loaded.all_objects() if obj.type in _WEIGHTED_TYPES and obj.vertex_groups)
    return {obj.data.session_uid for obj in found}


def _users_last(groups: list[Any]) -> list[Any]:
    """Groups that others use before those that use them."""
    order: dict[Any, None] = {}
    inside = set(groups)

    def visit(group: Any, above: tuple[Any, ...]) -> None:
        for node in group.nodes:
            inner = getattr(node, "node_tree", None)
            if inner in inside and inner not in order and inner not in above:
                visit(inner, (*above, group))
        order[group] = None

    for group in groups:
        if group not in order:
            visit(group, ())
    return list(order)
