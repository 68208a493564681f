# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene as files: a snapshot to hand over, going back to one, and the empty scene.

Loading a file ends every `bpy` reference: nothing here or in a caller may keep one across `restore`.
"""

import logging
import secrets
from pathlib import Path

import bpy

from cloud.blender.child.fingerprint import Fingerprint
from cloud.blender.child.handlers import forget_user_handlers
from cloud.blender.child.places import Places
from cloud.blender.frames import hand_over
from cloud.errors import InvalidInput

logger = logging.getLogger(__name__)

EMPTY_SCENE = ""


class SceneFile:
    """Which snapshot the open scene came from; the front says so with each request."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.sha256 = EMPTY_SCENE
        self.fingerprint: Fingerprint | None = None
        """Of the scene as it is now; None: it must be taken anew."""
        open_empty_scene()

    def save(self) -> int:
        """The scene as a file, to hand over. The front names it. Raises: OSError, RuntimeError: no room for it."""
        pack_images()
        part = self._places.scratch / f"{secrets.token_hex(8)}.blend"
        bpy.ops.wm.save_as_mainfile(
            filepath=str(part), copy=True, compress=False, check_existing=False, relative_remap=False
        )
        return hand_over(part)

    def restore(self, sha256: str) -> None:
        """Open a snapshot, or the empty scene for `""`. Raises: InvalidInput: none such, or unreadable."""
        self.fingerprint = None
        if sha256 == EMPTY_SCENE:
            open_empty_scene()
        else:
            snapshot = self._places.snapshots / f"{sha256}.blend"
            if not snapshot.is_file():
                raise InvalidInput(f"There is no snapshot {sha256!r} here; list them to see which there are.")
            try:
                bpy.ops.wm.open_mainfile(filepath=str(self._named(snapshot)), load_ui=False, use_scripts=False)
            except RuntimeError as error:
                raise InvalidInput(f"The snapshot {sha256!r} does not open: {error}") from error
            forget_user_handlers()
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

    def _named(self, snapshot: Path) -> Path:
        """The snapshot under a name in the user's folder, so that relative paths (`//…`) lead to where they can write.

        The snapshot's own path where the user's folder takes no link.
        """
        link = self._places.workspace / "scene.blend"
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(snapshot)
        except OSError:
            return snapshot
        return link


def open_empty_scene() -> None:
    """Factory settings without objects: metric units, a neutral world, one collection."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    forget_user_handlers()
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
