"""Pictures from the server, looked at before Blender reads them: what they are, and how large they would unfold."""

import hashlib
import struct
from pathlib import Path

from .calls import Calls, path_of
from .files import write_whole
from .problems import BadAnswer

PICTURE_LIMIT_BYTES = 8 * 2**20
SIDE_LIMIT_PX = 2048
FOLDER = "pictures"
FILES_KEPT = 600
_JPEG_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def fetch_picture(calls: Calls, artifact_id: str, cache: Path) -> Path:
    """The picture as a file of ours; what is there already is not asked for again.

    Raises: BadAnswer: it is no PNG, JPEG or WebP, or too large. What Calls do. FileTrouble.
    """
    # The server's address is a part of the name, so that no server can put a picture in another's place.
    named = hashlib.sha256(f"{calls.transport.config.address.origin} {artifact_id}".encode()).hexdigest()[:32]
    folder = cache / FOLDER
    for extension in ("png", "jpg", "webp"):
        if (there := folder / f"{named}.{extension}").is_file():
            return there
    with calls.transport.open("GET", path_of("artifacts", artifact_id, "content")) as answer:
        content = answer.whole(PICTURE_LIMIT_BYTES)
    return write_whole(folder / f"{named}.{checked_kind(content)}", content)


def checked_kind(content: bytes) -> str:
    """`png`, `jpg` or `webp`, by what the file holds. Raises: BadAnswer."""
    kind, size = _measured(content)
    if size is None:
        raise BadAnswer("a picture is none that Blender reads")
    if not (0 < size[0] <= SIDE_LIMIT_PX and 0 < size[1] <= SIDE_LIMIT_PX):
        raise BadAnswer(f"a picture has {size[0]} × {size[1]} pixels")
    return kind


def prune(cache: Path) -> None:
    """Keep the newest pictures only."""
    try:
        files = sorted((cache / FOLDER).iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[FILES_KEPT:]:
            file.unlink(missing_ok=True)
    except OSError:
        return  # no folder yet, or another Blender tidies it up as well


def forget_all(cache: Path) -> None:
    """Whoever signs in next does not see them."""
    try:
        for file in (cache / FOLDER).iterdir():
            file.unlink(missing_ok=True)
    except OSError:
        return  # as above


def _measured(content: bytes) -> tuple[str, tuple[int, int] | None]:
    """What it is, and (width, height) in pixels; None: it cannot be told."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return "png", (width, height)
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg", _jpeg_size(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp", _webp_size(content)
    return "", None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + max(struct.unpack(">H", content[at + 2 : at + 4])[0], 2)
    return None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    kind, body = content[12:16], content[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    return None
