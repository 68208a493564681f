"""What a file really is, found out from its bytes before Blender opens it. No `bpy` here.

Blender's importers are made for files of friends. What can be checked outside of them is checked here: that the
content is what the name says, that nothing claims more than is there, and that no picture unfolds to gigabytes.
"""

import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cloud.blender.child.gltf_extent import why_too_much
from cloud.blender.child.gltf_file import UnreadableGltf, read_gltf
from cloud.blender.child.ply_file import UnreadablePly, check_ply
from cloud.errors import InvalidInput

SIZE_LIMIT_BYTES = 512 * 2**20
PIXELS_LIMIT = 64 * 2**20

_NAME = re.compile(r"[^/\\\0]{1,200}")
_HEAD_BYTES = 65_536
_PILLOW_KINDS = {
    "png": {"PNG"},
    "jpg": {"JPEG", "MPO"},
    "jpeg": {"JPEG", "MPO"},
    "webp": {"WEBP"},
    "tif": {"TIFF"},
    "tiff": {"TIFF"},
    "bmp": {"BMP", "DIB"},
    "tga": {"TGA"},
}
PICTURES = frozenset({*_PILLOW_KINDS, "exr", "hdr"})


def checked_upload(folder: Path, file: str) -> tuple[Path, str]:
    """The file of that name in the folder, and its kind by extension and content.

    Raises: InvalidInput: no such plain file, or one that is too large, damaged, or not what its name says.
    """
    if not _NAME.fullmatch(file) or file.startswith(".") or ".." in file:
        raise InvalidInput("A file to import is named as it was uploaded, without a path.")
    path, kind = folder / file, file.rpartition(".")[2].lower()
    if path.is_symlink() or not path.is_file():
        present = (
            sorted(entry.name for entry in folder.glob("[!.]*") if entry.is_file())[:12] if folder.is_dir() else []
        )
        there = f"there are: {', '.join(present)}" if present else "upload it first"
        raise InvalidInput(f"There is no uploaded file {file!r}; {there}.")
    check = _CHECKS.get(kind) or (_check_picture if kind in PICTURES else None)
    if check is None:
        raise InvalidInput(f"{file}: the formats are {', '.join([*_CHECKS, *sorted(PICTURES)])}.")
    size = path.stat().st_size
    if not 0 < size <= SIZE_LIMIT_BYTES:
        raise InvalidInput(f"{file} is {size} bytes long; a file to import has 1 to {SIZE_LIMIT_BYTES}.")
    with path.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    why = check(path, head)
    if why:
        raise InvalidInput(f"{file} cannot be imported: {why}.")
    return path, kind


def _check_blend(path: Path, head: bytes) -> str:
    if head.startswith(b"BLENDER"):
        return _check_blend_blocks(path, head)
    packed = head.startswith((b"\x28\xb5\x2f\xfd", b"\x1f\x8b"))
    return "" if packed else "it is no .blend file"


def _check_blend_blocks(path: Path, head: bytes) -> str:
    """Walk the blocks of an uncompressed file to its end mark."""
    if head[7:8] not in {b"_", b"-"}:
        return ""  # the wider header of Blender 5: its own reader checks it
    order, pointer = ("<" if head[8:9] == b"v" else ">"), (8 if head[7:8] == b"-" else 4)
    header = struct.Struct(f"{order}4si{pointer}sii")
    size, at = path.stat().st_size, 12
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            raw = file.read(header.size)
            if raw[:4] == b"ENDB":
                return ""
            if len(raw) < header.size:
                break
            length = header.unpack(raw)[1]
            if length < 0:
                return "a block has an impossible length"
            at += header.size + length
    return "it is cut short"


def _check_gltf(path: Path, head: bytes) -> str:
    if path.suffix.lower() == ".glb" and not head.startswith(b"glTF"):
        return "it is no .glb file"
    try:
        gltf = read_gltf(path)
        gltf.triangles()
        too_much = why_too_much(gltf)
    except UnreadableGltf as error:
        return str(error)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        return f"a part of it is missing or of the wrong kind ({error})"
    return too_much or ("" if gltf.json.get("nodes") else "it holds no objects")


