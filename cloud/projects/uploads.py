"""3D files as users send them: what they may be called, and whether they begin like what their name says.

Only a first look, for a sentence at once; the pod looks at all of it before Blender opens it.
"""

import re
import unicodedata
from pathlib import PurePosixPath

from cloud.errors import InvalidInput

MEDIA_TYPES = {
    "blend": "application/x-blender",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "fbx": "application/octet-stream",
    "obj": "model/obj",
    "stl": "model/stl",
    "ply": "application/octet-stream",
    "usd": "model/vnd.usd",
    "usda": "model/vnd.usd",
    "usdc": "model/vnd.usd",
    "usdz": "model/vnd.usdz+zip",
}
HEAD_BYTES = 4096

_NAME_LIMIT_CHARS = 100
_LISTED = ", ".join(f".{extension}" for extension in MEDIA_TYPES)
_OTHER_FILES = {
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz"), "an archive: unpack it and send the 3D file in it"),
    **dict.fromkeys(
        ("max", "c4d", "ma", "mb", "skp", "3ds", "dae", "abc", "x3d", "wrl", "3mf", "3dm", "lwo", "zpr", "ztl", "spp"),
        "a file of another program: export it from there as .glb, .fbx, .obj or .usdc, then send that",
    ),
    **dict.fromkeys(
        ("step", "stp", "iges", "igs", "sldprt", "sldasm", "f3d", "ipt", "dwg", "dxf", "brep", "x_t"),
        "a CAD file: export it as .stl, .obj or .glb, then send that",
    ),
    **dict.fromkeys(
        ("png", "jpg", "jpeg", "webp", "gif", "heic", "tif", "tiff", "bmp", "svg", "pdf"),
        "a picture: send it as a reference image instead (POST /v1/projects/{id}/images)",
    ),
    "mtl": "the materials of an .obj: send the .obj, or better a .glb, which has its materials in it",
    "bin": "a part of a .gltf: send a .glb, which has all its parts in it",
    **dict.fromkeys(("blend1", "blend2"), "a backup of Blender's: rename it to end in .blend, then send that"),
}
_BEGINNINGS: tuple[tuple[bytes, str, frozenset[str]], ...] = (
    (b"BLENDER", "a .blend", frozenset({"blend"})),
    (b"\x28\xb5\x2f\xfd", "a compressed file", frozenset({"blend"})),
    (b"\x1f\x8b", "a compressed file", frozenset({"blend"})),
    (b"glTF", "a .glb", frozenset({"glb"})),
    (b"Kaydara FBX Binary", "an .fbx", frozenset({"fbx"})),
    (b"PXR-USDC", "a binary .usdc", frozenset({"usdc", "usd"})),
    (b"#usda", "a .usda", frozenset({"usda", "usd"})),
    (b"PK\x03\x04", "a ZIP archive", frozenset({"usdz"})),
    (b"ply", "a .ply", frozenset({"ply"})),
    (b"\x89PNG", "a PNG picture", frozenset()),
    (b"\xff\xd8\xff", "a JPEG picture", frozenset()),
    (b"%PDF", "a PDF document", frozenset()),
    (b"Rar!", "a RAR archive", frozenset()),
    (b"7z\xbc\xaf", "a 7-Zip archive", frozenset()),
    (b"\x7fELF", "a program", frozenset()),
    (b"MZ", "a program", frozenset()),
)
_TRUE_NAME = f"give it its true name, or export it as one of {_LISTED}"
_TELLING = frozenset({"blend", "glb", "fbx", "usdc", "usda", "usd", "usdz", "ply"})
"""Formats that always begin with one of the above."""
_HTML = re.compile(rb"\s*<(?:!doctype html|html|\?xml)", re.IGNORECASE)
_LFS = b"version https://git-lfs"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def checked_upload_name(given: str) -> str:
    """The file's own name, without its path, printable, with an extension that can be imported.

    Raises: InvalidInput: there is none, or the format is not taken; says what to do.
    """
    own = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    shown = " ".join("".join(c if c.isprintable() and c not in '<>"' else " " for c in own).split())
    extension = extension_of(shown)
    stem = shown[: len(shown) - len(extension) - 1] if extension else shown
    if not shown:
        raise InvalidInput(f"The file has no name; send it as ?name=tower.glb. The formats are {_LISTED}.")
    if extension in _OTHER_FILES:
        raise InvalidInput(f"{shown[:_NAME_LIMIT_CHARS]} is {_OTHER_FILES[extension]}.")
    if extension not in MEDIA_TYPES:
        raise InvalidInput(f"{shown[:_NAME_LIMIT_CHARS]} has no format that can be imported; there are: {_LISTED}.")
    return f"{stem[: _NAME_LIMIT_CHARS - len(extension) - 1].strip(' .') or 'upload'}.{extension}"


def extension_of(name: str) -> str:
    """The extension in lower case, without its dot; "" if there is none."""
    return PurePosixPath(f"x{name}").suffix[1:].lower()


def pod_name_of(name: str) -> str:
    """The name in plain ASCII, as the pod takes it."""
    extension = extension_of(name)
    plain = unicodedata.normalize("NFKD", name.removesuffix(f".{extension}")).encode("ascii", "ignore").decode()
    return f"{_UNSAFE.sub('-', plain).strip('-._')[:60] or 'upload'}.{extension}"


def check_beginning(name: str, head: bytes) -> None:
    """The first bytes are those of a file as its extension says. Raises: InvalidInput: says what they are instead."""
    extension = extension_of(name)
    if not head:
        raise InvalidInput("The body is empty; send the 3D file itself as the body.")
    if head.startswith(_LFS):
        raise InvalidInput(f"{name} is only a Git LFS pointer; fetch the file itself (git lfs pull), then send that.")
    if _HTML.match(head):
        raise InvalidInput(f"{name} is a web page, not a 3D file; the download it came from went wrong.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if extension != "stl":  # a binary one begins with 80 bytes of anything
        _check_magic(name, extension, head)
    if extension == "gltf" and not text.startswith(b"{"):
        raise InvalidInput(f"{name} is no .gltf, which is JSON; send a .glb instead.")
    if extension == "obj" and b"\0" in head:
        raise InvalidInput(f"{name} is no .obj, which is text.")
    if extension == "usdz" and len(head) > 6 and head[6] & 1:
        raise InvalidInput(f"{name} is protected by a password; save it without one, then send that.")


def _check_magic(name: str, extension: str, head: bytes) -> None:
    for magic, kind, extensions in _BEGINNINGS:
        if head.startswith(magic):
            if extension not in extensions:
                raise InvalidInput(f"{name} is no .{extension}: it is {kind}; {_TRUE_NAME}.")
            return
    if extension in _TELLING and not (extension == "fbx" and b"FBX" in head[:200]):  # of text: the pod says so
        raise InvalidInput(f"{name} is no .{extension}, or it is damaged: it does not begin like one.")
