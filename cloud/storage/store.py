"""Where the bytes of snapshots and artifacts lie: objects named by the SHA-256 of their content.

Content addressing makes every write repeatable: the same bytes land on the same object, so a step that runs
twice stores once. Nothing here knows users; whoever asks has found the hash in a row of its owner.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore

from cloud.errors import Prompt2MeshError, Unavailable

_READ_CHUNK_BYTES = 256 * 1024
# Streams above this are kept in a file, not in memory, until their hash is known.
_SPOOL_BYTES = 8 * 2**20
_PROBE = "probe"
_LIST_CHUNK = 1000
# Set aside by a clean-up: "aside/<sha256>/<seconds since 1970 when that was done>".
_ASIDE = "aside"
_ASIDE_KEY = re.compile(rf"{_ASIDE}/([0-9a-f]{{64}})/([0-9]{{1,11}})")


class ArtifactMissing(Prompt2MeshError):
    """A row names an object that the store does not have, or whose content is not what its name says."""

    code, http_status = "artifact_missing", 410

    def __init__(self, sha256: str, why: str = "is not in the artifact store") -> None:
        super().__init__(f"The content {sha256[:12]}… {why}; it has to be made again.")


class StoreUnavailable(Unavailable):
    """The artifact store does not answer or cannot be written."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("The artifact store does not answer; try again in a moment.")


class Listed(NamedTuple):
    """An object as the store lists it. `moved_at` is when it was last written, or when it was set aside."""

    sha256: str
    bytes: int
    moved_at: dt.datetime


class Stored(NamedTuple):
    """What was put: the name and the size of its content."""

    sha256: str
    bytes: int


