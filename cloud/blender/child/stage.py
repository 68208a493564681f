# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A copy of the open scene to take pictures in, so that the open one stays as it is."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import bpy

_KINDS = ("objects", "meshes", "cameras", "lights", "worlds", "materials", "images", "node_groups", "collections")


@contextmanager
def copied_scene(only: Collection[str] | None = None) -> Iterator[bpy.types.Scene]:
    """A copy of the open scene that shares its objects; it and all data made in the block are removed at the end.

    only: the names of the objects that it holds; all, as they are arranged, without.
    """
    before = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in _KINDS}
    layer = bpy.context.view_layer.name
    scene = bpy.context.scene.copy()
    try:
        for other in scene.view_layers:
            other.use = other.name == layer
        if only is not None:
            _keep_only(scene, only)
        yield scene
    finally:
        bpy.data.scenes.remove(scene)
        made = [block for kind in _KINDS for block in getattr(bpy.data, kind) if block.session_uid not in before[kind]]
        if made:
            bpy.data.batch_remove(made)


def copied_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """The copy's layer that stands for the one that is open, evaluated."""
    layer = next(layer for layer in scene.view_layers if layer.use)
    layer.update()
    return layer


@contextmanager
def no_handlers() -> Iterator[None]:
    """The block runs without the user's handlers, which could change the scene while it is looked at."""
    with ExitStack() as stack:
        for name in ("depsgraph_update_pre", "depsgraph_update_post", "frame_change_pre", "frame_change_post"):
            stack.enter_context(_emptied(getattr(bpy.app.handlers, name)))
        for name in ("init", "pre", "post", "write", "stats", "complete", "cancel"):
            stack.enter_context(_emptied(getattr(bpy.app.handlers, f"render_{name}")))
        yield


@contextmanager
def _emptied(handlers: list) -> Iterator[None]:
    before = list(handlers)
    handlers.clear()
    try:
        yield
    finally:
        handlers[:] = before


def _keep_only(scene: bpy.types.Scene, only: Collection[str]) -> None:
    kept = [obj for obj in scene.objects if obj.name in only]
    for collection in list(scene.collection.children):
        scene.collection.children.unlink(collection)
    for obj in list(scene.collection.objects):
        scene.collection.objects.unlink(obj)
    for obj in kept:
        scene.collection.objects.link(obj)