def _check_obj(path: Path, head: bytes) -> str:
    """Text with vertices; each face names vertices that come in the file."""
    if b"\0" in head:
        return "it is no .obj file, which is text"
    vertices = 0
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"v "):
                vertices += 1
            elif b"\0" in line or len(line) > 2**20:
                return "it is no .obj file, which is lines of text"
    return "" if vertices else "it holds no vertices"


def _check_stl(path: Path, head: bytes) -> str:
    size = path.stat().st_size
    if size >= 84 and size == 84 + 50 * int.from_bytes(head[80:84], "little"):
        triangles = np.memmap(path, np.dtype([("floats", "<f4", 12), ("extra", "<u2")]), "r", 84) if size > 84 else []
        finite = len(triangles) and bool(np.isfinite(triangles["floats"][:, 3:]).all())  # pyright: ignore
        return "" if finite else "it holds no triangles with finite coordinates"
    if head.lstrip().lower().startswith(b"solid") and b"\0" not in head:
        return "" if b"facet" in head else "it holds no triangles"
    return "it is no .stl file, or is cut short"


def _check_ply(path: Path, _: bytes) -> str:
    try:
        check_ply(path)
    except UnreadablePly as error:
        return str(error)
    return ""


def _check_fbx(path: Path, head: bytes) -> str:
    if head.startswith(b"Kaydara FBX Binary  \0"):
        return ""
    return (
        "it is text FBX, which Blender cannot read: save it as binary FBX" if b"FBX" in head[:200] else "it is no FBX"
    )


def _check_usd(path: Path, head: bytes) -> str:
    kind = path.suffix[1:].lower()
    found = {b"PXR-USDC": "usdc", b"#usda": "usda", b"PK\x03\x04": "usdz"}
    real = next((name for magic, name in found.items() if head.startswith(magic)), "")
    if kind != real and not (kind == "usd" and real in {"usda", "usdc"}):
        return f"it is no .{kind} file"
    return _check_usdz(path) if real == "usdz" else ""


def _check_usdz(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            broken = archive.testzip() if sum(entry.file_size for entry in entries) <= SIZE_LIMIT_BYTES else "size"
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        return f"it is no sound archive ({error})"
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        return "it is compressed, which .usdz never is"
    return f"a part of it is damaged ({broken})" if broken else ""


def _check_picture(path: Path, head: bytes) -> str:
    kind = path.suffix[1:].lower()
    size = _pixels(path, kind, head)
    if isinstance(size, str):
        return size
    wide, high = size
    if wide < 1 or high < 1:
        return "it has no pixels"
    return "" if wide * high <= PIXELS_LIMIT else f"it has {wide} × {high} pixels, more than 64 million"


def _pixels(path: Path, kind: str, head: bytes) -> tuple[int, int] | str:
    """Width and height as the file claims, or why it is none of its kind."""
    if kind == "exr":
        at = head.find(b"dataWindow\0box2i\0")
        if not head.startswith(b"\x76\x2f\x31\x01") or at < 0 or len(head) < at + 37:
            return "it is no .exr file"
        left, low, right, high = struct.unpack_from("<4i", head, at + 21)
        return (right - left + 1, high - low + 1)
    if kind == "hdr":
        found = re.search(rb"\n[+-]Y (\d{1,9}) [+-]X (\d{1,9})\n", head)
        return (int(found[2]), int(found[1])) if head.startswith(b"#?") and found else "it is no .hdr file"
    try:
        with Image.open(path) as picture:
            if picture.format not in _PILLOW_KINDS[kind]:
                return f"it is a {picture.format} picture, not {kind}"
            size = picture.size
            if size[0] * size[1] <= PIXELS_LIMIT:
                picture.load()  # finds what is cut short or damaged
            return size
    except Image.DecompressionBombError:
        return "it has more than 64 million pixels"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, struct.error) as error:
        return f"it is no sound .{kind} file ({str(error)[:80]})"


_CHECKS: dict[str, Callable[[Path, bytes], str]] = {
    "blend": _check_blend,
    "glb": _check_gltf,
    "gltf": _check_gltf,
    "obj": _check_obj,
    "stl": _check_stl,
    "ply": _check_ply,
    "fbx": _check_fbx,
    **dict.fromkeys(("usd", "usda", "usdc", "usdz"), _check_usd),
}
