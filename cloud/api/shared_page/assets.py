"""The page's own files: style, script and the 3D viewer. All are ours to serve; nothing comes from anywhere else."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fastapi import Response

_HERE = Path(__file__).parent
VIEWER = "viewer.js"
_FILES = {
    "page.css": (_HERE / "page.css", "text/css; charset=utf-8"),
    "page.js": (_HERE / "page.js", "text/javascript; charset=utf-8"),
    # Built by scripts/setup; where it could not, pages show pictures.
    VIEWER: (_HERE.parents[2] / "ui" / "viewer" / "dist" / VIEWER, "text/javascript; charset=utf-8"),
}


@dataclass(frozen=True)
class Asset:
    """A file that never changes at its address."""

    name: str
    media_type: str
    content: bytes
    packed: bytes = field(repr=False)
    digest: str

    @property
    def path(self) -> str:
        return f"/assets/{self.digest}/{self.name}"


def find(name: str) -> Asset | None:
    """None: there is no such file, or set-up could not bring it."""
    if name not in _FILES:
        return None
    path, media_type = _FILES[name]
    try:
        facts = path.stat()
    except OSError:
        return None
    return _load(name, path, media_type, facts.st_mtime_ns)


def response_of(asset: Asset, headers: Mapping[str, str]) -> Response:
    """The file, packed for those who take that."""
    answer = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if re.search(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))", headers.get("accept-encoding", "")):
        return Response(asset.packed, headers=answer | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=answer, media_type=asset.media_type)


@lru_cache(maxsize=8)
def _load(name: str, path: Path, media_type: str, _changed_ns: int) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:20]
    return Asset(name, media_type, content, gzip.compress(content, 9, mtime=0), digest)
