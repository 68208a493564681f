"""Contents on their way into the store: their hash, and their bytes in pieces, however large they are."""

import asyncio
import contextlib
import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import IO

from cloud.storage.names import Stored

PIECE_BYTES = 1 << 20
# Streams above this are kept in a file, not in memory, until their hash is known.
SPOOL_BYTES = 8 * 2**20


class ContentChanged(OSError):
    """A file is not what it was when its hash was taken. Raised within an upload, it ends that without an object."""

    def __init__(self) -> None:
        super().__init__("the file was written to while it was being kept")


class HashedFile:
    """A file that is open, with its name in the store."""

    def __init__(self, file: IO[bytes], stored: Stored) -> None:
        self.file = file
        self.stored = stored
        self.has_changed = False

    def whole(self) -> bytes:
        """All bytes. Raises: ContentChanged."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces. Raises: ContentChanged, instead of the end: the store must not take it for whole."""
        digest = hashlib.sha256()
        self.file.seek(0)
        while piece := self.file.read(PIECE_BYTES):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.stored.sha256:
            self.has_changed = True
            raise ContentChanged


def open_hashed(path: Path) -> HashedFile:
    """The file, which the caller closes, and its hash. Raises: OSError."""
    file = path.open("rb")
    try:
        return HashedFile(file, Stored(hashlib.file_digest(file, "sha256").hexdigest(), file.tell()))
    except BaseException:
        file.close()
        raise


@contextlib.asynccontextmanager
async def spooled(chunks: AsyncIterable[bytes]) -> AsyncIterator[HashedFile]:
    """A stream as a file: in memory while it is small, else on the disk, deleted at the end."""

    digest, size_bytes = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        async for chunk in chunks:
            digest.update(chunk)
            size_bytes += len(chunk)
            await asyncio.to_thread(spool.write, chunk)
        yield HashedFile(spool, Stored(digest.hexdigest(), size_bytes))  # pyright: ignore[reportArgumentType]
