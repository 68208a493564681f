"""How much Blender would make of a glTF: a small one can name the same numbers a million times. No `bpy` here."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloud.blender.child.gltf_file import GltfFile

_NODES_AT_MOST = 20_000
_PARTS_AT_MOST = 50_000
_SHAPES_AT_MOST = 5_000
_VALUES_AT_MOST = 100_000_000
_PICTURES_AT_MOST = 2_000


def why_too_much(gltf: GltfFile) -> str:
    """What of it is more than a scene can hold; "" if nothing is."""
    found = gltf.json
    parts = [primitive for mesh in found.get("meshes", []) for primitive in mesh["primitives"]]
    shapes = [target for part in parts for target in part.get("targets", [])]
    keys = [one for animation in found.get("animations", []) for one in animation.get("samplers", [])]
    for things, limit, what in (
        (found.get("nodes", []), _NODES_AT_MOST, "nodes"),
        (parts, _PARTS_AT_MOST, "parts of meshes"),
        (shapes, _SHAPES_AT_MOST, "shape keys"),
        (keys, _PARTS_AT_MOST, "curves of animation"),
        (found.get("images", []), _PICTURES_AT_MOST, "pictures"),
    ):
        if len(things) > limit:
            return f"it has {len(things)} {what}, more than {limit}"
    values = _values(found, [*(part["attributes"] for part in parts), *shapes, *(_corners(part) for part in parts)])
    values += _values(found, ({"in": one["input"], "out": one["output"]} for one in keys))
    return f"it unfolds to {values} values, more than {_VALUES_AT_MOST}" if values > _VALUES_AT_MOST else ""


def _corners(part: Mapping[str, Any]) -> Mapping[str, int]:
    return {"indices": part["indices"]} if "indices" in part else {}


def _values(found: Mapping[str, Any], uses: Iterable[Mapping[str, int]]) -> int:
    """The rows of accessors that are used, each use counted."""
    accessors = found.get("accessors", [])
    return sum(accessors[number]["count"] for use in uses for number in use.values())
