"""Reference images as users send them, made safe and small enough for the model."""

import io
import re
import unicodedata
from typing import NamedTuple

from PIL import Image, ImageCms, ImageOps

from cloud.errors import InvalidInput

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# The model scales larger pictures down to this itself.
LONG_SIDE_PX = 1568
# Where a picture is scaled in two turns, the first leaves it at least as long: no difference can be seen.
_ROUGH_SIDE_PX = 2 * LONG_SIDE_PX
# Smaller ones it cannot make out: they are shown to it enlarged.
_LONG_SIDE_AT_LEAST_PX = 48
# What is much longer than wide would come out of the scaling a few pixels thin.
_ASPECT_LIMIT = 20
# A picture of this many pixels takes up to a gigabyte while it is decoded.
_PIXELS_LIMIT = 60_000_000
# The Messages API takes at most 5 MB of base64 for one image.
_ENCODED_LIMIT_BYTES = 3_600_000
_NAME_LIMIT_CHARS = 80
_SAVE_AS = "save or export it as JPEG or PNG, then send that"
_HEAD_BYTES = 1024
# What the first bytes of files that are pictures to people, and none to the model, look like.
_OTHER_KINDS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"....ftyp(?:hei|hev|mif1|msf1)", re.DOTALL), "a HEIC (HEIF) picture, as iPhones take them", _SAVE_AS),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "an AVIF picture", _SAVE_AS),
    (re.compile(rb"....ftyp(?:crx |jp2 |qt  |isom|mp4|M4V)", re.DOTALL), "a raw picture or a film", _SAVE_AS),
    (re.compile(rb"(?:II\*\0|MM\0\*|II\+\0|MM\0\+)"), "a TIFF or raw camera picture", _SAVE_AS),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "a BMP picture", _SAVE_AS),
    (re.compile(rb"%PDF-"), "a PDF document", "export the page as PNG or JPEG, then send that"),
    (re.compile(rb"(?:%!PS|\xc5\xd0\xd3\xc6)"), "a PostScript drawing", _SAVE_AS),
    (re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg\b", re.DOTALL | re.IGNORECASE),
     "an SVG drawing", "export it as PNG, then send that"),
    (re.compile(rb"8BPS"), "a Photoshop file", _SAVE_AS),
    (re.compile(rb"\0\0\x01\0"), "an icon", _SAVE_AS),
    (re.compile(rb"(?:\xff\x0a|\0\0\0\x0cJXL )"), "a JPEG XL picture", _SAVE_AS),
    (re.compile(rb"(?:\0\0\0\x0cjP  |\xff\x4f\xff\x51)"), "a JPEG 2000 picture", _SAVE_AS),
    (re.compile(rb"(?:\x76\x2f\x31\x01|#\?RADIANCE)"), "a high dynamic range picture", _SAVE_AS),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive", "unpack it, then send the pictures in it one by one"),
    (re.compile(rb"BLENDER|glTF|Kaydara"), "a 3D file", "import it instead: POST /v1/projects/{id}/imports"),
)  # fmt: skip


class CleanImage(NamedTuple):
    """An image with nothing but its pixels: no EXIF, no place, no comment."""

    content: bytes
    media_type: str
    extension: str


def clean_image(content: bytes) -> CleanImage:
    """The picture upright, in sRGB, at most 1568 px long, encoded anew. Blocks: decoding takes up to a second.

    Of an animation only the first frame is kept. Raises: InvalidInput: no whole PNG, JPEG, WebP or GIF, one of too
    many pixels, or one too narrow to be made out.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _check_size(opened.width, opened.height)
            lossless = opened.format in ("PNG", "GIF")
            opened.draft(None, (LONG_SIDE_PX, LONG_SIDE_PX))  # a JPEG need not be decoded at its full size
            opened.load()
            upright = ImageOps.exif_transpose(_roughly_scaled(opened))
            transparent = upright.has_transparency_data
            picture = _in_srgb(_in_8_bit(upright)).convert("RGBA" if transparent else "RGB")
    except InvalidInput:
        raise
    except Image.DecompressionBombError as error:
        raise InvalidInput("The image has far too many pixels; scale it down.") from error
    # Pillow's decoders raise all of these on bytes that are not what they claim to be.
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, OverflowError, EOFError) as error:
        raise InvalidInput(_why_unreadable(content)) from error
    return _encode(_scaled(picture), lossless=lossless, transparent=transparent)


def clean_image_name(given: str, extension: str) -> str:
    """What the picture is called: the file's own name without its path, made printable, with the true extension.

    The words are the user's, or of whoever named the file: data for the model like the picture itself.
    """
    own = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    stem = own.rpartition(".")[0] or own
    kept = "".join(c if c.isprintable() and c not in '<>"' else " " for c in stem)
    words = " ".join(kept.split()).strip(" .")[:_NAME_LIMIT_CHARS].rstrip()
    return f"{words or 'reference'}.{extension}"


def _check_size(width: int, height: int) -> None:
    """Raises: InvalidInput."""
    if width * height > _PIXELS_LIMIT:
        raise InvalidInput(
            f"The image has {width} × {height} pixels; "
            f"at most {_PIXELS_LIMIT // 1_000_000} million are allowed: scale it down."
        )
    if max(width, height) > _ASPECT_LIMIT * min(width, height):
        raise InvalidInput(
            f"The image has {width} × {height} pixels: one side is more than {_ASPECT_LIMIT} times the other, so the "
            "model would see a thin line; crop it to what matters."
        )


def _roughly_scaled(picture: Image.Image) -> Image.Image:
    """A far too large picture at a whole fraction of its size: colours are then converted in little memory."""
    factor = max(picture.size) // _ROUGH_SIDE_PX
    if factor < 2:
        return picture
    if picture.mode in ("P", "PA", "1"):  # indices cannot be mixed
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    elif picture.mode.startswith("I;16"):
        picture = picture.convert("I")
    return picture.reduce(factor)


def _in_8_bit(picture: Image.Image) -> Image.Image:
    """A picture of 16 bits a pixel scaled to 8, which `convert` would cut off instead."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        darkest, brightest = picture.convert("F").getextrema()
        top = 65_535.0 if isinstance(brightest, float) and brightest > 255 else 255.0
        if not isinstance(darkest, float):
            return picture
        scaled = picture.convert("F").point(lambda value: value * (255.0 / top))
        return scaled.convert("L")
    return picture


def _in_srgb(picture: Image.Image) -> Image.Image:
    """The colours that a colour profile in the file means; as they are where there is none, or it is broken."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = "RGBA" if picture.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(picture, meant, ImageCms.createProfile("sRGB"), outputMode=wanted)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return converted or picture


def _scaled(picture: Image.Image) -> Image.Image:
    """The picture within the limits of what the model looks at."""
    longest = max(picture.size)
    if longest < _LONG_SIDE_AT_LEAST_PX:
        factor = -(-_LONG_SIDE_AT_LEAST_PX // longest)
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX), Image.Resampling.LANCZOS)
    return picture


def _why_unreadable(content: bytes) -> str:
    head = content[:_HEAD_BYTES]
    for looks, kind, what_to_do in _OTHER_KINDS:
        if looks.match(head.removeprefix(b"\xef\xbb\xbf")):
            return f"The file is {kind}, which is no image that the model can look at: {what_to_do}."
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        return "The image is damaged or cut short; send the whole file again, or another one."
    return "The file is not a PNG, JPEG, WebP or GIF image; choose another one."


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
