"""Which Blender saved a .blend, as its first bytes say. No `bpy` here."""

import gzip
import re
import zlib
from pathlib import Path

import zstandard

_HEAD_BYTES = 64
# Up to Blender 4: BLENDER-v405. From Blender 5: BLENDER17-01v0500.
_VERSION = re.compile(rb"BLENDER(?:[-_][vV](\d)(\d\d)|\d\d-\d\d[vV](\d\d)(\d\d))")


def saved_by(path: Path) -> tuple[int, int] | None:
    """Major and minor version of the Blender that saved the file; None: the file does not say."""
    try:
        with path.open("rb") as file:
            raw = file.read(_HEAD_BYTES)
            file.seek(0)
            if raw.startswith(b"\x28\xb5\x2f\xfd"):
                raw = zstandard.ZstdDecompressor().stream_reader(file).read(_HEAD_BYTES)
            elif raw.startswith(b"\x1f\x8b"):
                raw = gzip.GzipFile(fileobj=file).read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return None
    found = _VERSION.match(raw)
    return (int(found[1] or found[3]), int(found[2] or found[4])) if found else None


def unreadable_blend(path: Path, ours: tuple[int, ...]) -> str:
    """Why Blender of this version may have refused the file, in words."""
    theirs = saved_by(path)
    if theirs is not None and theirs > ours[:2]:
        this, that = ".".join(map(str, ours[:2])), ".".join(map(str, theirs))
        return f"it was saved by Blender {that}, which this Blender ({this}) cannot read: export it there as .glb"
    return "Blender cannot read it: it is damaged, or its content is no .blend"
