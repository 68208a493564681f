"""Exact names of the API, by whichever way one may write them: `bpy.data.objects.new`, `mesh.bevel`."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_ALIASES = {
    "bpy.data": "BlendData",
    "bpy.context": "Context",
    "bpy.context.object": "Object",
    "bpy.context.active_object": "Object",
    "context.object": "Object",
    "render": "RenderSettings",
    "eevee": "SceneEEVEE",
    "cycles": "CyclesRenderSettings",
    "obj": "Object",
    "ob": "Object",
    "mat": "Material",
    "me": "Mesh",
    "cam": "Camera",
    "bm": "bmesh.types.BMesh",
    "tree": "NodeTree",
    "psys": "ParticleSystem",
}
_PREFIXES = ("", "bpy.types.", "bpy.ops.", "bpy.", "mathutils.", "bmesh.", "bmesh.types.")
_SIDES = {"inputs": "in", "outputs": "out"}
_PART = re.compile(r"\[\s*['\"]?([^\]]*?)['\"]?\s*\]|([^.\[\]]+)")


@dataclass(frozen=True)
class Place:
    """Something that has a name: an entry of the index, or a member of one."""

    entry: str
    member: str = ""

    @property
    def name(self) -> str:
        """How code names it."""
        return f"{self.entry}.{self.member}" if self.member else self.entry


class Names:
    """The entries of the index by name. They are kept as text: parsed, they would take ten times the memory."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._lines = dict(entries)
        self._folded = {name.casefold(): name for name in reversed(self._lines)}

    def entry(self, name: str) -> dict[str, Any]:
        """The entry with exactly this name. Raises: KeyError."""
        return json.loads(self._lines[name])

    def find(self, written: str) -> Place | None:
        """The thing that is written so; case does not matter."""
        if found := self._entry_named(written):
            return Place(found)
        parts = [match[1] or match[2] or "" for match in _PART.finditer(written)]
        for taken in range(len(parts) - 1, 0, -1):
            head = ".".join(parts[:taken])
            if owner := self._entry_named(_ALIASES.get(head.casefold(), head)):
                return self._member(owner, parts[taken:])
        return None

    def _entry_named(self, written: str) -> str | None:
        bare = _ALIASES.get(written.casefold(), written).removeprefix("bpy.types.").casefold()
        return next((found for prefix in _PREFIXES if (found := self._folded.get(prefix + bare))), None)

    def _member(self, owner: str, path: list[str]) -> Place | None:
        """Follow the path from a type through the types of its members."""
        place = None
        element = ""  # of the collection that the last part named: what a key in brackets gives
        for position, part in enumerate(path):
            if part.casefold() in _SIDES and self._is_node(owner):
                return self._socket(owner, path[position:])
            step = self._step(owner, part)
            if step is None and element:
                owner, element = element, ""
                continue
            if step is None:
                return None
            place, owner, element = step
        return place

    def _is_node(self, owner: str) -> bool:
        """A type of node whose sockets are known."""
        return owner in self._lines and "in" in self.entry(owner)

    def _socket(self, node: str, path: list[str]) -> Place | None:
        """A socket of a node, or the node for all of them."""
        if len(path) == 1 or path[1].isdigit():
            return Place(node)
        side = path[0].casefold()
        names = {socket["n"].casefold(): socket["n"] for socket in self.entry(node)[_SIDES[side]]}
        name = names.get(path[1].casefold())
        return Place(node, f'{side}["{name}"]') if name else None

    def _step(self, owner: str, part: str) -> tuple[Place, str, str] | None:
        """A member of a type or of a base of it, the type that it leads to, and what its elements are."""
        folded = part.casefold()
        while owner in self._lines:
            entry = self.entry(owner)
            for prop in entry.get("p", ()):
                if prop["n"].casefold() == folded:
                    target = prop["t"].strip("[]")
                    is_collection = prop["t"].startswith("[")
                    return Place(owner, prop["n"]), prop.get("c") or target, target if is_collection else ""
            for function in entry.get("f", ()):
                if function["n"].casefold() == folded:
                    return Place(owner, function["n"]), "", ""
            for side, key in _SIDES.items():
                for socket in entry.get(key, ()):
                    if socket["n"].casefold() == folded:
                        return Place(owner, f'{side}["{socket["n"]}"]'), "", ""
            if entry["k"] != "class":
                found = self._folded.get(f"{owner}.{part}".casefold())
                return (Place(found), found, "") if found else None
            owner = entry["b"]
        found = self._folded.get(f"bpy.types.bpy_struct.{folded}")
        return (Place(found), "", "") if found else None
