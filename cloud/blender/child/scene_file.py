# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene as files: snapshots named by their content, going back to one, and the empty scene.

Loading a file ends every `bpy` reference: nothing here or in a caller may keep one across `restore`.
"""

import hashlib
import logging
import os
from pathlib import Path

import bpy

from cloud.errors import InvalidInput

logger = logging.getLogger(__name__)

EMPTY_SCENE = ""
_KEPT_SNAPSHOTS = 100  # here; the backend keeps them all


class SceneFile:
    """Which snapshot the open scene came from or was last saved as."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.sha256 = EMPTY_SCENE
        open_empty_scene()

    def path(self, sha256: str) -> Path:
        """Where a snapshot lies, whether or not it is there."""
        return self.workspace / "snapshots" / f"{sha256}.blend"

    def save(self) -> int:
        """Write the scene as a snapshot and take it as the present one. Returns: its bytes."""
        pack_images()
        part = self.workspace / "snapshots" / f".{os.getpid()}.part.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(part), copy=True, compress=False, check_existing=False)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.replace(self.path(digest))
        self.sha256 = digest
        for old in self.list()[_KEPT_SNAPSHOTS:]:
            old.unlink(missing_ok=True)
        return self.path(digest).stat().st_size

    def list(self) -> list[Path]:
        """The snapshot files, newest first."""
        found = (self.workspace / "snapshots").glob("[0-9a-f]*.blend")
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def restore(self, sha256: str) -> None:
        """Open a snapshot, or the empty scene for `""`. Raises: InvalidInput: none such, or unreadable."""
        if sha256 == EMPTY_SCENE:
            open_empty_scene()
        else:
            path = self.path(sha256)
            if not path.is_file():
                raise InvalidInput(f"There is no snapshot {sha256!r} here; list them to see which there are.")
            try:
                bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
            except RuntimeError as error:
                raise InvalidInput(f"The snapshot {sha256!r} does not open: {error}") from error
        self.sha256 = sha256

    def go_back(self) -> str:
        """Undo whatever was done since the present snapshot. Returns: how the scene stands, in words."""
        try:
            self.restore(self.sha256)
        except InvalidInput:
            logger.exception("the snapshot to go back to is lost")
            self.restore(EMPTY_SCENE)
            return "The last snapshot is lost, so the scene is empty now."
        return "The scene is as it was before this step."


def open_empty_scene() -> None:
    """Factory settings without objects: metric units, a neutral world, one collection."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.lights, *bpy.data.cameras])
    bpy.data.batch_remove(list(bpy.data.materials))
    scene = bpy.context.scene
    scene.unit_settings.system = "METRIC"
    scene.unit_settings.length_unit = "METERS"


def pack_images() -> None:
    """Put every image's pixels into the file, so that it is whole by itself."""
    for image in bpy.data.images:
        if image.packed_file or image.source not in {"FILE", "GENERATED"}:
            continue
        if image.is_dirty or (image.source == "FILE" and image.has_data):
            try:
                image.pack()
            except RuntimeError as error:
                logger.warning("image is not packed", extra={"image": image.name, "why": str(error)})
