"""glTF 2.0 read strictly: every claim of the file is checked against its bytes before Blender sees it.

Blender's importer trusts what it reads: a count of billions, an index past the end or a node that is its own child
ends in an endless loop or a crash there. Used for files that users upload, and to read back our own exports.
"""

import base64
import binascii
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC, _JSON, _BIN = b"glTF", b"JSON", b"BIN\0"
_NUMBERS: dict[int, Any] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_READ_BY_BLENDER = frozenset({"KHR_draco_mesh_compression", "EXT_meshopt_compression"})
_NODES_AT_MOST = 200_000
# Each is a value, which takes up to a hundred bytes when it is read.
_COMMAS_AT_MOST = 10_000_000
_VISITS_AT_MOST = 1_000_000


class UnreadableGltf(Exception):
    """The file is no sound glTF; the text says why."""


@dataclass(frozen=True)
class GltfFile:
    """A checked file: its JSON, and the bytes of each of its buffers."""

    json: dict[str, Any]
    buffers: list[bytes]

    def triangles(self) -> int:
        """The triangles of all scenes' nodes; a mesh counts for each node that shows it."""
        nodes, visits, count = self.json.get("nodes", []), 0, 0
        per_mesh = [sum(map(self._primitive_triangles, mesh["primitives"])) for mesh in self.json.get("meshes", [])]
        waiting = [root for scene in self.json.get("scenes", []) for root in scene.get("nodes", [])]
        while waiting:
            node, visits = nodes[waiting.pop()], visits + 1
            if visits > _VISITS_AT_MOST:
                raise UnreadableGltf("its nodes form a loop")
            count += per_mesh[node["mesh"]] if "mesh" in node else 0
            waiting += node.get("children", [])
        return count

    def values(self, accessor: int) -> NDArray[Any]:
        """The numbers of an accessor, (count, width): a view of the file's bytes where they lie close."""
        entry = self.json["accessors"][accessor]
        number, width = np.dtype(_NUMBERS[entry["componentType"]]), _WIDTHS[entry["type"]]
        if "bufferView" not in entry:
            return np.zeros((entry["count"], width), dtype=number)
        view = self.json["bufferViews"][entry["bufferView"]]
        start = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
        stride = view.get("byteStride") or number.itemsize * width
        return np.ndarray(
            (entry["count"], width), number, self.buffers[view["buffer"]], start, (stride, number.itemsize)
        )

    def _primitive_triangles(self, primitive: dict[str, Any]) -> int:
        mode = primitive.get("mode", _TRIANGLES)
        position = primitive.get("attributes", {}).get("POSITION")
        corners = primitive.get("indices", position)
        if corners is None or mode not in {_TRIANGLES, _STRIP, _FAN}:
            return 0
        count = self.json["accessors"][corners]["count"]
        return count // 3 if mode == _TRIANGLES else max(0, count - 2)


def read_gltf(path: Path) -> GltfFile:
    """The file, `.glb` or `.gltf`, checked. Raises: UnreadableGltf, OSError."""
    data = path.read_bytes()
    text, blob = _split(data) if data[:4] == _MAGIC else (data, b"")
    if text.count(b",") > _COMMAS_AT_MOST:
        raise UnreadableGltf("it describes more than a scene can hold")
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not str(found["asset"]["version"]).startswith("2"):
            raise UnreadableGltf("it is not glTF 2")
        gltf = GltfFile(found, _buffers(found, blob))
        _check(gltf)
    except (ValueError, RecursionError) as error:
        raise UnreadableGltf(f"its JSON is damaged ({error})") from error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnreadableGltf(f"a part of it is missing or of the wrong kind ({error})") from error
    return gltf


