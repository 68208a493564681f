# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The next version of a result in the place of the one before. (bpy)

The collection stays the same data-block: where it is in the tree, how it shows, and what instances it. Objects are
paired by what they are called in the file; the new one takes the old one's name, place, parent, visibility and all
that refers to it. What the user moved out, put in or hung on an object of ours is theirs, and stays.
"""

from collections.abc import Iterable
from typing import Any

import bpy
from mathutils import Matrix

from .blocks import data_kinds, remove_unused
from .loading import Loaded
from .marks import basis_of, came_in, is_original, mark_home, mark_object, name_in_file, place_of, project_of
from .options import ImportOptions
from .placing import bring_link_to, fill_source, note_where_they_stand, put_in_place

_SAME = 1e-4


class Earlier:
    """The version that is in the scene: read before anything is changed."""

    def __init__(self, home: bpy.types.Collection) -> None:
        self.home = home
        self.objects: dict[str, bpy.types.Object] = {}
        """Those that lie in the collection still, by their names in the file."""
        self.anchors: list[bpy.types.Object] = []
        """Empties that we made to hold what moves by itself."""
        self.linked: bpy.types.Object | None = None
        """The empty that shows a linked version."""
        for obj in sorted(home.all_objects, key=lambda obj: not is_original(obj)):
            if not came_in(obj, home):
                continue
            if name := name_in_file(obj):
                self.objects.setdefault(name, obj)
            elif obj.instance_collection is not None:
                self.linked = self.linked or obj
            else:
                self.anchors.append(obj)
        inside = set(home.all_objects)
        self.moved_out = [
            obj.name
            for obj in bpy.data.objects
            if came_in(obj, home) and is_original(obj) and obj not in inside and obj.users_collection
        ]

    def place(self) -> Matrix:
        """How the whole stands against its file: what all agree on, else where it was put first."""
        if self.linked is not None:
            return self.linked.matrix_basis.copy()
        moves = [move for obj in self.objects.values() if obj.parent is None and (move := _move_of(obj)) is not None]
        if moves and all(_same(move, moves[0]) for move in moves):
            return moves[0]
        return place_of(self.home)


def replace(
    earlier: Earlier, loaded: Loaded, layer: bpy.types.ViewLayer, options: ImportOptions
) -> tuple[list[bpy.types.Object], list[str]]:
    """Put what is appended in the place of the earlier version. Returns: the new objects; what was kept, in words."""
    home, new, place = earlier.home, loaded.all_objects(), earlier.place()
    ours_before = _uids_of_ours(options)
    pairs = {obj: old for obj in new if (old := earlier.objects.get(name_in_file(obj) or ""))}
    libraries = _libraries_of(earlier)
    gone = [*earlier.objects.values(), *([earlier.linked] if earlier.linked else [])]
    note_where_they_stand(new, home)
    looks = {obj: _Look(old, layer) for obj, old in pairs.items()}
    lost_hold = [*_let_go_of_children(set(gone) - set(pairs.values()), {*gone, *earlier.anchors})]
    alone = _take_places(pairs, new, {*gone, *earlier.anchors})
    put_in_place(alone, place, home, options)
    _unlink(gone, home)
    _merge(loaded, home, options)
    names = {obj: old.name for obj, old in pairs.items()}
    for obj, old in pairs.items():
        old.user_remap(obj)
    bpy.data.batch_remove(gone)
    for obj, name in names.items():
        obj.name = name
    for obj in new:
        mark_object(obj, home, basis_of(obj) or Matrix.Identity(4))
        if obj in looks:
            looks[obj].give(obj, layer)
    bpy.data.batch_remove([anchor for anchor in earlier.anchors if not anchor.children])
    _clear_away(home, ours_before, libraries)
    mark_home(home, options.project_id, options.snapshot_id, place)
    return new, _told(earlier, set(new), lost_hold)


def replace_with_link(earlier: Earlier, loaded: Loaded, options: ImportOptions) -> tuple[bpy.types.Object, list[str]]:
    """The same with a linked version. The empty that shows it stays where it is, if there is one."""
    home, place = earlier.home, earlier.place()
    ours_before = _uids_of_ours(options)
    libraries = _libraries_of(earlier)
    gone = [*earlier.objects.values(), *earlier.anchors]
    lost_hold = _let_go_of_children(set(gone), set(gone))
    empty = earlier.linked
    if empty is None:
        empty = bring_link_to(loaded, home, options)
        empty.matrix_basis = place
    else:
        fill_source(loaded, empty.instance_collection)
    _unlink(gone, home)
    bpy.data.batch_remove(gone)
    _clear_away(home, ours_before, libraries)
    mark_home(home, options.project_id, options.snapshot_id, place)
    return empty, _told(earlier, {empty}, lost_hold)


class _Look:
    """How the user shows and chooses an object, to be given to the one that comes in its place."""

    def __init__(self, obj: bpy.types.Object, layer: bpy.types.ViewLayer) -> None:
        self._viewport, self._render = obj.hide_viewport, obj.hide_render
        there = obj.name in layer.objects and layer.objects[obj.name] == obj
        self._hidden = there and obj.hide_get(view_layer=layer)
        self._selected = there and obj.select_get(view_layer=layer)
        self._active = layer.objects.active == obj

    def give(self, obj: bpy.types.Object, layer: bpy.types.ViewLayer) -> None:
        obj.hide_viewport, obj.hide_render = self._viewport, self._render
        if obj.name in layer.objects:
            obj.select_set(self._selected, view_layer=layer)
            obj.hide_set(self._hidden, view_layer=layer)
            if self._active:
                layer.objects.active = obj


def _take_places(
    pairs: dict[bpy.types.Object, bpy.types.Object], new: list[bpy.types.Object], ours: set[bpy.types.Object]
) -> list[bpy.types.Object]:
    """Move each paired object as the user moved the old one. Returns: the new objects that hang on nothing."""
    anchors = {obj for obj in ours if name_in_file(obj) == ""}
    for obj, old in pairs.items():
        move = _move_of(old)
        held_by_another = old.parent is not None and (old.parent not in ours or old.parent in anchors)
        if held_by_another:
            obj.parent, obj.parent_type, obj.parent_bone = old.parent, old.parent_type, old.parent_bone
            obj.matrix_parent_inverse = old.matrix_parent_inverse
        stands_alike = held_by_another or (old.parent is None) == (obj.parent is None)
        if move is not None and stands_alike and obj.animation_data is None:
            obj.matrix_basis = move @ obj.matrix_basis
    return [obj for obj in new if obj.parent is None and (obj not in pairs or obj.animation_data is not None)]


def _move_of(obj: bpy.types.Object) -> Matrix | None:
    """How the object stands against its file; None: it moves by itself, or that is not known."""
    basis = basis_of(obj)
    if basis is None or obj.animation_data is not None or abs(basis.determinant()) < 1e-12:
        return None
    move = obj.matrix_basis @ basis.inverted()
    return Matrix.Identity(4) if _same(move, Matrix.Identity(4)) else move


def _same(one: Matrix, other: Matrix) -> bool:
    size = max(1.0, *(abs(value) for row in other for value in row))
    return all(
        abs(a - b) <= _SAME * size
        for left, right in zip(one, other, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def _let_go_of_children(parents: set[bpy.types.Object], ours: set[bpy.types.Object]) -> list[str]:
    """The user's objects that hang on what goes for good stay where they are. Returns: their names."""
    names = []
    for parent in parents:
        for child in parent.children:
            if child not in ours:
                world = child.matrix_world.copy()
                child.parent = None
                child.matrix_world = world
                names.append(child.name)
    return sorted(names)


