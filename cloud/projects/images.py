"""Reference images as users send them, made safe and small enough for the model."""

import io
from typing import NamedTuple

from PIL import Image, ImageOps

from cloud.errors import InvalidInput

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# The model scales larger pictures down to this itself.
LONG_SIDE_PX = 1568
# A picture of this many pixels takes some 250 MB while it is decoded.
_PIXELS_LIMIT = 60_000_000
# The Messages API takes at most 5 MB of base64 for one image.
_ENCODED_LIMIT_BYTES = 3_600_000


class CleanImage(NamedTuple):
    """An image with nothing but its pixels: no EXIF, no place, no comment."""

    content: bytes
    media_type: str
    extension: str


def clean_image(content: bytes) -> CleanImage:
    """The picture upright, at most 1568 px long, encoded anew. Blocks: decoding takes up to a second.

    Of an animation only the first frame is kept. Raises: InvalidInput: no whole PNG, JPEG, WebP or GIF, or one
    of too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > _PIXELS_LIMIT:
                raise InvalidInput(
                    f"The image has {opened.width} × {opened.height} pixels; "
                    f"at most {_PIXELS_LIMIT // 1_000_000} million are allowed: scale it down."
                )
            lossless = opened.format in ("PNG", "GIF")
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            transparent = upright.has_transparency_data
            picture = upright.convert("RGBA" if transparent else "RGB")
    except InvalidInput:
        raise
    except Image.DecompressionBombError as error:
        raise InvalidInput("The image has far too many pixels; scale it down.") from error
    # Pillow's decoders raise all of these on bytes that are not what they claim to be.
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, OverflowError, EOFError) as error:
        raise InvalidInput("The file is not a whole PNG, JPEG, WebP or GIF image; choose another one.") from error
    picture.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX), Image.Resampling.LANCZOS)
    return _encode(picture, lossless=lossless, transparent=transparent)


def _encode(picture: Image.Image, *, lossless: bool, transparent: bool) -> CleanImage:
    picture.info.clear()
    if lossless or transparent:
        content = _saved(picture, "PNG")
        if len(content) <= _ENCODED_LIMIT_BYTES:
            return CleanImage(content, "image/png", "png")
    if transparent:
        return CleanImage(_saved(picture, "WEBP", quality=90), "image/webp", "webp")
    return CleanImage(_saved(picture, "JPEG", quality=90), "image/jpeg", "jpg")


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
