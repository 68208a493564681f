"""How many tokens something is, about: for decisions that must cost nothing. What is billed comes with each reply."""

import base64
import binascii
import functools
import io
import json
from collections.abc import Iterable
from typing import Any

from PIL import Image, UnidentifiedImageError

from cloud.agent.contract import Block

# Rather too many: code has about 3.5 bytes a token, English 4, most other scripts 3.
_BYTES_A_TOKEN = 3.2
_PIXELS_A_TOKEN = 750
# The server scales larger pictures down to about this.
_PICTURE_AT_MOST = 1600
_BLOCK = 8
# Enough of a picture's base64 to know its size by.
_HEADER_CHARS = 4096


def tokens_of_text(text: str) -> int:
    """The tokens of a text."""
    return int(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN) + 1


def tokens_of(blocks: Iterable[Block]) -> int:
    """The tokens of a turn's blocks, those within them too."""
    return sum(_tokens_of_block(block) for block in blocks)


def pictures_in(blocks: Iterable[Block]) -> list[Block]:
    """The image blocks, those within tool results too."""
    found: list[Block] = []
    for block in blocks:
        if block["type"] == "image":
            found.append(block)
        elif isinstance(block.get("content"), list):
            found += pictures_in(block["content"])
    return found


def _tokens_of_block(block: Block) -> int:
    match block:
        case {"type": "text", "text": str(text)}:
            return _BLOCK + tokens_of_text(text)
        case {"type": "image", "source": {"data": str(data)}}:
            return _BLOCK + _tokens_of_picture(data[:_HEADER_CHARS])
        case {"type": "image"}:
            return _BLOCK + _PICTURE_AT_MOST
        case {"type": "tool_result", "content": list(content)}:
            return 3 * _BLOCK + tokens_of(content)
        case _:
            return _BLOCK + tokens_of_text(_json(block))


@functools.lru_cache(maxsize=1024)
def _tokens_of_picture(beginning: str) -> int:
    try:
        with Image.open(io.BytesIO(base64.b64decode(beginning))) as picture:
            width_px, height_px = picture.size
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return _PICTURE_AT_MOST
    return min(width_px * height_px // _PIXELS_A_TOKEN + 1, _PICTURE_AT_MOST)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
