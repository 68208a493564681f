# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Textures as files beside a model, for formats that cannot hold them: the images are packed in the scene."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bpy

_SUFFIXES = {"JPEG": ".jpg", "OPEN_EXR": ".exr", "HDR": ".hdr", "TARGA": ".tga", "TIFF": ".tif", "WEBP": ".webp"}
_SUFFIXES |= {"PNG": ".png", "BMP": ".bmp"}
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@contextmanager
def textures_in(folder: Path, prefix: str, objects: Sequence[bpy.types.Object]) -> Iterator[None]:
    """In the block the objects' images lie in the folder, under names that are safe everywhere, and say so."""
    before: list[tuple[bpy.types.Image, str]] = []
    for image in images_of(objects):
        path = _free_path(folder, f"{prefix}-{_UNSAFE.sub('-', Path(image.name).stem)[:60]}", image)
        if _write_image(image, path):
            before.append((image, image.filepath_raw))
            image.filepath_raw = str(path)
    try:
        yield
    finally:
        for image, filepath in before:
            image.filepath_raw = filepath


def images_of(objects: Sequence[bpy.types.Object]) -> list[bpy.types.Image]:
    """The images that the objects' materials show, by name."""
    materials = {slot.material for obj in objects for slot in obj.material_slots if slot.material}
    trees = [material.node_tree for material in materials if material.use_nodes and material.node_tree]
    images: dict[str, bpy.types.Image] = {}
    while trees:
        for node in trees.pop().nodes:
            if node.type == "TEX_IMAGE" and node.image:
                images[node.image.name] = node.image
            elif node.type == "GROUP" and node.node_tree:
                trees.append(node.node_tree)
    return [images[name] for name in sorted(images)]


def _free_path(folder: Path, stem: str, image: bpy.types.Image) -> Path:
    suffix = _SUFFIXES.get(image.file_format, ".png")
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path


def _write_image(image: bpy.types.Image, path: Path) -> bool:
    """Put the image's pixels there. Returns: False for one that has none, such as a lost file."""
    if image.packed_file and image.source == "FILE":
        path.write_bytes(image.packed_file.data)
        return True
    if not image.has_data:
        return False
    image.save(filepath=str(path), save_copy=True)
    return path.is_file()
