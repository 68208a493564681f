"""What a child and all that it starts write to their standard output and error: kept at both ends, never in full.

The front reads the pipe all the time. So neither a loop that prints gigabytes nor a C function that prints while it
holds Python's lock can fill memory, a disk or the pipe.
"""

import asyncio
import contextlib
import os

HEAD_LIMIT_BYTES, TAIL_LIMIT_BYTES = 1_000, 2_000
_MARK_LIMIT_S = 0.5
_NOISE = ("Info: ", 'Saved "', "Read blend:", "EGL", "CUEW", "Fra:", "could not get a list of mounted")


class OutputDrain(asyncio.Protocol):
    """Reads a pipe to its end. One call at a time: `begin`, then `end`."""

    def __init__(self) -> None:
        self._head, self._tail, self._dropped = b"", b"", 0
        self._mark = b"\0"
        self._marked = asyncio.Event()

    @classmethod
    async def on(cls, fd: int) -> "OutputDrain":
        """Start to read the pipe, which is ours from now on."""
        _, drain = await asyncio.get_running_loop().connect_read_pipe(cls, os.fdopen(fd, "rb", buffering=0))
        return drain

    def begin(self, mark: str) -> None:
        """A call begins; the child will write the mark on a line of its own when it has written all else."""
        self._head, self._tail, self._dropped = b"", b"", 0
        self._mark = mark.encode() + b"\n"
        self._marked.clear()

    async def end(self) -> str:
        """What was written since `begin`, as far as it is kept; waits for the mark a moment."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._marked.wait(), _MARK_LIMIT_S)
        return self.text()

    def text(self) -> str:
        """What is kept now, without Blender's own chatter, and how much was left out."""
        if self._dropped:
            cut = f"\n[… {self._dropped} bytes left out …]\n".encode()
            kept = self._head + cut + self._tail.replace(self._mark, b"")
        else:
            kept = (self._head + self._tail).replace(self._mark, b"")
        lines = kept.decode(errors="replace").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(_NOISE))

    def data_received(self, data: bytes) -> None:
        """Keep the beginning and the end."""
        if not self._marked.is_set() and self._mark in (self._head + self._tail)[-len(self._mark) :] + data:
            self._marked.set()
        room = HEAD_LIMIT_BYTES - len(self._head)
        self._head += data[:room] if room > 0 else b""
        rest = self._tail + data[max(room, 0) :]
        self._dropped += max(0, len(rest) - TAIL_LIMIT_BYTES)
        self._tail = rest[-TAIL_LIMIT_BYTES:]
