# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""How data-blocks that came from us are told from the user's own: one custom property, saved with the file. (bpy)

It holds the project's and the snapshot's id and what the thing was called in the result's file; no address, no name of
a user, no token. Nothing points to an object: a pointer would keep what the user deletes. A copy that the user makes
carries the property too; the original is the one that still has the name which it came with.
"""

import secrets
from typing import Any

import bpy
from mathutils import Matrix

KEY = "prompt2mesh"
_IDENTITY = Matrix.Identity(4)


def mark(block: Any, project_id: str, name: str) -> None:
    """Say that the data-block came from this project's result, where it is called `name`; "": it is ours alone."""
    block[KEY] = {"project": project_id, "name": name}


def mark_home(home: bpy.types.Collection, project_id: str, snapshot_id: str, place: Matrix) -> None:
    """Say which step of the project is in the collection, and how it was moved from where it is in its file."""
    arrival = _text(home, "arrival") or secrets.token_hex(8)
    mark(home, project_id, "")
    home[KEY]["snapshot"] = snapshot_id
    home[KEY]["arrival"] = arrival
    home[KEY]["place"] = _flat(place)


def mark_object(obj: bpy.types.Object, home: bpy.types.Collection, basis: Matrix) -> None:
    """Say in which collection of ours the object came, as what, and where its file has it. It is marked already."""
    obj[KEY]["arrival"] = _text(home, "arrival") or ""
    obj[KEY]["as"] = obj.name
    obj[KEY]["basis"] = _flat(basis)


def project_of(block: Any) -> str | None:
    """The id of the project that the data-block came from; None: it is the user's own."""
    return _text(block, "project")


def name_in_file(block: Any) -> str | None:
    """What the data-block was called in the result; None: it is the user's own."""
    return _text(block, "name")


def snapshot_of(home: bpy.types.Collection) -> str | None:
    """Which step of the project is in the collection; None: it is no home of a result."""
    return _text(home, "snapshot")


def place_of(home: bpy.types.Collection) -> Matrix:
    """How the result was moved when it came."""
    return _matrix(home, "place") or _IDENTITY.copy()


def basis_of(obj: bpy.types.Object) -> Matrix | None:
    """Where the object stood in the result's file; None: it is not known."""
    return _matrix(obj, "basis")


def came_in(obj: bpy.types.Object, home: bpy.types.Collection) -> bool:
    """Whether the object, or what the user copied it from, came in this collection."""
    arrival = _text(home, "arrival")
    return arrival is not None and _text(obj, "arrival") == arrival


def is_original(obj: bpy.types.Object) -> bool:
    """Whether it has the name that it came with, as no copy has."""
    return _text(obj, "as") == obj.name


def homes_of(project_id: str, scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """The collections of the scene that hold a version of the project, newest first, copies by the user last."""
    found = [
        collection
        for collection in scene.collection.children_recursive
        if project_of(collection) == project_id and snapshot_of(collection) is not None
    ]
    return sorted(
        found,
        key=lambda home: not any(came_in(obj, home) and is_original(obj) for obj in home.all_objects),
    )


def _text(block: Any, key: str) -> str | None:
    value = _held(block, key)
    return value if isinstance(value, str) else None


def _matrix(block: Any, key: str) -> Matrix | None:
    values = _held(block, key)
    if not hasattr(values, "to_list") or len(values) != 16:
        return None
    flat = values.to_list()
    return Matrix([flat[row * 4 : row * 4 + 4] for row in range(4)])


def _held(block: Any, key: str) -> Any:
    held = block.get(KEY)
    return held.get(key) if hasattr(held, "get") else None


def _flat(matrix: Matrix) -> list[float]:
    return [value for row in matrix for value in row]