def _unlink(objects: Iterable[bpy.types.Object], home: bpy.types.Collection) -> None:
    tree = {home, *home.children_recursive}
    for obj in objects:
        for collection in obj.users_collection:
            if collection in tree:
                collection.objects.unlink(obj)


def _merge(loaded: Loaded, home: bpy.types.Collection, options: ImportOptions) -> None:
    """The new collections' content in the old collections of the same names, so that these keep how they show."""
    twins = {name_in_file(twin): twin for twin in home.children_recursive if _is_of(twin, options)}
    for obj in loaded.objects:
        home.objects.link(obj)

    def merge(collection: Any, parent: Any) -> None:
        twin = twins.get(name_in_file(collection))
        for child in list(collection.children):
            if twin is not None or name_in_file(child) in twins:
                collection.children.unlink(child)
            merge(child, twin or collection)
        if twin is None:
            if collection.name not in parent.children:
                parent.children.link(collection)
            return
        for obj in list(collection.objects):
            collection.objects.unlink(obj)
            if obj.name not in twin.objects:
                twin.objects.link(obj)
        collection.user_remap(twin)
        loaded.excluded.discard(collection.session_uid)
        bpy.data.collections.remove(collection)

    for collection in list(loaded.collections):
        merge(collection, home)


def _uids_of_ours(options: ImportOptions) -> set[int]:
    """What of this project is in the user's file. Numbers, because most of it is about to go."""
    return {block.session_uid for kind in data_kinds() for block in getattr(bpy.data, kind) if _is_of(block, options)}


def _libraries_of(earlier: Earlier) -> list[bpy.types.Library]:
    """The files that a linked version is shown from."""
    source = earlier.linked.instance_collection if earlier.linked else None
    return list({obj.library for obj in source.all_objects if obj.library}) if source else []


def _clear_away(home: bpy.types.Collection, ours_before: set[int], libraries: list[bpy.types.Library]) -> None:
    """Remove collections of ours that are empty now, and data of earlier versions that nothing uses any more."""
    for child in reversed(home.children_recursive):
        if child.session_uid in ours_before and not child.objects and not child.children and name_in_file(child):
            bpy.data.collections.remove(child)
    kinds = [kind for kind in data_kinds() if kind not in ("objects", "libraries")]
    remove_unused(block for kind in kinds for block in getattr(bpy.data, kind) if block.session_uid in ours_before)
    for library in libraries:
        linked = set(library.users_id)
        users = bpy.data.user_map(subset=linked).values()
        if not any(user not in linked for of_one in users for user in of_one):
            bpy.data.libraries.remove(library)


def _told(earlier: Earlier, new: set[bpy.types.Object], lost_hold: list[str]) -> list[str]:
    notes = []
    if earlier.moved_out:
        notes.append(f"Kept what you moved out of the collection: {_listed(earlier.moved_out)}.")
    theirs = sorted(obj.name for obj in earlier.home.all_objects if obj not in new and obj not in earlier.anchors)
    if theirs:
        notes.append(f"Kept your own objects in the collection: {_listed(theirs)}.")
    if lost_hold:
        notes.append(f"Kept in place what hung on objects that are gone: {_listed(lost_hold)}.")
    return notes


def _is_of(block: Any, options: ImportOptions) -> bool:
    return project_of(block) == options.project_id and getattr(block, "library", None) is None


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
