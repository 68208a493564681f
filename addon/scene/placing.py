# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A loaded result in a collection of the user's scene: at its place, in its size, under a name that was free. (bpy)"""

import re
from dataclasses import dataclass

import bpy
from mathutils import Matrix, Vector

from .errors import NoPlace
from .loading import Loaded
from .marks import mark, mark_home, mark_object
from .options import ImportOptions

_NAME_BYTES = 50  # Blender 4 cuts names at 63, and adds numbers
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Place:
    """Where the result goes: `scale` in units of the scene for one of the file, then `offset`, in the scene's units."""

    scale: float
    offset: Vector

    @property
    def matrix(self) -> Matrix:
        return Matrix.Translation(self.offset) @ Matrix.Scale(self.scale, 4)


def title_of(options: ImportOptions) -> str:
    """The collection's name: the project's, without what would not show or fit."""
    plain = " ".join(_UNPRINTABLE.sub(" ", options.project_name).split())
    return plain.encode(errors="ignore")[:_NAME_BYTES].decode(errors="ignore").strip() or "Prompt2Mesh"


def place_for(scene: bpy.types.Scene, loaded: Loaded, options: ImportOptions) -> Place:
    """Metres stay metres: a scene in millimetres gets the result a thousand times as large in its own units."""
    scale, units = 1.0, scene.unit_settings
    if loaded.metres is not None and units.system != "NONE":
        scale = loaded.metres / units.scale_length
    offset = scene.cursor.location.copy() if options.at == "CURSOR" else Vector((0.0, 0.0, 0.0))
    return Place(scale, offset)


def check_scene(scene: bpy.types.Scene) -> None:
    """Raises: NoPlace: the scene belongs to another file, so nothing can be put into it."""
    if scene.library is not None or scene.override_library is not None:
        raise NoPlace(
            f"The scene {scene.name!r} is linked from another file; go to a scene of this file and try again."
        )


def new_home(scene: bpy.types.Scene, options: ImportOptions, place: Matrix) -> bpy.types.Collection:
    """An empty collection of ours, at the top of the scene, where it always shows."""
    home = bpy.data.collections.new(title_of(options))
    scene.collection.children.link(home)
    mark_home(home, options.project_id, options.snapshot_id, place)
    return home


def note_where_they_stand(objects: list[bpy.types.Object], home: bpy.types.Collection) -> None:
    """Mark the objects as having come in this collection. They stand as in their file still."""
    for obj in objects:
        mark_object(obj, home, obj.matrix_basis)


def roots_of(objects: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """Those that hang on no other."""
    inside = set(objects)
    return [obj for obj in objects if obj.parent not in inside]


def put_in_place(
    roots: list[bpy.types.Object], place: Matrix, home: bpy.types.Collection, options: ImportOptions
) -> None:
    """Move what hangs on nothing. What moves by itself would jump back, so it hangs on an empty that is moved."""
    if place == Matrix.Identity(4):
        return
    moving = [obj for obj in roots if obj.animation_data is not None]
    for obj in roots:
        if obj.animation_data is None:
            obj.matrix_basis = place @ obj.matrix_basis
    if moving:
        anchor = _empty_of_ours(f"{title_of(options)} place", home, options)
        anchor.matrix_basis = place
        for obj in moving:
            obj.parent = anchor


def bring_link_to(loaded: Loaded, home: bpy.types.Collection, options: ImportOptions) -> bpy.types.Object:
    """Show the linked collections and objects through an empty in the collection: linked objects cannot be moved."""
    source = bpy.data.collections.new(f"{title_of(options)} (linked)")
    mark(source, options.project_id, "")
    fill_source(loaded, source)
    empty = _empty_of_ours(title_of(options), home, options)
    empty.instance_type = "COLLECTION"
    empty.instance_collection = source
    return empty


def _empty_of_ours(name: str, home: bpy.types.Collection, options: ImportOptions) -> bpy.types.Object:
    empty = bpy.data.objects.new(name, None)
    empty.empty_display_size = 0.2
    mark(empty, options.project_id, "")
    mark_object(empty, home, Matrix.Identity(4))
    home.objects.link(empty)
    return empty


def fill_source(loaded: Loaded, source: bpy.types.Collection) -> None:
    """The linked collections and objects in a collection of ours, in place of what it holds."""
    for child in list(source.children):
        source.children.unlink(child)
    for obj in list(source.objects):
        source.objects.unlink(obj)
    for collection in loaded.collections:
        source.children.link(collection)
    for obj in loaded.objects:
        source.objects.link(obj)


def keep_visibility(layer: bpy.types.ViewLayer, loaded: Loaded) -> None:
    """What the file's own view does not show is not shown here."""
    waiting = list(layer.layer_collection.children)
    while waiting:
        entry = waiting.pop()
        if entry.collection.session_uid in loaded.excluded:
            entry.exclude = True
        else:
            waiting += entry.children
    for obj in layer.objects if loaded.hidden else ():
        if obj.session_uid in loaded.hidden:
            obj.hide_set(True, view_layer=layer)


def select_only(layer: bpy.types.ViewLayer, objects: list[bpy.types.Object]) -> None:
    """As after every import of Blender's: what came is selected, so that it can be moved at once."""
    for obj in list(layer.objects.selected):
        obj.select_set(False, view_layer=layer)
    there = set(layer.objects)
    chosen = [obj for obj in objects if obj in there]
    for obj in chosen:
        obj.select_set(True, view_layer=layer)
    if chosen:
        layer.objects.active = chosen[0]


def show_in_local_view(window: bpy.types.Window | None, objects: list[bpy.types.Object]) -> None:
    """A 3D view that shows only some objects shows these too."""
    for area in window.screen.areas if window else ():
        space = area.spaces.active
        if area.type == "VIEW_3D" and space.local_view is not None:
            for obj in objects:
                if obj.name in window.view_layer.objects:
                    obj.local_view_set(space, True)
