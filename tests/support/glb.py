"""Small .glb files, made here byte by byte."""

import json
import struct
from collections.abc import Sequence
from typing import Any

Point = tuple[float, float, float]
LAMPS = "KHR_lights_punctual"
_CORNERS: list[Point] = [(float(x), float(y), float(z)) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
_SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def box_glb(size: Point = (1, 1, 1), colour: Sequence[float] = (0.8, 0.02, 0.02, 1)) -> bytes:
    """A box of twelve triangles in metres, Y up, whose middle stands on the origin."""
    placed = [((x - 0.5) * size[0], y * size[1], (z - 0.5) * size[2]) for x, y, z in _CORNERS]
    points = [placed[side[i]] for side in _SIDES for i in (0, 1, 2, 0, 2, 3)]
    return triangles_glb(points, colour)


def triangles_glb(points: Sequence[Point], colour: Sequence[float], lamp: float | None = None) -> bytes:
    """Triangles of three points each; `lamp`: the strength of a lamp above them, in candela."""
    packed = b"".join(struct.pack("<3f", *point) for point in points)
    low, high = ([pick(axis) for axis in zip(*points, strict=True)] for pick in (min, max))
    scene: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
        "materials": [
            {"doubleSided": True, "pbrMetallicRoughness": {"baseColorFactor": list(colour), "metallicFactor": 0}}
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(points), "type": "VEC3", "min": low, "max": high}
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(packed)}],
        "buffers": [{"byteLength": len(packed)}],
    }
    if lamp is not None:
        scene["extensionsUsed"] = [LAMPS]
        scene["extensions"] = {LAMPS: {"lights": [{"type": "point", "intensity": lamp}]}}
        scene["nodes"].append({"translation": [0.3, 0.3, 2], "extensions": {LAMPS: {"light": 0}}})
        scene["scenes"][0]["nodes"].append(1)
    return pack_glb(scene, packed)


def empty_glb() -> bytes:
    """A scene with nothing in it."""
    return pack_glb({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{}]})


def pack_glb(scene: dict[str, Any], packed: bytes = b"") -> bytes:
    """The file of a scene and its one buffer."""
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    pieces = struct.pack("<I4s", len(text), b"JSON") + text
    if packed:
        pieces += struct.pack("<I4s", len(packed), b"BIN\0") + packed
    return struct.pack("<4sII", b"glTF", 2, 12 + len(pieces)) + pieces
