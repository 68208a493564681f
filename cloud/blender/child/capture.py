"""What a step writes to stdout and stderr from Python, kept apart from our own streams.

What is written past Python (C code, child processes) goes to the numbers 1 and 2, which the front reads to the
line that `end_of_output` writes. Both numbers are put right before and after each step: scripts redirect and close
them.
"""

import contextlib
import ctypes
import functools
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

STDOUT_LIMIT_CHARS = 8_000

_LIBC = ctypes.CDLL(None)
_BLOCK_BYTES = 2**16


class CappedBytes:
    """Keeps the beginning and the end of what is written, and forgets the middle; any amount costs bounded memory."""

    def __init__(self, limit_bytes: int = STDOUT_LIMIT_CHARS) -> None:
        self._head_limit, self._tail_limit = limit_bytes * 3 // 4, limit_bytes // 4
        self._head, self._tail, self._dropped = b"", b"", 0

    def write(self, chunk: memoryview) -> None:
        """Take bytes."""
        room = self._head_limit - len(self._head)
        self._head += bytes(chunk[:room]) if room > 0 else b""
        chunk = chunk[max(room, 0) :]
        kept = self._tail + bytes(chunk[-self._tail_limit :])
        self._dropped += len(self._tail) + len(chunk) - min(len(kept), self._tail_limit)
        self._tail = kept[-self._tail_limit :]

    def text(self) -> str:
        """What was kept, with a note where something was left out."""
        if not self._dropped:
            return (self._head + self._tail).decode(errors="replace")
        head, tail = self._head.decode(errors="replace"), self._tail.decode(errors="replace")
        return f"{head}\n[… {self._dropped} bytes left out …]\n{tail}"


class _Sink(io.RawIOBase):
    """The bottom of a text stream: like the file of that number to whoever asks, but the bytes are kept here."""

    def __init__(self, kept: CappedBytes, number: int, first: TextIO | None = None) -> None:
        super().__init__()
        self._kept, self._number, self._first = kept, number, first

    def writable(self) -> bool:
        """True: it takes bytes."""
        return True

    def fileno(self) -> int:
        """The number that scripts redirect to silence Blender itself."""
        return self._number

    def isatty(self) -> bool:
        """False: nobody watches."""
        return False

    def write(self, chunk: "Buffer", /) -> int:
        """Keep the bytes, after what waits in the other stream."""
        if self._first and not self._first.closed:
            self._first.flush()
        view = memoryview(chunk).cast("B")
        self._kept.write(view)
        return len(view)


@contextlib.contextmanager
def captured_output() -> Iterator[CappedBytes]:
    """Collect Python's output of the block; complete once the block has ended."""
    _put_numbers_right()
    kept = CappedBytes()
    out = io.TextIOWrapper(io.BufferedWriter(_Sink(kept, 1), _BLOCK_BYTES), "utf-8", "replace")
    # stderr is written through at each line, as Python does, and lets stdout go first: the order is as written.
    sink = _Sink(kept, 2, first=out)
    err = io.TextIOWrapper(io.BufferedWriter(sink), "utf-8", "backslashreplace", line_buffering=True)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield kept
    finally:
        for stream in (out, err):
            # Scripts close and detach them; what they wrote before is kept already.
            with contextlib.suppress(ValueError, OSError):
                stream.flush()
        _put_numbers_right()


def end_of_output(nonce: str) -> None:
    """Tell the reader of our stdout that everything up to here has been written: `nonce`, as a line."""
    _put_numbers_right()
    with contextlib.suppress(OSError):  # user code may have closed it
        os.write(_own_streams()[0], nonce.encode() + b"\n")


@functools.cache
def _own_streams() -> tuple[int, int]:
    """Our stdout and stderr under numbers that scripts do not know; first asked for before any of them ran."""
    return os.dup(1), os.dup(2)


def _put_numbers_right() -> None:
    """1 and 2 are our streams again, with nothing left in a buffer above them."""
    own = _own_streams()
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream and not stream.closed:
            with contextlib.suppress(OSError):
                stream.flush()
    _LIBC.fflush(None)
    for number, stream in enumerate(own, start=1):
        with contextlib.suppress(OSError):
            os.dup2(stream, number)
