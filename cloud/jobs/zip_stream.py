"""Zips that are streamed: in memory there is never more than a piece of one file. And names that every system takes."""

import asyncio
import datetime as dt
import io
import unicodedata
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import PurePosixPath
from typing import IO, Any

from cloud.storage.store import ArtifactStore

# Blender and PNG have compressed these already.
_COMPRESSED = frozenset({".blend", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4"})
_PIECE_BYTES = 256 * 1024
_SLICE_BYTES = 64 * 1024
_NAME_BYTES = 120
# What Windows takes for a device, whatever follows the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")})


class _Sink(io.RawIOBase):
    """What zipfile writes to: it cannot seek, and hands on what it has got."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


class ZipStream:
    """A zip that is being made; use it as a context manager, then `take` its end.

    The generators must be closed before it is, also when the reader leaves in the middle.
    """

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w")

    def __enter__(self) -> "ZipStream":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._archive.close()

    def take(self) -> bytes:
        """What was written since the last time."""
        return self._sink.take()

    def add_text(self, path: str, text: str, moment: dt.datetime) -> None:
        """A small file."""
        self._archive.writestr(_entry(path, moment, compress=True), text)

    async def add_stored(
        self, store: ArtifactStore, path: str, sha256: str, size_bytes: int, moment: dt.datetime
    ) -> AsyncGenerator[bytes, None]:
        """A file with the bytes of a stored object. Raises: ArtifactMissing, before anything is written of it."""
        # Before anything is written of it, so that a lost file leaves no trace. An empty object has no range to read.
        pieces = store.stream(sha256)
        first = await anext(pieces, b"") if size_bytes else b""
        async with aclosing(self.add(path, _chained(first, pieces, size_bytes), size_bytes, moment)) as added:
            async for piece in added:
                yield piece

    async def add(
        self, path: str, pieces: AsyncIterator[bytes], size_bytes: int, moment: dt.datetime
    ) -> AsyncGenerator[bytes, None]:
        """A file of these bytes. Yields the zip's own bytes as they come."""
        entry = _entry(path, moment, compress=PurePosixPath(path).suffix not in _COMPRESSED)
        entry.file_size = size_bytes  # zipfile takes zip64 for a large one
        with self._archive.open(entry, "w") as member:
            async for piece in pieces:
                await _write(member, piece)
                if self._sink.size >= _PIECE_BYTES:
                    yield self._sink.take()
        yield self._sink.take()


async def _chained(first: bytes, rest: AsyncIterator[bytes], size_bytes: int) -> AsyncIterator[bytes]:
    yield first
    if size_bytes:
        async for piece in rest:
            yield piece


async def _write(member: IO[bytes], piece: bytes) -> None:
    """In slices that take few milliseconds, so that the other requests of this process do not wait."""
    for start in range(0, len(piece), _SLICE_BYTES):
        member.write(piece[start : start + _SLICE_BYTES])
        await asyncio.sleep(0)


def _entry(path: str, moment: dt.datetime, *, compress: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second))
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    return entry


class Names:
    """Names within one archive: safe in every folder of every system, and none twice, whatever its case."""

    def __init__(self) -> None:
        self._taken: dict[str, set[str]] = {}

    def take(self, folder: str, name: str, limit_bytes: int = _NAME_BYTES) -> str:
        """The path of a new file or folder in `folder`, called as much like `name` as can be."""
        safe = safe_file_name(name, limit_bytes)
        taken = self._taken.setdefault(folder, set())
        chosen, number = safe, 1
        while chosen.casefold() in taken:
            number += 1
            path = PurePosixPath(safe)
            chosen = f"{path.stem}-{number}{path.suffix}"
        taken.add(chosen.casefold())
        return f"{folder}/{chosen}" if folder else chosen


def safe_file_name(name: str, limit_bytes: int = _NAME_BYTES) -> str:
    """The name without folders, and without what some system does not take."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rstrip("/").rpartition("/")[2]
    plain = "".join("_" if c in '<>:"|?*' or unicodedata.category(c)[0] == "C" else c for c in last).strip(" .")
    if plain.partition(".")[0].rstrip().casefold() in _DEVICES:
        plain = f"_{plain}"
    # The end has the suffix.
    short = plain.encode()[-limit_bytes:].decode(errors="ignore").strip(" .")
    return short or "file"
