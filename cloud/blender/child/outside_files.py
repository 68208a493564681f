# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What an imported file names outside of itself: files of this machine, addresses in the network.

None is opened on a stranger's word: FFmpeg would fetch a film's address, and a picture's path may lead to a file that
is not the user's. What a file needs it has in it; the rest is forgotten before anything looks at it.
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
from PIL import Image

from cloud.blender.child.read_back import DATA_KINDS
from cloud.blender.child.upload_checks import PIXELS_LIMIT
from cloud.errors import InvalidInput

_ALL_PIXELS_LIMIT = 8 * PIXELS_LIMIT
_WITHOUT_THEIR_FILE_NOTHING = ("sounds", "movieclips", "volumes", "cache_files", "fonts")
_PATHS = {"FILE_PATH", "DIR_PATH"}
_PARTS = ("modifiers", "constraints", "nodes", "inputs", "particle_systems")


def forget_outside_files(before: dict[str, set[int]]) -> list[str]:
    """Data-blocks that are not among those of before lose what they name outside.

    Returns: the names of the pictures that are lost so.
    Raises: InvalidInput: the pictures in the file unfold to more than can be drawn.
    """
    new = [block for kind in DATA_KINDS for block in getattr(bpy.data, kind) if block.session_uid not in before[kind]]
    lost = [block for block in new if block.library is not None]  # linked from another file
    for kind in _WITHOUT_THEIR_FILE_NOTHING:
        fresh = [block for block in getattr(bpy.data, kind) if block.session_uid not in before[kind]]
        lost += [block for block in fresh if not _is_whole(block)]
    bpy.data.batch_remove(list(dict.fromkeys(lost)))
    bpy.data.batch_remove([library for library in bpy.data.libraries if not library.users_id])
    pictures = [image for image in bpy.data.images if image.session_uid not in before["images"]]
    away = [image for image in pictures if not image.packed_files and image.source != "GENERATED"]
    _check_pictures([image for image in pictures if image not in away])
    names = [image.name for image in away]
    _remove_pictures(away)
    for kind in DATA_KINDS:
        if kind not in ("images", *_WITHOUT_THEIR_FILE_NOTHING):
            for block in getattr(bpy.data, kind):
                if block.session_uid not in before[kind]:
                    _blank_paths(block)
    return names


def _is_whole(block: Any) -> bool:
    return bool(getattr(block, "packed_file", None)) or block.filepath == "<builtin>"


def _remove_pictures(images: list[bpy.types.Image]) -> None:
    """And what shows them in materials, which then have the plain colour that the file gave them."""
    trees = [owner.node_tree for kind in ("materials", "worlds", "lights") for owner in getattr(bpy.data, kind)]
    for tree in (*filter(None, trees), *bpy.data.node_groups):
        for node in [node for node in tree.nodes if getattr(node, "image", None) in images]:
            tree.nodes.remove(node)
    bpy.data.batch_remove(images)


def _check_pictures(images: Iterable[bpy.types.Image]) -> None:
    pixels = 0
    for image in images:
        for packed in image.packed_files:
            size = _size(packed.packed_file.data if packed.packed_file else b"")
            if size > PIXELS_LIMIT:
                raise InvalidInput(f"The picture {image.name!r} in the file has more than 64 million pixels.")
            pixels += size
    if pixels > _ALL_PIXELS_LIMIT:
        raise InvalidInput("The pictures in the file have more than 512 million pixels together; make them smaller.")


def _size(data: bytes) -> int:
    """Pixels as the picture's header says; 0 where Pillow does not know the format."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as picture:
            return picture.width * picture.height
    except Image.DecompressionBombError:
        return PIXELS_LIMIT + 1
    except Exception:  # noqa: BLE001 - a header of anybody's making; Blender itself judges the file
        return 0


def _blank_paths(block: Any) -> None:
    for part in _parts(block):
        for entry in part.bl_rna.properties:
            if entry.type == "STRING" and entry.subtype in _PATHS and not entry.is_readonly:
                if getattr(part, entry.identifier):
                    setattr(part, entry.identifier, "")
            elif entry.type == "POINTER" and entry.identifier in ("domain_settings", "point_cache", "canvas_settings"):
                inner = getattr(part, entry.identifier)
                for path in ("cache_directory", "filepath"):
                    if inner is not None and getattr(inner, path, ""):
                        setattr(inner, path, "")


def _parts(block: Any) -> Iterator[Any]:
    """The block, and what in it can name a file: modifiers, constraints, nodes."""
    yield block
    trees = [getattr(block, "node_tree", None)]
    for holder in (block, *filter(None, trees)):
        for kind in _PARTS:
            for part in list(getattr(holder, kind, None) or ()):
                if part.bl_rna.identifier.startswith("GeometryNodeImport"):
                    holder.nodes.remove(part)  # it reads a file by a path that other nodes may make
                    continue
                yield part
                yield from getattr(part, "inputs", ()) if kind == "nodes" else ()
