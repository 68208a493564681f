# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Small copies in the place of large images, for a file that is looked at on a page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import bpy

from cloud.blender.child.loose_textures import images_of
from cloud.errors import InvalidInput

PIXELS_AT_MOST = 150_000_000  # of all images before: nine of 4096 by 4096, about 4 s
_SCALABLE = frozenset({"FILE", "GENERATED"})  # tiles and films are more than one image


class TooManyPixels(InvalidInput):
    """The images are too large all together."""

    code = "too_much_to_view"


@contextmanager
def small_textures(objects: Sequence[bpy.types.Object], side_px: int) -> Iterator[None]:
    """In the block no image of the objects is wider or higher than this; the scene is as before afterwards.

    Raises: TooManyPixels.
    """
    lent: list[tuple[bpy.types.Image, bpy.types.Image]] = []
    pixels = 0
    try:
        for image in images_of(objects):
            if image.library is not None or image.source not in _SCALABLE:
                continue
            copy = image.copy()
            lent.append((image, copy))
            width, height = copy.size  # of the copy, because asking decodes the image
            pixels += width * height
            if pixels > PIXELS_AT_MOST:
                raise TooManyPixels(
                    f"The textures have more than {PIXELS_AT_MOST:,} pixels together, too many for the 3D view."
                )
            if (longest := max(width, height)) > side_px:
                copy.scale(*(max(1, round(side * side_px / longest)) for side in (width, height)))
                image.user_remap(copy)
        yield
    finally:
        for image, copy in lent:
            copy.user_remap(image)
            bpy.data.images.remove(copy)
