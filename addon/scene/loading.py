# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportGeneralTypeIssues=false, reportReturnType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""A result's data-blocks in Blender's memory, in no scene yet, so that nothing of it is evaluated or run. (bpy)"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from .blend_file import BlendFile, too_new
from .blocks import Before, reached_from
from .errors import RefusedFile, UnreadableFile

# Asked for by name, because only so Blender tells which name in the file belongs to which data-block here.
_NAMED = ("objects", "collections", "materials", "meshes", "images", "node_groups", "curves", "lights", "cameras")
_NAMED += ("armatures", "actions", "textures", "worlds")
_SESSION_IMAGES = {"Render Result", "Viewer Node"}
STAGE_TYPES = frozenset({"CAMERA", "LIGHT", "LIGHT_PROBE"})
_OBJECTS_LIMIT = 50_000


@dataclass
class Loaded:
    """What a file holds, as the file's scenes show it. Valid only until Blender next undoes or opens a file."""

    collections: list[Any]
    objects: list[Any]
    """The collections and objects at the top."""
    names: dict[int, str]
    """What the data-blocks are called in the file, by session uid."""
    metres: float | None
    """How long the file's unit is; None: it has no unit."""
    camera: Any = None
    world: Any = None
    excluded: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    """Session uids of collections and objects that the file's view does not show."""

    def all_objects(self) -> list[Any]:
        """Every object, once, in the file's order."""
        found = dict.fromkeys(self.objects)
        for collection in self.collections:
            found.update(dict.fromkeys(collection.all_objects))
        return list(found)

    def all_collections(self) -> list[Any]:
        """Every collection, once."""
        found = dict.fromkeys(self.collections)
        for collection in self.collections:
            found.update(dict.fromkeys(collection.children_recursive))
        return list(found)

    def name_of(self, block: Any) -> str:
        """What it is called in the file."""
        return self.names.get(block.session_uid) or block.name


def load(path: Path, file: BlendFile, before: Before, *, link: bool) -> Loaded:
    """Append or link all that the file's scenes show. On an error the caller lets go of what is new.

    Raises: UnreadableFile, RefusedFile.
    """
    if file.codes["LI"]:
        raise RefusedFile("The file draws on other files, which are not opened; make it local and try again.")
    scenes, names = _read(path, file, link=link)
    loaded = _gathered(scenes, names)
    if not loaded.collections and not loaded.objects:
        raise RefusedFile("The file shows no object, so there is nothing to bring in.")
    if len(loaded.all_objects()) > _OBJECTS_LIMIT:
        raise RefusedFile(f"The file holds more than {_OBJECTS_LIMIT} objects, which no scene is given at once.")
    if len(before.new("libraries")) > 1 or any(block.library is not None and not link for block in before.all_new()):
        raise RefusedFile("The file draws on other files, which are not opened; make it local and try again.")
    for scene in scenes:
        bpy.data.scenes.remove(scene, do_unlink=True)
    return loaded


def _read(path: Path, file: BlendFile, *, link: bool) -> tuple[list[Any], dict[int, str]]:
    names: dict[int, str] = {}
    try:
        with bpy.data.libraries.load(str(path), link=link) as (found, wanted):
            wanted.scenes = list(found.scenes)
            asked = {} if link else {kind: list(getattr(found, kind, ())) for kind in _NAMED}
            asked["images"] = [name for name in asked.get("images", ()) if name not in _SESSION_IMAGES]
            for kind, of_kind in asked.items():
                setattr(wanted, kind, list(of_kind))
    except (OSError, RuntimeError) as error:
        theirs = file.version
        if theirs > bpy.app.version[:2]:
            raise UnreadableFile(too_new(theirs, bpy.app.version)) from error
        raise UnreadableFile("Blender cannot read the file: it is damaged or no .blend; download it again.") from error
    except MemoryError as error:
        raise RefusedFile("The file is larger than the memory that is free here; close other scenes first.") from error
    for kind, of_kind in asked.items():
        for name, block in zip(of_kind, getattr(wanted, kind), strict=True):
            if block is not None:
                names[block.session_uid] = name
    return [scene for scene in wanted.scenes if scene is not None], names


def _gathered(scenes: list[Any], names: dict[int, str]) -> Loaded:
    """What all scenes show, collections and objects once each, and the first scene's camera, world and unit."""
    collections, objects = dict[Any, None](), dict[Any, None]()
    excluded, hidden = set[int](), set[int]()
    for scene in scenes:
        collections.update(dict.fromkeys(scene.collection.children))
        objects.update(dict.fromkeys(scene.collection.objects))
        for layer in scene.view_layers[:1]:
            waiting = list(layer.layer_collection.children)
            while waiting:
                entry = waiting.pop()
                waiting += entry.children
                if entry.exclude or entry.hide_viewport:
                    excluded.add(entry.collection.session_uid)
            hidden |= {obj.session_uid for obj in layer.objects if obj.hide_get(view_layer=layer)}
    first = scenes[0] if scenes else None
    metres = None
    if first and first.unit_settings.system != "NONE":
        metres = first.unit_settings.scale_length
    camera, world = (first.camera, first.world) if first else (None, None)
    loaded = Loaded(list(collections), list(objects), names, metres, camera, world, excluded, hidden)
    # Blender's own first collection says nothing: what is in it counts as being at the top.
    while not loaded.objects and len(loaded.collections) == 1 and not loaded.collections[0].library:
        only = loaded.collections[0]
        if names.get(only.session_uid, only.name) != "Collection" or only.session_uid in excluded:
            break
        loaded.collections, loaded.objects = list(only.children), list(only.objects)
    return loaded


def drop_what_is_not_wanted(loaded: Loaded, before: Before, *, stage: bool, world: bool) -> None:
    """Remove cameras and lights (unless `stage`), the world (unless `world`), and all new data that then has no use."""
    if not stage:
        gone = [obj for obj in loaded.all_objects() if obj.type in STAGE_TYPES]
        loaded.objects = [obj for obj in loaded.objects if obj.type not in STAGE_TYPES]
        loaded.camera = None
        bpy.data.batch_remove(gone)
    if not world:
        loaded.world = None
    new = [block for block in before.all_new() if not isinstance(block, bpy.types.Library)]
    for block in new:
        if not isinstance(block, bpy.types.Action):
            block.use_fake_user = False
    roots = [*loaded.collections, *loaded.objects, *([loaded.world] if loaded.world else [])]
    roots += [block for block in new if isinstance(block, bpy.types.Action) and block.use_fake_user]
    kept = reached_from(roots, new)
    bpy.data.batch_remove([block for block in new if block not in kept])
    if loaded.camera is not None and not any(obj == loaded.camera for obj in loaded.all_objects()):
        loaded.camera = None
