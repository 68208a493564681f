# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""One short sentence on how to mend an error of user code, where we know one; the running Blender is asked first."""

import ast
import difflib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import bmesh
import bpy

from cloud.blender.child.api_properties import signature_of
from cloud.blender.child.failing import FailingPlace
from cloud.blender.child.hints_poll import context_hint
from cloud.blender.child.hints_system import system_hint
from cloud.blender.renames import Rename, renames_of

_LIBRARIES = ("numpy", "scipy", "trimesh", "manifold3d", "PIL")
_LISTED_AT_MOST = 8
_FIXED = (
    (r"StructRNA of type \w+ has been removed", "that thing was removed; look it up again by name in bpy.data"),
    (r"BMesh data of type \w+ has been removed", "that bmesh was freed; make it again from the mesh"),
    (
        r"1-2 args execution context",
        "no context dictionary since 4.0; use `with bpy.context.temp_override(object=obj):`",
    ),
    (r"Element-wise multiplication: not supported", "since 2.80 the product of matrices and vectors is `@`"),
    (r"ensure_lookup_table", "call bm.verts.ensure_lookup_table() (or edges, faces) after adding or removing"),
    (r"this edge exists", "bm.edges.get((v1, v2)) finds the edge that is there"),
    (r"face already exists", "bm.faces.get(verts) finds the face that is there"),
    (r"found the same \(BM\w+\) used multiple times", "name each vertex once"),
    (r"already in collection", "it is linked already; drop the call"),
    (r"not contain object|not in View Layer", "link it first: bpy.context.collection.objects.link(obj)"),
    (r"internal error setting the array", "from_pydata wants (x, y, z) for vertices, and lists of vertex indices"),
    (r"expected a Object type, not (?!str)\w+", "wrap the data in an object: bpy.data.objects.new(name, data)"),
    (r"expected an? [A-Z]\w+ type, not str", "pass the thing itself rather than its name, e.g. bpy.data.objects[name]"),
    (r"Cannot (?:read|open)|[Cc]ould not open", "there is no such file here; use import_file for the user's files"),
)
_OF_NONE = (
    (r"node_tree$", "it has no node tree yet; set use_nodes = True first (of a material, world or scene)"),
    (r"animation_data$", "it has no animation yet; call animation_data_create() first"),
    (r"\.action$", "it has no action yet; keyframe_insert() makes one"),
    (r"active_material$", "it has no material; obj.data.materials.append(bpy.data.materials.new(name)) first"),
    (r"(?:area|space_data|region|region_data|window|screen)$", "there is no editor here; use bpy.data instead"),
    (
        r"context\.(?:object|active_object)$|objects\.active$",
        "no object is active; set view_layer.objects.active = obj",
    ),
    (r"\.world$", "the scene has no world; scene.world = bpy.data.worlds.new('World') first"),
    (r"\.camera$", "the scene has no camera; make one and set scene.camera"),
    (r"\.data$", "an Empty has no data; check obj.type first"),
    (r"\.parent$", "it has no parent"),
    (r"edit_object$", "no object is in edit mode"),
)


def hint_for(error: BaseException, code_line: str, filename: str) -> str:
    """How to mend the error of code compiled under `filename`, as one short sentence; "" where nothing is known.

    Never raises for an odd error.
    """
    message = _message(error)
    place = FailingPlace(error, code_line, filename)
    readers: list[tuple[type[BaseException], Callable[[BaseException, str, FailingPlace], str]]] = [
        (ModuleNotFoundError, _missing_module),
        (AttributeError, _missing_attribute),
        (KeyError, _missing_key),
        (NameError, _missing_name),
        (TypeError, _wrong_argument),
        (ValueError, _wrong_value),
        (RuntimeError, _refused),
    ]
    for kind, reader in readers:
        if isinstance(error, kind) and (hint := reader(error, message, place)):
            return f"{hint}."
    fixed = next((hint for pattern, hint in _FIXED if re.search(pattern, message)), "")
    hint = fixed or system_hint(error, message, code_line)
    return f"{hint}." if hint else ""


def _message(error: BaseException) -> str:
    try:
        return str(error)[:20_000]
    except Exception:  # noqa: BLE001 - the exception's class is the user's own
        return ""


def _renamed(old: str, owners: Iterable[str]) -> str:
    """What has become of a name of one of these owners, as a hint."""
    owners = set(owners)
    entries = [entry for entry in renames_of(old, bpy.app.version[:2]) if entry.owner in owners]
    return _written(entries[0]) if entries else ""


