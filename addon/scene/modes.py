# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The user's window, and the mode that they work in: left for a moment where it must be, and come back to. (bpy)"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .errors import NoPlace

_KEPT_APART = ("EDIT", "PARTICLE")


def window_showing(scene: bpy.types.Scene, preferred: bpy.types.Window | None) -> bpy.types.Window | None:
    """A window that shows the scene: the preferred one, if it does."""
    windows = [preferred] if preferred else []
    windows += list(bpy.context.window_manager.windows)
    return next((window for window in windows if window.scene == scene), None)


@contextmanager
def in_window(window: bpy.types.Window | None) -> Iterator[None]:
    """Operators in the block run in this window, in its 3D view where it has one: a timer has no such place itself."""
    if window is None:
        yield
        return
    screen = window.screen
    # Not its scene and layer: an undo in the block would leave the override with what is gone.
    places: dict[str, Any] = {"window": window, "screen": screen}
    area = next((area for area in screen.areas if area.type == "VIEW_3D"), None)
    if area is not None:
        places |= {"area": area, "region": next(region for region in area.regions if region.type == "WINDOW")}
    with bpy.context.temp_override(**places):
        yield


@contextmanager
def out_of_edit_mode(layer: bpy.types.ViewLayer) -> Iterator[str]:
    """The block runs outside of the modes that keep a shape apart until they are left, and have an undo of their own.

    Afterwards the objects are in the mode that they were in. Sculpting and painting go on: Blender's undo takes all of
    the file there, and entering them again would be an undo step more. Inside `in_window`.
    Yields: the mode that the user is in. Raises: NoPlace: Blender cannot leave it.
    """
    active = layer.objects.active
    mode = active.mode if active is not None else "OBJECT"
    if not mode.startswith(_KEPT_APART):
        yield mode
        return
    # By uid: what is done in the block may move data-blocks in memory.
    uid = active.session_uid
    together = {obj.session_uid for obj in layer.objects if obj.mode == mode}
    _set_mode("OBJECT", mode_in_words(mode))
    try:
        yield mode
    finally:
        _come_back(layer, uid, together, mode)


def mode_in_words(mode: str) -> str:
    """As Blender's menu calls it."""
    return f"{mode.replace('_', ' ').title()} Mode"


def _set_mode(mode: str, words: str) -> None:
    try:
        bpy.ops.object.mode_set(mode=mode)
    except RuntimeError as error:
        raise NoPlace(f"Leave {words} first; Blender cannot leave it by itself here.") from error


def _come_back(layer: bpy.types.ViewLayer, uid: int, together: set[int], mode: str) -> None:
    """The same objects in the same mode; the user's selection stays as it is now."""
    active = next((obj for obj in layer.objects if obj.session_uid == uid), None)
    if active is None:
        return
    selected = [obj for obj in layer.objects if obj.select_get(view_layer=layer)]
    for obj in selected:
        obj.select_set(obj.session_uid in together, view_layer=layer)
    for obj in layer.objects:
        if obj.session_uid in together:
            obj.select_set(True, view_layer=layer)
    layer.objects.active = active
    bpy.ops.object.mode_set(mode=mode)
    for obj in selected:
        obj.select_set(True, view_layer=layer)
