"""What user code writes to stdout and stderr, Python's and C's alike, kept apart from our own streams."""

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Iterator

STDOUT_LIMIT_CHARS = 8_000

_LIBC = ctypes.CDLL(None)


class CappedText(io.TextIOBase):
    """A text stream that keeps the beginning and the end of what is written, and forgets the middle."""

    def __init__(self, limit_chars: int = STDOUT_LIMIT_CHARS) -> None:
        self._head_limit, self._tail_limit = limit_chars * 3 // 4, limit_chars // 4
        self._head, self._tail, self._dropped = "", "", 0

    def writable(self) -> bool:
        """True: it takes text."""
        return True

    def write(self, text: str, /) -> int:
        """Take text; any amount costs bounded memory."""
        room = self._head_limit - len(self._head)
        self._head += text[:room] if room > 0 else ""
        rest = self._tail + text[max(room, 0) :]
        self._dropped += max(0, len(rest) - self._tail_limit)
        self._tail = rest[-self._tail_limit :]
        return len(text)

    def text(self) -> str:
        """What was kept, with a note where something was left out."""
        if self._dropped:
            return f"{self._head}\n[… {self._dropped} characters left out …]\n{self._tail}"
        return self._head + self._tail


@contextlib.contextmanager
def captured_output() -> Iterator[CappedText]:
    """Collect what Python code of the block prints; what C code prints goes to the front's pipe."""
    kept = CappedText()
    with contextlib.redirect_stdout(kept), contextlib.redirect_stderr(kept):
        yield kept


def end_of_output(nonce: str) -> None:
    """Tell the front, on the pipe itself, that all output of this request is written."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream:
            stream.flush()
    _LIBC.fflush(None)
    with contextlib.suppress(OSError):  # user code may have closed it
        os.write(1, nonce.encode() + b"\n")