def _written(entry: Rename) -> str:
    return f"'{entry.old}' is gone since {entry.since[0]}.{entry.since[1]}: {entry.advice}"


def _close(missing: str, names: Iterable[str], list_all: bool = False) -> str:
    """Names that are nearly right, or what there is where it is little."""
    names = list(dict.fromkeys(names))
    close = difflib.get_close_matches(missing, names, n=3, cutoff=0.6)
    if not close:
        folded = {name.casefold(): name for name in reversed(names)}
        close = [folded[name] for name in difflib.get_close_matches(missing.casefold(), folded, n=3, cutoff=0.6)]
    if not close and list_all:
        rest = len(names) - _LISTED_AT_MOST
        close = names[:_LISTED_AT_MOST] + ([f"… {rest} more"] if rest > 0 else [])
    return f"there is {', '.join(repr(name) for name in close)}" if close else ""


def _missing_module(error: BaseException, message: str, place: FailingPlace) -> str:
    name = (getattr(error, "name", None) or "").split(".")[0]
    if name == "bgl":
        return "bgl is gone; use the gpu module"
    there = [library for library in _LIBRARIES if importlib.util.find_spec(library)]
    return f"{name or 'that'} is not here and nothing can be installed; besides the standard library there are " + (
        ", ".join(["bpy", "bmesh", "mathutils", *there])
    )


def _missing_attribute(error: BaseException, message: str, place: FailingPlace) -> str:
    if operator := re.search(r'operator "bpy\.ops\.(\w+)\.(\w+)" error, could not be found', message):
        return _missing_operator(*operator.groups())
    expression = place.expression
    inner = expression.value if isinstance(expression, ast.Attribute) else None
    name = getattr(error, "name", None) or (expression.attr if isinstance(expression, ast.Attribute) else "")
    owner = getattr(error, "obj", None)
    if "'NoneType' object" in message:
        return _of_none(inner, place)
    owner = place.value(inner) if owner is None else owner
    found = re.match(r"'(\w+)' object has no attribute '(\w+)'", message)
    name = name or (found[2] if found else "")
    kinds = [cls.__name__ for cls in type(owner).__mro__] if owner is not None else [found[1]] if found else []
    if isinstance(inner, ast.Attribute) and isinstance(place.value(inner.value), bpy.types.Scene):
        kinds.append("SceneObjects")
    if isinstance(owner, ModuleType):
        kinds.append(owner.__name__.rpartition(".")[2])
    if owner is bpy.app.handlers:
        kinds.append("handlers")
    if "np." in message and "deprecated alias" in message:
        return f"np.{name} is gone; use {name} of Python itself"
    return _renamed(name, kinds) or (_close(name, _public(owner)) if owner is not None and name else "")


def _public(owner: object) -> list[str]:
    try:
        return [name for name in dir(owner) if not name.startswith("_")]
    except Exception:  # noqa: BLE001 - the class may be the user's own
        return []


def _missing_operator(module: str, name: str) -> str:
    if renamed := _renamed(f"{module}.{name}", ["bpy.ops"]):
        return renamed
    there = [f"bpy.ops.{module}.{known}" for known in dir(getattr(bpy.ops, module))]
    close = _close(f"bpy.ops.{module}.{name}", there)
    elsewhere = [f"bpy.ops.{other}.{name}" for other in dir(bpy.ops) if name in dir(getattr(bpy.ops, other))]
    elsewhere.sort(key=lambda operator: not operator.startswith("bpy.ops.object."))
    return f"there is {elsewhere[0]}" if elsewhere else close


def _of_none(inner: ast.expr | None, place: FailingPlace) -> str:
    """An attribute of None: why the thing before the dot is None."""
    if isinstance(inner, ast.Name):
        return f"{inner.id} is None here"
    if inner is None:
        return ""
    match inner:
        case ast.Call(func=ast.Attribute(value=collection, attr="get"), args=[ast.Constant(value=str(key)), *_]):
            there = place.value(collection)
            names = there.keys() if isinstance(there, bpy.types.bpy_prop_collection) else []
            return f"nothing there is called {key!r}; {_close(key, names, list_all=True) or 'it is empty'}"
    text = ast.unparse(inner)
    return next((hint for pattern, hint in _OF_NONE if re.search(pattern, text)), f"{text} is None here")


