# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Which objects an export is about, and the scene lent to the exporters: what is selected, which modifiers work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy

from cloud.blender.child.boxes import GEOMETRY_TYPES
from cloud.blender.child.read_back import scene_triangles
from cloud.blender.child.wording import listed
from cloud.errors import InvalidInput

_SHAPED_BY_BONES = frozenset({"ARMATURE"})


@dataclass(frozen=True)
class Scope:
    """The objects to export."""

    objects: tuple[bpy.types.Object, ...]
    named: bool
    note: str = ""

    def triangles(self) -> int:
        """What the evaluated objects show now, instances included."""
        bpy.context.view_layer.update()
        wanted = {obj.session_uid for obj in self.objects}
        return scene_triangles(bpy.context.evaluated_depsgraph_get(), lambda obj: obj.session_uid in wanted)

    def has_geometry(self) -> bool:
        """Whether any object has a shape of its own or by instances."""
        return any(obj.type in GEOMETRY_TYPES or obj.instance_type != "NONE" for obj in self.objects)

    def nothing(self) -> str:
        """Why there is nothing to export, in a sentence."""
        return f"{listed(obj.name for obj in self.objects)} have no geometry to export."


def chosen_scope(names: Sequence[str], *, everything: bool) -> Scope:
    """The named objects with all below them; without names all that a render shows, or really everything.

    Raises: InvalidInput: an object is not there, or all that are named are hidden.
    """
    present = bpy.context.scene.objects
    if not names:
        return Scope(tuple(obj for obj in present if everything or _is_shown(obj)), named=False)
    missing = [name for name in names if name not in present]
    if missing:
        raise InvalidInput(f"There is no object {listed(missing)} in the scene; inspect it to see which there are.")
    family = {obj.name: obj for name in names for obj in (present[name], *present[name].children_recursive)}
    chosen = tuple(obj for obj in family.values() if everything or _is_shown(obj))
    if not chosen:
        raise InvalidInput(f"{listed(family)}: all hidden; show them before you export them.")
    left_out = [name for name, obj in family.items() if obj not in chosen]
    return Scope(chosen, named=True, note=f"Left out, because hidden: {listed(left_out)}." if left_out else "")


@contextmanager
def only_selected(objects: Sequence[bpy.types.Object]) -> Iterator[None]:
    """The block has these objects selected and no others; the selection is as before afterwards."""
    layer = bpy.context.view_layer
    selected, active = list(layer.objects.selected), layer.objects.active
    _select(objects, instead_of=selected)
    try:
        yield
    finally:
        _select(selected, instead_of=list(layer.objects.selected))
        layer.objects.active = active


@contextmanager
def modifiers_off(objects: Sequence[bpy.types.Object], *, off: bool) -> Iterator[None]:
    """The block sees the objects without their modifiers, where `off`; bones keep bending what they bend."""
    modifiers = [modifier for obj in objects for modifier in obj.modifiers if modifier.type not in _SHAPED_BY_BONES]
    shown = [modifier for modifier in modifiers if modifier.show_viewport] if off else []
    for modifier in shown:
        modifier.show_viewport = False
    try:
        yield
    finally:
        for modifier in shown:
            modifier.show_viewport = True


def _select(objects: Sequence[bpy.types.Object], *, instead_of: Sequence[bpy.types.Object]) -> None:
    for obj in instead_of:
        obj.select_set(False)
    for obj in objects:
        obj.select_set(True)


def _is_shown(obj: bpy.types.Object) -> bool:
    return obj.visible_get() and not obj.hide_render
