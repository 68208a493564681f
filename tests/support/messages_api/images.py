"""What a base64 picture is, read once."""

import base64
import binascii
import functools
import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


@dataclass(frozen=True)
class ImageFacts:
    """A picture's media type as its bytes say, its size on disk, and its sides."""

    media_type: str | None
    size_bytes: int
    width_px: int
    height_px: int


@functools.lru_cache(maxsize=2048)
def facts_of(data: str) -> ImageFacts | None:
    """The facts of a base64 picture; None if it cannot be decoded."""
    try:
        raw = base64.b64decode(data, validate=True)
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            return ImageFacts(_MEDIA_TYPES.get(image.format or ""), len(raw), image.width, image.height)
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