def _missing_key(error: BaseException, message: str, place: FailingPlace) -> str:
    found = re.search(r'key "(.*)" not found', message)
    if not found:
        return ""
    key, expression = found[1], place.expression
    container = place.value(expression.value) if isinstance(expression, ast.Subscript) else None
    if not isinstance(container, bpy.types.bpy_prop_collection):
        everything = [*bpy.data.objects.keys(), *bpy.data.materials.keys(), *bpy.data.collections.keys()]
        entries = [entry for entry in renames_of(key, bpy.app.version[:2]) if entry.owner.startswith("ShaderNodeBsdf")]
        return _written(entries[0]) if entries else _close(key, everything)
    first: Any = container[0] if len(container) else None
    if isinstance(first, bpy.types.NodeSocket):
        names = [socket.name for socket in container if socket.enabled]
        node = first.node
        known = _renamed(key, [node.bl_idname if node else ""]) or _close(key, _likest_first(key, names), list_all=True)
        return f"{known} ({node.bl_label})" if node and known else known
    return _close(key, container.keys(), list_all=True) or "the collection is empty"


def _likest_first(missing: str, names: list[str]) -> list[str]:
    """The names in the order of their likeness: those that share a word with it, then those that share letters."""
    words = set(missing.casefold().split())

    def likeness(name: str) -> tuple[int, float]:
        shared = len(words & set(name.casefold().split()))
        return shared, difflib.SequenceMatcher(None, missing.casefold(), name.casefold()).ratio()

    return sorted(names, key=likeness, reverse=True)


def _missing_name(error: BaseException, message: str, place: FailingPlace) -> str:
    name = getattr(error, "name", None) or ""
    if name in bpy.data.objects:
        return f"use bpy.data.objects[{name!r}]; each call starts with fresh names"
    close = difflib.get_close_matches(name, place.names(), n=1, cutoff=0.8)
    if close:
        return f"there is {close[0]!r}; each call starts with fresh names"
    if name in sys.stdlib_module_names:
        return f"import {name} first"
    return "each call starts with fresh names; find earlier things in bpy.data by name"


def _wrong_argument(error: BaseException, message: str, place: FailingPlace) -> str:
    if found := re.search(r'enum "(.*?)" not found in \((.*)\)', message, re.DOTALL):
        return _wrong_enum(found[1], re.findall(r"'([^']*)'", found[2]))
    if found := re.search(r'keyword "(\w+)" unrecognized', message):
        return _wrong_operator_keyword(found[1], place)
    if found := re.match(r'(\w+): keyword "(\w+)" is invalid for this operator', message):
        doc = getattr(bmesh.ops, found[1]).__doc__ or ""
        return _renamed(found[2], ["", "bmesh.ops"]) or _close(found[2], re.findall(r"(\w+)=", doc), list_all=True)
    if found := re.match(r"(\w+)\.(\w+)\(\): (?:required parameter|takes at most|was called with)", message):
        rna = getattr(getattr(bpy.types, found[1], None), "bl_rna", None)
        function = rna.functions.get(found[2]) if rna else None
        return f"the call is {signature_of(function)}" if function else ""
    if found := re.search(r'property "(\w+)" not found', message):
        call = place.expression
        owner = call.func.value if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
        return _close(found[1], _public(place.value(owner)))
    return ""


def _wrong_enum(wrong: str, there: list[str]) -> str:
    entries = renames_of(wrong, bpy.app.version[:2])
    fitting = [entry for entry in entries if set(re.findall(r"'(\w+)'", entry.advice)) & set(there)]
    if fitting:
        return _written(fitting[0])
    return _close(wrong, there, list_all=True)


def _wrong_operator_keyword(keyword: str, place: FailingPlace) -> str:
    call = place.expression
    operator: Any = place.value(call.func) if isinstance(call, ast.Call) else None
    if not hasattr(operator, "idname_py"):
        return _renamed(keyword, [""])
    name = f"bpy.ops.{operator.idname_py()}"
    known = [prop.identifier for prop in operator.get_rna_type().properties if prop.identifier != "rna_type"]
    return _renamed(keyword, ["", "bpy.ops", name]) or _close(keyword, known, list_all=True)


def _wrong_value(error: BaseException, message: str, place: FailingPlace) -> str:
    found = re.search(r"sequences of dimension 0 should contain (\d+) items, not (\d+)", message)
    if not found:
        return ""
    alpha = "; a colour has alpha as its fourth" if (found[1], found[2]) == ("4", "3") else ""
    return f"give {found[1]} numbers{alpha}"


def _refused(error: BaseException, message: str, place: FailingPlace) -> str:
    if found := re.search(r"Operator bpy\.ops\.(\w+)\.(\w+)\.poll\(\)", message):
        return context_hint(*found.groups())
    if found := re.search(r"Node type (\w+) undefined", message):
        return _renamed(found[1], ["node"]) or _close(found[1], dir(bpy.types))
    return ""
