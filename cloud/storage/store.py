"""Where the bytes of snapshots and artifacts lie: objects named by the SHA-256 of their content.

Content addressing makes every write repeatable: the same bytes land on the same object, so a step that runs
twice stores once. Nothing here knows users; whoever asks has found the hash in a row of its owner.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from cloud.storage.contents import SPOOL_BYTES, ContentChanged, HashedFile, open_hashed, spooled
from cloud.storage.faults import (
    NOT_FOUND,
    ArtifactMissing,
    StoreUnavailable,
    as_missing,
    as_unavailable,
    gone_is_fine,
    unavailable,
)
from cloud.storage.names import ASIDE, PROBE, Listed, Stored, aside_key, hash_in, key_of, set_aside_in
from cloud.storage.s3.links import Link, Links

if TYPE_CHECKING:
    from cloud.settings import Settings

__all__ = ["ArtifactMissing", "ArtifactStore", "Link", "Listed", "StoreUnavailable", "Stored"]

_READ_CHUNK_BYTES = 256 * 1024
# An upload in parts holds so many of them in memory; a part has to be sent within the store's time limit.
_PART_BYTES, _PARTS_AT_ONCE = 8 * 2**20, 3
_LIST_CHUNK = 1000


class ArtifactStore:
    """Objects in a local folder or a bucket of S3. Safe to use from many tasks and processes at once."""

    def __init__(self, store: ObjectStore, links: Links | None = None) -> None:
        self._store = store
        self._links = links

    @classmethod
    def local(cls, folder: Path) -> Self:
        """A store in `folder`, which is made if it is missing.

        Raises: StoreUnavailable: the folder cannot be made.
        """
        try:
            return cls(LocalStore(folder.absolute(), mkdir=True, automatic_cleanup=True))
        except (BaseError, OSError) as error:
            raise unavailable(error) from error

    @classmethod
    def of_settings(cls, settings: "Settings") -> Self:
        """The store of a deployment: its bucket, else a folder on this machine. Asks nobody yet.

        Raises: StoreUnavailable: the folder cannot be made. StoreRefused: the settings do not go together.
        """
        if not settings.artifacts_url:
            return cls.local(settings.artifacts_dir)
        # Imported late: most machines have no bucket.
        from cloud.storage.s3.opening import open_bucket

        return cls(*open_bucket(settings))

    async def put(self, content: bytes | Path | AsyncIterable[bytes], *, anew: bool = False) -> Stored:
        """Keep `content`, whole or not at all. A path or a stream may be larger than memory.

        `anew`: write it even if it is there, where what is there may be damaged.
        Raises: StoreUnavailable. OSError: the path cannot be read, or is written to meanwhile.
        """
        if isinstance(content, bytes):
            stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
            if anew or not await self.has(stored.sha256):
                await self._write(stored, content)
            return stored
        if isinstance(content, Path):
            opened = await asyncio.to_thread(open_hashed, content)
            with opened.file:
                return await self._put_file(opened, anew=anew)
        async with spooled(content) as opened:
            return await self._put_file(opened, anew=anew)

    async def get(self, sha256: str) -> bytes:
        """The whole content, checked against its name. Raises: ArtifactMissing, StoreUnavailable."""
        content = b"".join([chunk async for chunk in self.stream(sha256)])
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArtifactMissing(sha256, "is damaged")
        return content

    async def stream(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The content's bytes from `start` to before `end` (None: to the last), in chunks.

        The first chunk is read before anything is given out. Raises: ArtifactMissing, StoreUnavailable.
        """
        with as_missing(sha256):
            found = await self._open(sha256, _range_option(start, end))
            async for chunk in found.stream(min_chunk_size=_READ_CHUNK_BYTES):
                yield bytes(chunk)

    async def has(self, sha256: str) -> bool:
        """Whether the content is there, and not only set aside. Raises: StoreUnavailable."""
        try:
            with as_missing(sha256):
                await obstore.head_async(self._store, key_of(sha256))
        except ArtifactMissing:
            return False
        return True

    async def size_of(self, sha256: str) -> int:
        """The bytes of the content, in its place or set aside. Raises: ArtifactMissing, StoreUnavailable."""
        with as_missing(sha256):
            return (await self._open(sha256, None)).meta["size"]

    async def link_to(self, sha256: str, disposition: str, media_type: str) -> Link | None:
        """An address where the content can be had for a short time by whoever has it, answered with these headers.

        None: this store gives none, or not of this content, which may be set aside; then `stream` it.
        Raises: ArtifactMissing, StoreUnavailable.
        """
        if self._links is None or not await self.has(sha256):
            return None
        return await self._links.link_to(key_of(sha256), disposition, media_type)

    async def list_objects(self, prefix: str) -> AsyncIterator[Sequence[Listed]]:
        """The objects whose hash starts with `prefix` (two hexadecimal digits), some at a time; nothing else.

        Raises: StoreUnavailable: no answer, or a file of somebody else whose name cannot be read.
        """
        async for chunk in self._listed(prefix):
            yield [
                Listed(sha256, one["size"], one["last_modified"]) for one in chunk if (sha256 := hash_in(one["path"]))
            ]

    async def set_aside(self, sha256: str, at: dt.datetime) -> None:
        """Take the object out of the way without losing it: it can still be read. No error if it is gone.

        `put` writes it anew meanwhile; so a clean-up that sets aside, waits, asks again who needs it, and only then
        discards, never takes what somebody has just put. S3 cannot rename: it is copied, then deleted, and whoever
        dies in between leaves both, of which the next clean-up takes the one and then the other.
        Raises: StoreUnavailable.
        """
        with gone_is_fine():
            await obstore.rename_async(self._store, key_of(sha256), aside_key(sha256, at))

    async def list_aside(self) -> AsyncIterator[Sequence[Listed]]:
        """What is set aside, some at a time. Raises: StoreUnavailable."""
        async for chunk in self._listed(ASIDE):
            found = [(one, set_aside_in(one["path"])) for one in chunk]
            yield [Listed(which[0], one["size"], which[1]) for one, which in found if which]

    async def bring_back(self, sha256: str, at: dt.datetime) -> None:
        """What was set aside at that time is in its place again. Raises: StoreUnavailable."""
        with gone_is_fine():
            await obstore.copy_async(self._store, aside_key(sha256, at), key_of(sha256))
        await self.discard(sha256, at)

    async def discard(self, sha256: str, at: dt.datetime) -> None:
        """Delete for good what was set aside at that time. No error if it is gone. Raises: StoreUnavailable."""
        with gone_is_fine():
            await obstore.delete_async(self._store, aside_key(sha256, at))

    async def check(self) -> None:
        """The store takes writes. Raises: StoreUnavailable; what obstore said is its cause."""
        try:
            await obstore.put_async(self._store, PROBE, b"ok")
        except (BaseError, OSError) as error:
            raise unavailable(error) from error

    async def _open(self, sha256: str, options: "obstore.GetOptions | None") -> "obstore.GetResult":
        """In its place, or where it was set aside; once more in its place, as it may be on its way back."""
        with contextlib.suppress(*NOT_FOUND):
            return await obstore.get_async(self._store, key_of(sha256), options=options)
        async for chunk in self._listed(f"{ASIDE}/{sha256}"):
            for one in chunk:
                with contextlib.suppress(*NOT_FOUND):
                    return await obstore.get_async(self._store, one["path"], options=options)
        return await obstore.get_async(self._store, key_of(sha256), options=options)

    async def _listed(self, prefix: str) -> AsyncIterator[Sequence["obstore.ObjectMeta"]]:
        try:
            async for chunk in obstore.list(self._store, prefix, chunk_size=_LIST_CHUNK):
                yield chunk
        except (BaseError, OSError) as error:
            raise unavailable(error) from error

    async def _put_file(self, opened: HashedFile, *, anew: bool) -> Stored:
        """Small ones in one request, others in parts: the store shows nothing before all of them are there."""
        stored = opened.stored
        if not anew and await self.has(stored.sha256):
            return stored
        small = stored.bytes <= SPOOL_BYTES
        content = await asyncio.to_thread(opened.whole) if small else opened
        try:
            await self._write(stored, content)
        except StoreUnavailable:
            # obstore ends the upload, and where that fails it tells only this.
            if opened.has_changed:
                raise ContentChanged from None
            raise
        return stored

    async def _write(self, stored: Stored, content: bytes | HashedFile) -> None:
        pieces = content if isinstance(content, bytes) else content.pieces()
        with as_unavailable():
            await obstore.put_async(
                self._store, key_of(stored.sha256), pieces, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )


def _range_option(start: int, end: int | None) -> "obstore.GetOptions | None":
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else None
