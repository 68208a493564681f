"""What passes between the front and the Blender child: length-prefixed frames over a socket pair.

A message is one frame of JSON (an object whose `blobs` says how many follow) and then that many frames of raw
bytes (pictures). A frame is a 4-byte big-endian length and the bytes. The other side is never trusted with
memory: longer frames than `HEADER_LIMIT_BYTES` and `FRAME_LIMIT_BYTES`, or more than `BLOBS_LIMIT` of them, are a
broken stream.

Files (snapshots, exports) pass as open descriptors over a second socket pair, sent before the message whose
`fds` counts them: neither side ever opens a path that the other could have put something else at.

Imported by both processes: the standard library alone.
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

FRAME_LIMIT_BYTES = 64 * 2**20
"""One picture, and all pictures of a message together."""
HEADER_LIMIT_BYTES = 8 * 2**20
"""As Python objects, JSON takes thirty times its length."""
BLOBS_LIMIT = 16
FDS_LIMIT = 16

_LENGTH = struct.Struct(">I")


class BrokenStream(Exception):
    """The other side ended, or sent something that is no message."""


@dataclass(frozen=True)
class Message:
    """A JSON object, the raw bytes and the open files that belong to it. Whoever has the message closes its files."""

    header: dict[str, Any]
    blobs: Sequence[bytes] = field(default_factory=tuple)
    fds: Sequence[int] = field(default_factory=tuple)


def hand_over(path: Path) -> int:
    """A read-only descriptor of the file, which loses its name: for `Message.fds`. Raises: OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    path.unlink()
    return fd


def encode_message(message: Message) -> bytes:
    """The message as bytes. Raises: ValueError: it breaks a limit."""
    if len(message.blobs) > BLOBS_LIMIT:
        raise ValueError(f"a message carries at most {BLOBS_LIMIT} blobs, not {len(message.blobs)}")
    # Lone surrogates, which no UTF-8 can carry further, become question marks.
    counts = {"blobs": len(message.blobs), "fds": len(message.fds)}
    head = json.dumps(message.header | counts, ensure_ascii=False).encode(errors="replace")
    parts: list[bytes] = []
    if len(head) > HEADER_LIMIT_BYTES:
        raise ValueError(f"a header holds at most {HEADER_LIMIT_BYTES} bytes, not {len(head)}")
    if (total := sum(map(len, message.blobs))) > FRAME_LIMIT_BYTES:
        raise ValueError(f"a message holds at most {FRAME_LIMIT_BYTES} bytes of blobs, not {total}")
    for frame in (head, *message.blobs):
        parts += (_LENGTH.pack(len(frame)), frame)
    return b"".join(parts)


def send_message(stream: socket.socket, files: socket.socket, message: Message) -> None:
    """Send the message and close its files, which the other side has now. Blocking. Raises: OSError, ValueError."""
    encoded = encode_message(message)
    for fd in message.fds:
        socket.send_fds(files, [b"f"], [fd])
        os.close(fd)
    stream.sendall(encoded)


def read_message(stream: BinaryIO) -> Message:
    """The next message, without files, of a blocking, buffered stream. Raises: BrokenStream."""
    header = _decode_header(_read_frame(stream, HEADER_LIMIT_BYTES))
    _take_count(header, "fds", 0)
    blobs: list[bytes] = []
    for _ in range(_take_count(header, "blobs", BLOBS_LIMIT)):
        blobs.append(_read_frame(stream, _room_after(blobs)))
    return Message(header, tuple(blobs))


async def read_message_async(stream: asyncio.StreamReader, files: socket.socket | None = None) -> Message:
    """The next message of an asyncio stream; its files come over `files`. Raises: BrokenStream."""
    header = _decode_header(await _read_frame_async(stream, HEADER_LIMIT_BYTES))
    count = _take_count(header, "fds", FDS_LIMIT)
    blobs: list[bytes] = []
    for _ in range(_take_count(header, "blobs", BLOBS_LIMIT)):
        blobs.append(await _read_frame_async(stream, _room_after(blobs)))
    return Message(header, tuple(blobs), _receive_fds(files, count) if count else ())


def _room_after(blobs: Sequence[bytes]) -> int:
    return FRAME_LIMIT_BYTES - sum(map(len, blobs))


def _receive_fds(files: socket.socket | None, count: int) -> tuple[int, ...]:
    """The descriptors, which were sent before the message that counts them: there is nothing to wait for."""
    received: list[int] = []
    while files is not None and len(received) < count:
        try:
            data, fds, _, _ = socket.recv_fds(files, 1, 1, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
        except OSError:
            break
        received += fds
        if not data or not fds:
            break
    if len(received) != count:
        for fd in received:
            os.close(fd)
        raise BrokenStream("a message's files are missing")
    return tuple(received)


def _read_frame(stream: BinaryIO, limit_bytes: int) -> bytes:
    length = _checked_length(_read_exactly(stream, _LENGTH.size), limit_bytes)
    return _read_exactly(stream, length)


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    chunk = stream.read(count)
    if len(chunk) < count:
        raise BrokenStream("the stream ended")
    return chunk


async def _read_frame_async(stream: asyncio.StreamReader, limit_bytes: int) -> bytes:
    try:
        return await stream.readexactly(_checked_length(await stream.readexactly(_LENGTH.size), limit_bytes))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise BrokenStream("the stream ended") from error


def _checked_length(prefix: bytes, limit_bytes: int) -> int:
    length: int = _LENGTH.unpack(prefix)[0]
    if length > limit_bytes:
        raise BrokenStream(f"a frame of {length} bytes is longer than {limit_bytes}")
    return length


def _decode_header(frame: bytes) -> dict[str, Any]:
    try:
        header = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise BrokenStream("a header is not JSON") from error
    if not isinstance(header, dict):
        raise BrokenStream("a header is no message")
    return header


def _take_count(header: dict[str, Any], name: str, limit: int) -> int:
    count = header.pop(name, None)
    if type(count) is not int or not 0 <= count <= limit:
        raise BrokenStream(f"a header does not count its {name}")
    return count
