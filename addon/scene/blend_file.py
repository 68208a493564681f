"""What a .blend holds, read from its bytes without Blender: nothing in the file is trusted, opened or followed.

Works in any thread, in slices: a file of 200 MB is read through before Blender sees it, and the window stays alive.
"""

import gzip
import io
import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import RefusedFile, UnreadableFile

try:
    import zstandard
except ImportError:  # Blender's own builds carry it; a distribution's may not
    zstandard = None

UNFOLDED_LIMIT_BYTES = 4 * 2**30
"""More than this a compressed file may not unfold to."""

_SLICE_S, _BLOCKS_BETWEEN_LOOKS = 0.002, 50
_READ_BYTES = 2**18  # 0.3 ms to unfold
_BLOCKS_LIMIT = 20_000_000
_KINDS_LIMIT = 200  # Blender has about 50
# Up to Blender 4: BLENDER-v405 (`_`: 32 bit, `V`: big-endian). From Blender 5: BLENDER17-01v0500.
_OLD_HEAD = re.compile(rb"BLENDER([-_])([vV])(\d)(\d\d)")
_NEW_HEAD = re.compile(rb"BLENDER(\d\d)-(\d\d)([vV])(\d\d)(\d\d)")
_DAMAGED = "The file is damaged or incomplete; download it again."


@dataclass(frozen=True)
class BlendFile:
    """A .blend that is whole. `codes`: how many blocks of each kind (`OB`, `LI`, `TX` …) it has.

    `unfolded_bytes`: what it takes uncompressed. `scanned` False: it is compressed in a way that only Blender knows
    here, so nothing but its size on disk is known.
    """

    version: tuple[int, int]
    unfolded_bytes: int
    codes: Counter[str]
    scanned: bool = True


def read_blend(path: Path) -> BlendFile:
    """The same as `scan_blend`, at once. Raises: UnreadableFile, RefusedFile."""
    scan = scan_blend(path)
    while True:
        try:
            next(scan)
        except StopIteration as end:
            return end.value


def scan_blend(path: Path) -> Generator[float, None, BlendFile]:
    """Walk through the file's blocks. Yields: which part of the file is read, each 2 ms.

    Raises: UnreadableFile: it cannot be read, is no .blend or is not whole. RefusedFile: it unfolds to too much.
    """
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as raw:
            stream = _unfolded(raw)
            if stream is None:
                return BlendFile((0, 0), size_bytes, Counter(), scanned=False)
            return (yield from _walk(stream, raw, max(1, size_bytes)))
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read ({error.strerror or error}); download it again.") from error
    except (EOFError, zlib.error, struct.error) as error:
        raise UnreadableFile(_DAMAGED) from error
    except Exception as error:
        if zstandard is not None and isinstance(error, zstandard.ZstdError):
            raise UnreadableFile(_DAMAGED) from error
        raise


def too_new(theirs: tuple[int, int], ours: tuple[int, ...]) -> str:
    """Why a Blender cannot read a file that a newer one saved, in a sentence."""
    this, that = ".".join(map(str, ours[:2])), ".".join(map(str, theirs))
    return (
        f"The file was saved by Blender {that}, which this Blender ({this}) cannot read; "
        "update Blender, or download the result as .glb."
    )


def _unfolded(raw: BinaryIO) -> BinaryIO | None:
    """The file's content uncompressed; None: it is compressed with zstd, and there is no module for it."""
    head = raw.read(4)
    raw.seek(0)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        if zstandard is None:
            return None
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, read_size=_READ_BYTES)
        return io.BufferedReader(reader, _READ_BYTES)  # pyright: ignore[reportArgumentType]
    if head.startswith(b"\x1f\x8b"):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), _READ_BYTES)  # pyright: ignore[reportArgumentType]
    return raw


class _Walker:
    """Reads forward and counts. `seeks`: the file is not compressed, so what lies between need not be read."""

    def __init__(self, stream: BinaryIO, seeks: bool) -> None:
        self._stream, self._seeks = stream, seeks
        self.position = 0

    def take(self, count: int) -> bytes:
        piece = self._stream.read(count)
        if len(piece) < count:
            raise EOFError
        self.position += count
        return piece

    def skip(self, count: int) -> Generator[None, None, None]:
        """Raises: EOFError: the file ends before; where it seeks, the next `take` finds that."""
        if self.position + count > UNFOLDED_LIMIT_BYTES and not self._seeks:
            limit = UNFOLDED_LIMIT_BYTES // 2**30
            raise RefusedFile(f"The file unfolds to more than {limit} GB, so it is not opened; make the scene smaller.")
        if self._seeks:
            self.position += count
            self._stream.seek(count, io.SEEK_CUR)
            return
        while count:
            piece = min(count, _READ_BYTES)
            self.take(piece)
            count -= piece
            yield


def _walk(stream: BinaryIO, raw: BinaryIO, size_bytes: int) -> Generator[float, None, BlendFile]:
    walker = _Walker(stream, stream is raw)
    version, layout = _read_head(walker)
    codes: Counter[str] = Counter()
    blocks, until = 0, time.perf_counter() + _SLICE_S
    while True:
        code, length = layout.block(walker.take(layout.size))
        if code == "ENDB":
            break
        if length < 0:
            raise UnreadableFile(_DAMAGED)
        if code in codes or len(codes) < _KINDS_LIMIT:
            codes[code] += 1
        blocks += 1
        if blocks > _BLOCKS_LIMIT:
            raise RefusedFile("The file has more parts than any scene needs, so it is not opened.")
        for _ in walker.skip(length):
            if time.perf_counter() > until:
                yield raw.tell() / size_bytes
                until = time.perf_counter() + _SLICE_S
        if blocks % _BLOCKS_BETWEEN_LOOKS == 0 and time.perf_counter() > until:
            yield raw.tell() / size_bytes
            until = time.perf_counter() + _SLICE_S
    if not codes["DNA1"]:
        raise UnreadableFile(_DAMAGED)
    return BlendFile(version, walker.position, codes)


@dataclass(frozen=True)
class _Layout:
    """How the head of a block looks: code, length, and what is of no use here."""

    head: struct.Struct
    length_at: int

    @property
    def size(self) -> int:
        return self.head.size

    def block(self, head: bytes) -> tuple[str, int]:
        fields = self.head.unpack(head)
        return fields[0].rstrip(b"\0").decode("latin-1"), fields[self.length_at]


def _read_head(walker: _Walker) -> tuple[tuple[int, int], _Layout]:
    """Raises: UnreadableFile: it is no .blend."""
    head = walker.take(12)
    if found := _OLD_HEAD.match(head):
        order = "<" if found[2] == b"v" else ">"
        pointer = "Q" if found[1] == b"-" else "I"
        layout = _Layout(struct.Struct(f"{order}4si{pointer}ii"), 1)
        return (int(found[3]), int(found[4])), layout
    if head.startswith(b"BLENDER") and (found := _NEW_HEAD.match(head + walker.take(5))):
        walker.take(max(0, int(found[1]) - 17))
        order = "<" if found[3] == b"v" else ">"
        return (int(found[4]), int(found[5])), _Layout(struct.Struct(f"{order}4siQqq"), 3)
    raise UnreadableFile("The file is no .blend; download it again, or choose another one.")