def scale_glb(path: Path, factor: float) -> None:
    """Put all of a .glb's scenes under one node that scales them: the format itself knows metres alone."""
    text, blob = _split(path.read_bytes())
    found = json.loads(text)
    for scene in found["scenes"]:
        found["nodes"].append({"name": "Scale", "scale": [factor] * 3, "children": scene["nodes"]})
        scene["nodes"] = [len(found["nodes"]) - 1]
    text = json.dumps(found, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), _JSON) + text
    chunks += struct.pack("<I4s", len(blob), _BIN) + blob if blob else b""
    path.write_bytes(_MAGIC + struct.pack("<II", 2, 12 + len(chunks)) + chunks)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The JSON and the binary chunk of a .glb."""
    if len(data) < 20:
        raise UnreadableGltf("it ends within its header")
    version, total = struct.unpack_from("<II", data, 4)
    if version != 2 or total > len(data):
        raise UnreadableGltf(f"it claims {total} bytes of version {version} and has {len(data)}")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= total:
        length, kind = struct.unpack_from("<I4s", data, at)
        if at + 8 + length > total:
            raise UnreadableGltf("a chunk is longer than the file")
        chunks.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length
    if _JSON not in chunks:
        raise UnreadableGltf("it has no JSON chunk")
    return chunks[_JSON], chunks.get(_BIN, b"")


def _buffers(found: dict[str, Any], blob: bytes) -> list[bytes]:
    buffers = []
    for number, entry in enumerate(found.get("buffers", [])):
        uri = entry.get("uri")
        data = blob if uri is None and number == 0 else _embedded(uri, "buffer")
        if entry["byteLength"] > len(data):
            raise UnreadableGltf(f"buffer {number} claims {entry['byteLength']} bytes and has {len(data)}")
        buffers.append(data)
    return buffers


def _embedded(uri: object, what: str) -> bytes:
    """The bytes of a data URI; a reference to another file cannot be followed."""
    head, comma, payload = str(uri).partition(",")
    if not head.startswith("data:") or not comma:
        raise UnreadableGltf(f"its {what} lies in another file, {str(uri)[:80]!r}: upload one .glb that holds it all")
    try:
        return base64.b64decode(payload)
    except binascii.Error as error:
        raise UnreadableGltf(f"an embedded {what} is damaged ({error})") from error


def _check(gltf: GltfFile) -> None:
    found = gltf.json
    unknown = set(found.get("extensionsRequired", [])) & _READ_BY_BLENDER
    for view in found.get("bufferViews", []):
        start, length = view.get("byteOffset", 0), view["byteLength"]
        if start < 0 or length < 0 or start + length > len(gltf.buffers[view["buffer"]]):
            raise UnreadableGltf("a buffer view reaches past the end of its buffer")
    for entry in found.get("accessors", []):
        _check_accessor(found, entry)
    largest: dict[int, int] = {}
    for mesh in found.get("meshes", []):
        for primitive in mesh["primitives"]:
            _check_primitive(gltf, primitive, largest, compressed=bool(unknown))
    for image in found.get("images", []):
        if "bufferView" in image:
            found["bufferViews"][_index(image["bufferView"])]
        else:
            _embedded(image["uri"], "image")
    _check_nodes(found)


def _check_accessor(found: dict[str, Any], entry: dict[str, Any]) -> None:
    size = np.dtype(_NUMBERS[entry["componentType"]]).itemsize * _WIDTHS[entry["type"]]
    count, offset = entry["count"], entry.get("byteOffset", 0)
    if not isinstance(count, int) or count < 0 or offset < 0:
        raise UnreadableGltf("an accessor has an impossible count or offset")
    largest = sum(buffer["byteLength"] for buffer in found.get("buffers", []))
    if "bufferView" not in entry:
        if count * size > max(64 * largest, 2**24):
            raise UnreadableGltf(f"an accessor claims {count} values that are nowhere")
        return
    view = found["bufferViews"][_index(entry["bufferView"])]
    stride = view.get("byteStride") or size
    if count and (stride < size or offset + (count - 1) * stride + size > view["byteLength"]):
        raise UnreadableGltf("an accessor reaches past the end of its buffer view")


def _check_primitive(gltf: GltfFile, primitive: dict[str, Any], largest: dict[int, int], *, compressed: bool) -> None:
    """`largest`: of the indices of each accessor that was looked at before."""
    accessors = gltf.json.get("accessors", [])
    counts = {accessors[_index(number)]["count"] for number in primitive["attributes"].values()}
    if len(counts) > 1:
        raise UnreadableGltf("the attributes of a mesh differ in length")
    for target in primitive.get("targets", []):
        counts |= {accessors[_index(number)]["count"] for number in target.values()}
    corners = primitive.get("indices")
    if corners is None or compressed or "extensions" in primitive:
        return
    if accessors[_index(corners)]["componentType"] not in {5121, 5123, 5125} or accessors[corners]["type"] != "SCALAR":
        raise UnreadableGltf("the indices of a mesh are no whole numbers")
    if corners not in largest:
        indices = gltf.values(corners)
        largest[corners] = int(indices.max()) if indices.size else -1
    if largest[corners] >= max(counts, default=0):
        raise UnreadableGltf("a face names a vertex that is not there")


def _check_nodes(found: dict[str, Any]) -> None:
    """Each node has one parent at most and no node is below itself, as the standard demands."""
    nodes = found.get("nodes", [])
    if len(nodes) > _NODES_AT_MOST:
        raise UnreadableGltf(f"it has {len(nodes)} nodes, more than {_NODES_AT_MOST}")
    parents: dict[int, int] = {}
    for number, node in enumerate(nodes):
        for child in node.get("children", []):
            nodes[_index(child)]
            if parents.setdefault(child, number) != number:
                raise UnreadableGltf(f"node {child} has two parents")
        for key, kind in (("mesh", "meshes"), ("camera", "cameras"), ("skin", "skins")):
            if key in node:
                found[kind][_index(node[key])]
    _check_tree(len(nodes), parents)
    for scene in found.get("scenes", []):
        for root in scene.get("nodes", []):
            nodes[_index(root)]


def _check_tree(nodes: int, parents: dict[int, int]) -> None:
    """Up from each node one comes to a root."""
    settled: set[int] = set()
    for number in range(nodes):
        path: set[int] = set()
        at: int | None = number
        while at is not None and at not in settled:
            if at in path:
                raise UnreadableGltf("its nodes form a loop")
            path.add(at)
            at = parents.get(at)
        settled |= path


def _index(value: object) -> int:
    """The value as an index of a list: Python's own would take -1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UnreadableGltf(f"{str(value)[:40]!r} is no index")
    return value
