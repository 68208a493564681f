"""Paths that data-blocks hold, taken out so that nothing of them is left in a saved file. (bpy)"""

from typing import Any

import bpy

_PATH_BYTES = 1023


def overwrite_path(owner: Any, name: str, path: str = "") -> None:
    """Put another path there. Blender ends a text early and saves what lies behind its end, so that is filled first."""
    setattr(owner, name, "_" * _PATH_BYTES)
    setattr(owner, name, path)


def overwrite_image_paths(image: bpy.types.Image, path: str = "") -> None:
    """The same for all paths of an image whose pixels are in the file."""
    overwrite_path(image, "filepath_raw", path)
    for packed in image.packed_files:
        overwrite_path(packed, "filepath", path)
