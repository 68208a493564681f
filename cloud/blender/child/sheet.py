"""Pictures as pixels: edges smoothed, objects highlighted, tiles on a labelled sheet, bytes of a file."""

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
"""(H, W, 3), rows from the top."""

SHEET_LIMIT_PX = 2048
_GAP_PX = 4
_PAPER, _INK = (250, 250, 250), (25, 25, 25)
_ACCENT = np.array((255, 120, 20), dtype=np.float32)
_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)
_STEP = 16  # of 255: a weaker edge needs no smoothing
_REACH_PX = 8
_FAINT = 5  # of 255: the noise of a render


def smooth_edges(picture: Picture) -> Picture:
    """The picture without stairs along its edges: FXAA (T. Lottes' console variant, 2011) of edge pixels alone."""
    height, width = picture.shape[:2]
    luma = np.asarray(Image.fromarray(picture).convert("L")).astype(np.int16)
    rough = np.zeros((height, width), dtype=bool)
    down, right = np.abs(np.diff(luma, axis=0)) > _STEP, np.abs(np.diff(luma, axis=1)) > _STEP
    rough[1:] |= down
    rough[:-1] |= down
    rough[:, 1:] |= right
    rough[:, :-1] |= right
    rough[[0, -1]] = rough[:, [0, -1]] = False
    rows, columns = np.nonzero(rough)
    if not len(rows):
        return picture
    at = np.stack([rows, columns]).astype(np.float32)
    flat = picture.reshape(-1, 3)
    along = _edge_direction(luma.ravel(), rows * width + columns, width)
    near = (_sampled(flat, at - along / 6, width) + _sampled(flat, at + along / 6, width)) / 2
    wide = near / 2 + (_sampled(flat, at - along / 2, width) + _sampled(flat, at + along / 2, width)) / 4
    around = [luma[rows + y, columns + x] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    brightness = wide @ _LUMA
    outside = (brightness < np.minimum.reduce(around)) | (brightness > np.maximum.reduce(around))
    smooth = picture.copy()
    smooth[rows, columns] = np.where(outside[:, None], near, wide).round()
    return smooth


def _edge_direction(luma: NDArray[np.int16], at: NDArray[np.intp], width: int) -> NDArray[np.float32]:
    """The way along the edge that each pixel lies on, in pixels: (2, N), rows and columns."""
    north_west, north_east, south_west, south_east = (
        (luma[at] + luma[at + row * width] + luma[at + column] + luma[at + row * width + column]).astype(np.float32)
        for row in (-1, 1)
        for column in (-1, 1)
    )
    across = (south_west + south_east) - (north_west + north_east)
    down = (north_west + south_west) - (north_east + south_east)
    total = north_west + north_east + south_west + south_east
    smallest = np.minimum(np.abs(across), np.abs(down)) + np.maximum(total / 32, 8.0)
    return np.clip(np.stack([down, across]) / smallest, -_REACH_PX, _REACH_PX)


def _sampled(flat: NDArray[np.uint8], at: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The colours between the pixels: (N, 3)."""
    height = len(flat) // width
    at = np.clip(at, 0, np.array([[height - 1.001], [width - 1.001]], dtype=np.float32))
    corner = at.astype(np.int32)
    part = (at - corner).astype(np.float32)[:, :, None]
    first = corner[0] * width + corner[1]
    upper = flat[first] * (1 - part[1]) + flat[first + 1] * part[1]
    lower = flat[first + width] * (1 - part[1]) + flat[first + width + 1] * part[1]
    return upper * (1 - part[0]) + lower * part[0]


def emphasise(picture: Picture, chosen: NDArray[np.bool_], behind: NDArray[np.bool_]) -> Picture:
    """All grey but the `chosen` pixels, in the accent colour; those where it is `behind` something, tinted."""
    grey = picture @ _LUMA
    pale = np.repeat((60 + grey * 0.7)[:, :, None], 3, axis=2)
    tinted = _ACCENT * (0.5 + 0.5 * grey[:, :, None] / 255)
    marked = np.where(chosen[:, :, None], tinted, pale)
    marked[behind] = 0.7 * marked[behind] + 0.3 * _ACCENT
    return marked.clip(0, 255).astype(np.uint8)


def is_uniform(picture: Picture) -> bool:
    """Nothing is to be seen: every pixel is nearly as the first."""
    for some in (picture[3::16, 3::16], picture):  # a few pixels tell most pictures at once
        if (some.max(axis=(0, 1)) - some.min(axis=(0, 1)) > _FAINT).any():
            return False
    return True


def is_black(picture: Picture) -> bool:
    """Too dark to make anything out, but for a few pixels."""
    return bool(np.percentile(picture.max(axis=2), 99) < 24)


def tile_size(count: int, size: int) -> int:
    """The size of a tile, at most `size`, with which a sheet of so many stays within `SHEET_LIMIT_PX`. In pixels."""
    columns, rows = _grid(count)
    room = min((SHEET_LIMIT_PX - _GAP_PX) // columns - _GAP_PX, (SHEET_LIMIT_PX - _GAP_PX) // rows - _GAP_PX)
    label = _label_height(min(size, room))
    return min(size, room - label)


def compose_sheet(pictures: Sequence[Picture], labels: Sequence[str], tile: int) -> Picture:
    """All the pictures on one sheet, each under its label, in reading order."""
    columns, rows = _grid(len(pictures))
    label = _label_height(tile)
    height = max(picture.shape[0] for picture in pictures) + label
    sheet = Image.new("RGB", (columns * (tile + _GAP_PX) + _GAP_PX, rows * (height + _GAP_PX) + _GAP_PX), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (picture, text) in enumerate(zip(pictures, labels, strict=True)):
        row, column = divmod(number, columns)
        x, y = _GAP_PX + column * (tile + _GAP_PX), _GAP_PX + row * (height + _GAP_PX)
        pen.text((x + 4, y + label / 2), text, fill=_INK, font=_fitting_font(pen, text, tile - 8, label), anchor="lm")
        sheet.paste(Image.fromarray(picture), (x + (tile - picture.shape[1]) // 2, y + label))
    return np.asarray(sheet)


def encode(picture: Picture, picture_format: str) -> bytes:
    """A PNG or WebP file, in about 8 ms for 512² pixels."""
    file = io.BytesIO()
    image = Image.fromarray(picture)
    if picture_format == "webp":
        image.save(file, "WEBP", quality=88, method=1)  # method 4, the default, takes three times as long
    else:
        image.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _grid(count: int) -> tuple[int, int]:
    """Columns and rows, wider than high: 2 × 1, 3 × 1, 2 × 2, 3 × 2, 4 × 2, 4 × 3."""
    columns = count if count <= 3 else math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def _label_height(tile: int) -> int:
    return max(14, min(28, tile // 14))


def _fitting_font(
    pen: ImageDraw.ImageDraw, text: str, width: int, height: int
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The built-in font, as large as the label's room lets it be."""
    size = height * 0.72
    length = pen.textlength(text, font=ImageFont.load_default(size))
    return ImageFont.load_default(max(8, size * min(1, width / max(1, length))))
