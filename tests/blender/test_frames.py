"""The frames between front and child."""

import asyncio
import io
import struct

import pytest

from cloud.blender.frames import (
    FRAME_LIMIT_BYTES,
    BrokenStream,
    Message,
    encode_message,
    read_message,
    read_message_async,
)


def test_a_message_with_pictures_comes_back_as_it_was() -> None:
    sent = Message({"text": "snow ❄", "n": 1}, (b"", b"\x00\xff" * 1000))
    assert read_message(io.BytesIO(encode_message(sent))) == sent


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x00",
        struct.pack(">I", 10) + b"short",
        struct.pack(">I", FRAME_LIMIT_BYTES + 1),
        struct.pack(">I", 3) + b"{]}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 12) + b'{"blobs": 99}'[:12],
    ],
)
async def test_a_broken_stream_is_told_on_both_sides(raw: bytes) -> None:
    with pytest.raises(BrokenStream):
        read_message(io.BytesIO(raw))
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    with pytest.raises(BrokenStream):
        await read_message_async(reader)


def test_more_than_the_limit_is_not_sent() -> None:
    with pytest.raises(ValueError, match="at most"):
        encode_message(Message({}, (b"",) * 100))
