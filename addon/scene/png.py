"""A picture as a PNG file, written without Blender: no image data-block, no render settings, no undo step."""

import struct
import zlib
from pathlib import Path


def write_png(path: Path, rows: list[bytes], width_px: int) -> None:
    """Write 8-bit RGB rows, from the top down. Raises: OSError."""
    head = struct.pack(">IIBBBBB", width_px, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    parts = (_part(b"IHDR", head), _part(b"IDAT", pixels), _part(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
