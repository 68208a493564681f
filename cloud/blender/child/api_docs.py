# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no method tables.
"""What RNA does not know: methods written in Python, and modules written in C, read from their docstrings."""

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import bmesh.geometry
import bmesh.ops
import bmesh.types
import bmesh.utils
import bpy
import bpy_extras.anim_utils
import bpy_extras.io_utils
import bpy_extras.mesh_utils
import bpy_extras.object_utils
import mathutils.bvhtree
import mathutils.geometry
import mathutils.interpolate
import mathutils.kdtree
import mathutils.noise

_MODULES = (
    bmesh,
    bmesh.types,
    bmesh.geometry,
    bmesh.utils,
    mathutils,
    mathutils.bvhtree,
    mathutils.geometry,
    mathutils.interpolate,
    mathutils.kdtree,
    mathutils.noise,
    bpy.props,
    bpy.utils,
    bpy.path,
    bpy_extras.anim_utils,
    bpy_extras.io_utils,
    bpy_extras.mesh_utils,
    bpy_extras.object_utils,
)
_DOC_LIMIT = 700
_DIRECTIVE = re.compile(r"\.\. (?:method|function|class|classmethod|staticmethod|attribute|data)::\s*")


def rna_class_members(cls: type, known: set[str]) -> list[dict[str, Any]]:
    """Methods and properties that the type has from Python or C rather than from RNA."""
    found = []
    for name, member in vars(cls).items():
        if name.startswith(("_", "bl_")) or name in known or not (callable(member) or isinstance(member, property)):
            continue
        found.append({"n": name} | _documented(name, member))
    return found


def python_members() -> Iterator[dict[str, Any]]:
    """Entries of the modules beside bpy.types and bpy.ops."""
    for struct in (bpy.types.bpy_struct, bpy.types.bpy_prop_collection):
        yield from _members(f"bpy.types.{struct.__name__}", struct)
    yield {"k": "py", "n": "bpy.data.libraries.load"} | _documented("load", bpy.types.BlendDataLibraries.load)
    for name in dir(bmesh.ops):
        yield {"k": "py", "n": f"bmesh.ops.{name}"} | _bmesh_operator(name)
    for module in _MODULES:
        yield from _members(module.__name__, module)
    for name in dir(bpy.app):
        if not name.startswith("_") and not callable(value := getattr(bpy.app, name)):
            yield {"k": "py", "n": f"bpy.app.{name}", "s": f"= {_value(value)}", "d": ""}
    for name in dir(bpy.app.handlers):
        if isinstance(getattr(bpy.app.handlers, name), list):
            yield {"k": "py", "n": f"bpy.app.handlers.{name}", "s": "list of functions", "d": ""}


def _value(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= 80 else type(value).__name__


def _members(prefix: str, owner: ModuleType | type) -> Iterator[dict[str, Any]]:
    for name in dir(owner):
        member = getattr(owner, name)
        if name.startswith("_") or isinstance(member, ModuleType):
            continue
        if isinstance(owner, ModuleType) and not _belongs_to(member, owner):
            continue
        yield {"k": "py", "n": f"{prefix}.{name}"} | _documented(name, member)
        if isinstance(member, type) and isinstance(owner, ModuleType):
            yield from _members(f"{prefix}.{name}", member)


def _belongs_to(member: Any, module: ModuleType) -> bool:
    """The module's own rather than what it imported for itself."""
    home = getattr(member, "__module__", None) or module.__name__
    return callable(member) and (home == module.__name__ or not module.__name__.startswith("bpy_extras"))


def _documented(name: str, member: Any) -> dict[str, str]:
    doc = inspect.cleandoc(member.__doc__ or "") if isinstance(member.__doc__, str) else ""
    first, _, rest = doc.partition("\n")
    if _DIRECTIVE.match(first):
        return {"s": _DIRECTIVE.sub("", first).strip(), "d": _plain(rest)}
    if isinstance(member, property):
        return {"s": f"{name} (read-only)" if member.fset is None else name, "d": _plain(doc)}
    try:
        signature = f"{name}{inspect.signature(member)}" if callable(member) else name
    except (ValueError, TypeError):
        signature = name
    return {"s": signature.replace("(self, ", "(").replace("(self)", "()"), "d": _plain(doc)}


def _bmesh_operator(name: str) -> dict[str, str]:
    doc = " ".join((getattr(bmesh.ops, name).__doc__ or name).split())
    return {"s": doc.removeprefix("BMeshOpFunc bmesh.ops."), "d": ""}


def _plain(doc: str) -> str:
    """Documentation without its markup, at most `_DOC_LIMIT` characters."""
    types = dict(re.findall(r":type (\w+): (.*(?:\n +.*)*)", doc))
    text = re.sub(r":type \w+: .*(?:\n +.*)*\n?", "", doc)
    text = re.sub(r":arg (\w+):", lambda found: f"{found[1]} ({' '.join(types.get(found[1], '').split())}):", text)
    text = re.sub(r":(?:class|attr|mod|func|meth|data|ref):`~?([^`]*)`", r"\1", text)
    text = (
        text.replace(" ():", ":").replace(":return:", "Returns:").replace(":rtype:", "->").replace(".. note::", "Note:")
    )
    text = re.sub(r"\.\. (?:literalinclude|code-block|seealso|warning)::.*", "", text)
    text = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    return text if len(text) <= _DOC_LIMIT else text[:_DOC_LIMIT].rsplit(" ", 1)[0] + " …"
