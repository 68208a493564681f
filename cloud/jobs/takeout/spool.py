"""The texts of an export while they wait for their place in the zip: on disk, not in memory."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Self

_IN_MEMORY_BYTES = 8 * 2**20
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Text:
    """One text: what it will be called, where it lies, and its hash."""

    path: str
    start: int
    bytes: int
    sha256: str


class Spool:
    """Texts in one nameless temporary file, which goes with this object; from one task at a time."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - `close` is ours
        self.texts: list[Text] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    async def add(self, path: str, lines: Iterable[str]) -> None:
        """Keep a text, which comes in pieces."""
        await asyncio.to_thread(self._add, path, lines)

    async def add_json(self, path: str, value: Any) -> None:
        """Keep a value as JSON for people."""
        await self.add(path, _json_pieces(value))

    async def read(self, text: Text) -> AsyncIterator[bytes]:
        """The text's bytes, in pieces."""
        done = 0
        while done < text.bytes:
            piece = await asyncio.to_thread(self._read, text.start + done, min(_PIECE_BYTES, text.bytes - done))
            done += len(piece)
            yield piece

    def _add(self, path: str, lines: Iterable[str]) -> None:
        start = self._file.seek(0, 2)
        digest, size = hashlib.sha256(), 0
        for line in lines:
            piece = line.encode("utf-8", errors="replace")
            digest.update(piece)
            size += self._file.write(piece)
        self.texts.append(Text(path, start, size, digest.hexdigest()))

    def _read(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)


def _json_pieces(value: Any) -> Iterable[str]:
    yield from json.JSONEncoder(indent=1, ensure_ascii=False).iterencode(value)
    yield "\n"
