# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Nothing that a model wrote runs here, and nothing that it names outside of the file is opened. (bpy)

Done while the data-blocks are in no scene: nothing has evaluated them yet. It does not rest on the user's setting for
auto-run, which may allow it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from .blocks import Before, parts_of
from .paths import overwrite_image_paths, overwrite_path

_WITHOUT_THEIR_FILE_NOTHING = ("sounds", "movieclips", "cache_files", "fonts")
_PATHS = {"FILE_PATH", "DIR_PATH"}
_SCRIPT_NODES = {"ShaderNodeScript"}
_UNSAFE = re.compile(r"[^\w.<>-]+")
_READING_NODES = "GeometryNodeImport"
_CACHES = ("domain_settings", "point_cache", "canvas_settings")


@dataclass(frozen=True)
class Silenced:
    """What was made harmless: how many scripts, drivers, and which pictures lie outside of the file."""

    scripts: int
    drivers: int
    pictures: tuple[str, ...]

    def notes(self) -> list[str]:
        """What the user should know, a sentence each."""
        notes = []
        if self.scripts:
            notes.append(f"Left out {_counted(self.scripts, 'script')} that the file carried; nothing of it has run.")
        if self.drivers:
            notes.append(f"Switched off {_counted(self.drivers, 'driver')} that would run Python.")
        if self.pictures:
            notes.append(f"Missing, as they lie outside of the file: {', '.join(self.pictures)[:200]}.")
        return notes


def silence(before: Before) -> Silenced:
    """Take out scripts, switch off drivers that would run Python, forget all paths, in what is new."""
    scripts = _take_out(before)
    drivers = 0
    for curve in _python_drivers(before):
        curve.mute = True
        drivers += 1
    return Silenced(scripts, drivers, _forget_outside(before))


def what_would_act(before: Before) -> list[str]:
    """The same without a change, for linked data, which cannot be changed: what in it would run or be opened."""
    found = [f"the text {text.name!r}" for text in before.new("texts")]
    found += ["a driver that runs Python"] * sum(1 for _ in _python_drivers(before))
    for block in _owners(before):
        for part in parts_of(block):
            name = part.bl_rna.identifier
            if name in _SCRIPT_NODES or name.startswith(_READING_NODES):
                found.append(f"the node {part.name!r}")
            elif any(True for _ in _paths_in(part)):
                found.append(f"a path in {block.name!r}")
    for kind in _WITHOUT_THEIR_FILE_NOTHING:
        found += [f"the file of {block.name!r}" for block in before.new(kind) if not _is_whole(block)]
    return found + [f"the file of {image.name!r}" for image in before.new("images") if _is_away(image)]


def _take_out(before: Before) -> int:
    """Texts, and nodes that run code or read files by a path that other nodes may make. Returns: how many had code."""
    scripts = 0
    for block in _owners(before):
        tree = block if isinstance(block, bpy.types.NodeTree) else getattr(block, "node_tree", None)
        for node in list(tree.nodes) if tree else ():
            runs = node.bl_idname in _SCRIPT_NODES
            scripts += runs
            if runs or node.bl_idname.startswith(_READING_NODES):
                tree.nodes.remove(node)
    texts = before.new("texts")
    for text in texts:
        text.use_module = False
    bpy.data.batch_remove(texts)
    return scripts + len(texts)


def _python_drivers(before: Before) -> Iterator[Any]:
    """Drivers that Blender would hand to Python. What it calls a simple expression, it reckons itself."""
    new = before.all_new()
    inner = [getattr(block, part, None) for block in new for part in ("node_tree", "shape_keys")]
    for block in (*new, *filter(None, inner)):
        animation = getattr(block, "animation_data", None)
        for curve in animation.drivers if animation else ():
            if curve.driver.type == "SCRIPTED" and not curve.driver.is_simple_expression:
                yield curve


def _forget_outside(before: Before) -> tuple[str, ...]:
    lost = [block for kind in _WITHOUT_THEIR_FILE_NOTHING for block in before.new(kind) if not _is_whole(block)]
    bpy.data.batch_remove(lost)
    away = [image for image in before.new("images") if _is_away(image)]
    names = tuple(image.name for image in away)
    for block in _owners(before):
        tree = block if isinstance(block, bpy.types.NodeTree) else getattr(block, "node_tree", None)
        for node in [node for node in tree.nodes if getattr(node, "image", None) in away] if tree and away else ():
            tree.nodes.remove(node)  # the material then has the plain colour that the file gave it
    bpy.data.batch_remove(away)
    for block in _owners(before):
        for part in parts_of(block):
            for owner, name in _paths_in(part):
                overwrite_path(owner, name)
    for image in before.new("images"):
        # The picture is in the file; where it once lay on another machine leads nowhere here, or astray.
        overwrite_image_paths(image, _bare(image.filepath_raw))
    return names


def _owners(before: Before) -> list[Any]:
    kept_out = (bpy.types.Library, bpy.types.Image, bpy.types.Text)
    return [block for block in before.all_new() if not isinstance(block, kept_out)]


def _bare(path: str) -> str:
    """The path's last part, beside the user's file: `<UDIM>` in it counts, folders do not."""
    name = re.split(r"[\\/]", path)[-1]
    return "//" + _UNSAFE.sub("_", name) if name.strip(".") else ""


def _is_whole(block: Any) -> bool:
    return bool(getattr(block, "packed_file", None)) or block.filepath == "<builtin>"


def _is_away(image: bpy.types.Image) -> bool:
    return not image.packed_files and image.source not in {"GENERATED", "VIEWER"}


def _paths_in(part: Any) -> Iterator[tuple[Any, str]]:
    """Where the part names a file or folder, as owner and property."""
    for entry in part.bl_rna.properties:
        if entry.type == "STRING" and entry.subtype in _PATHS and not entry.is_readonly:
            if getattr(part, entry.identifier) not in ("", "<builtin>"):
                yield part, entry.identifier
        elif entry.type == "POINTER" and entry.identifier in _CACHES:
            inner = getattr(part, entry.identifier)
            for path in ("cache_directory", "filepath"):
                if inner is not None and getattr(inner, path, ""):
                    yield inner, path


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