class ArtifactStore:
    """Objects in a local folder; any store of obstore will do. Safe to use from many tasks and processes at once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def local(cls, folder: Path) -> Self:
        """A store in `folder`, which is made if it is missing.

        Raises: StoreUnavailable: the folder cannot be made.
        """
        try:
            return cls(LocalStore(folder.absolute(), mkdir=True, automatic_cleanup=True))
        except (BaseError, OSError) as error:
            raise StoreUnavailable from error

    async def put(self, content: bytes | Path | AsyncIterable[bytes]) -> Stored:
        """Keep `content`, whole or not at all. A path or a stream may be larger than memory.

        Raises: StoreUnavailable. OSError: the path cannot be read.
        """
        if isinstance(content, bytes):
            return await self._put(content, hashlib.sha256(content).hexdigest(), len(content))
        if isinstance(content, Path):
            return await self._put(content, *await asyncio.to_thread(_hash_of_file, content))
        return await self._put_stream(content)

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
        try:
            found = await self._open(sha256, _range_option(start, end))
            async for chunk in found.stream(min_chunk_size=_READ_CHUNK_BYTES):
                yield bytes(chunk)
        except (NotFoundError, FileNotFoundError) as error:
            raise ArtifactMissing(sha256) from error
        except BaseError as error:
            raise StoreUnavailable from error

    async def has(self, sha256: str) -> bool:
        """Whether the content is there, and not only set aside. Raises: StoreUnavailable."""
        try:
            await obstore.head_async(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return False
        except BaseError as error:
            raise StoreUnavailable from error
        return True

    async def size_of(self, sha256: str) -> int:
        """The bytes of the content, in its place or set aside. Raises: ArtifactMissing, StoreUnavailable."""
        try:
            return (await self._open(sha256, None)).meta["size"]
        except (NotFoundError, FileNotFoundError) as error:
            raise ArtifactMissing(sha256) from error
        except BaseError as error:
            raise StoreUnavailable from error

    async def list_objects(self, prefix: str) -> AsyncIterator[Sequence[Listed]]:
        """The objects whose hash starts with `prefix` (two hexadecimal digits), some at a time; nothing else.

        Raises: StoreUnavailable: no answer, or a file of somebody else whose name cannot be read.
        """
        async for chunk in self._listed(prefix):
            yield [
                Listed(sha256, one["size"], one["last_modified"])
                for one in chunk
                if (sha256 := one["path"].rpartition("/")[2]) and _is_key(one["path"])
            ]

    async def set_aside(self, sha256: str, at: dt.datetime) -> None:
        """Take the object out of the way without losing it: it can still be read. No error if it is gone.

        `put` writes it anew meanwhile; so a clean-up that sets aside, waits, asks again who needs it, and only then
        discards, never takes what somebody has just put. Raises: StoreUnavailable.
        """
        with _gone_is_fine():
            await obstore.rename_async(self._store, _key(sha256), _aside_key(sha256, at))

    async def list_aside(self) -> AsyncIterator[Sequence[Listed]]:
        """What is set aside, some at a time. Raises: StoreUnavailable."""
        async for chunk in self._listed(_ASIDE):
            found = [(one, _ASIDE_KEY.fullmatch(one["path"])) for one in chunk]
            yield [
                Listed(match[1], one["size"], dt.datetime.fromtimestamp(int(match[2]), dt.UTC))
                for one, match in found
                if match
            ]

    async def bring_back(self, sha256: str, at: dt.datetime) -> None:
        """What was set aside at that time is in its place again. Raises: StoreUnavailable."""
        with _gone_is_fine():
            await obstore.copy_async(self._store, _aside_key(sha256, at), _key(sha256))
        await self.discard(sha256, at)

    async def discard(self, sha256: str, at: dt.datetime) -> None:
        """Delete for good what was set aside at that time. No error if it is gone. Raises: StoreUnavailable."""
        with _gone_is_fine():
            await obstore.delete_async(self._store, _aside_key(sha256, at))

    async def check(self) -> None:
        """The store takes writes. Raises: StoreUnavailable."""
        try:
            await obstore.put_async(self._store, _PROBE, b"ok")
        except (BaseError, OSError) as error:
            raise StoreUnavailable from error

    async def _open(self, sha256: str, options: "obstore.GetOptions | None") -> "obstore.GetResult":
        """In its place, or where it was set aside; once more in its place, as it may be on its way back."""
        with contextlib.suppress(NotFoundError, FileNotFoundError):
            return await obstore.get_async(self._store, _key(sha256), options=options)
        async for chunk in self._listed(f"{_ASIDE}/{sha256}"):
            for one in chunk:
                with contextlib.suppress(NotFoundError, FileNotFoundError):
                    return await obstore.get_async(self._store, one["path"], options=options)
        return await obstore.get_async(self._store, _key(sha256), options=options)

    async def _listed(self, prefix: str) -> AsyncIterator[Sequence["obstore.ObjectMeta"]]:
        try:
            async for chunk in obstore.list(self._store, prefix, chunk_size=_LIST_CHUNK):
                yield chunk
        except (BaseError, OSError) as error:
            raise StoreUnavailable from error

    async def _put(self, content: bytes | Path, sha256: str, size_bytes: int) -> Stored:
        if not await self.has(sha256):
            try:
                await obstore.put_async(self._store, _key(sha256), content)
            except BaseError as error:
                raise StoreUnavailable from error
        return Stored(sha256, size_bytes)

    async def _put_stream(self, chunks: AsyncIterable[bytes]) -> Stored:
        digest, size_bytes = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
            async for chunk in chunks:
                digest.update(chunk)
                size_bytes += len(chunk)
                await asyncio.to_thread(spool.write, chunk)
            spool.seek(0)
            sha256 = digest.hexdigest()
            if not await self.has(sha256):
                try:
                    await obstore.put_async(self._store, _key(sha256), _pieces(spool))
                except BaseError as error:
                    raise StoreUnavailable from error
        return Stored(sha256, size_bytes)


def _key(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ArtifactMissing(sha256)
    return f"{sha256[:2]}/{sha256}"


def _is_key(path: str) -> bool:
    folder, _, name = path.partition("/")
    return bool(re.fullmatch(r"[0-9a-f]{64}", name)) and name.startswith(folder) and len(folder) == 2


def _aside_key(sha256: str, at: dt.datetime) -> str:
    return f"{_ASIDE}/{_key(sha256)[3:]}/{int(at.timestamp())}"


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        return
    except BaseError as error:
        raise StoreUnavailable from error


def _range_option(start: int, end: int | None) -> "obstore.GetOptions | None":
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else None


def _pieces(file: "tempfile.SpooledTemporaryFile[bytes]") -> Iterable[bytes]:
    while piece := file.read(_READ_CHUNK_BYTES):
        yield piece


def _hash_of_file(file: Path) -> tuple[str, int]:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest(), opened.tell()
