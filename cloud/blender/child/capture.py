"""What user code writes to stdout and stderr, Python's and C's alike, kept apart from our own streams."""

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Iterator

STDOUT_LIMIT_CHARS = 8_000

_LIBC = ctypes.CDLL(None)
_NOISE = ("Info: ", 'Saved "', "Read blend:", "EGL", "CUEW")


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
    """Collect all output of the block; complete once the block has ended."""
    kept = CappedText()
    spill = os.memfd_create("step-output")
    _flush()
    saved = {fd: os.dup(fd) for fd in (1, 2)}
    for fd in saved:
        os.dup2(spill, fd)
    try:
        with contextlib.redirect_stdout(kept), contextlib.redirect_stderr(kept):
            yield kept
    finally:
        _flush()
        for fd, original in saved.items():
            os.dup2(original, fd)
            os.close(original)
        kept.write(_native_lines(spill))
        os.close(spill)


def _native_lines(spill: int) -> str:
    """What was written past Python, without Blender's own chatter."""
    raw = os.pread(spill, 4 * STDOUT_LIMIT_CHARS, 0).decode(errors="replace")
    return "".join(line for line in raw.splitlines(keepends=True) if not line.startswith(_NOISE))


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream:
            stream.flush()
    _LIBC.fflush(None)
