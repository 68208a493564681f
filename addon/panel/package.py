"""What Blender calls this add-on, and the folders that Blender gives it (bpy)."""

from pathlib import Path

import bpy

ROOT = str(__package__).rpartition(".")[0]
"""The add-on's module: `bl_ext.<repository>.prompt2mesh` once it is installed."""


def config_folder() -> Path:
    """The add-on's own folder among Blender's user files; made if it is not there. Raises: OSError."""
    return Path(_own_folder(""))


def cache_folder() -> Path:
    """Where downloaded pictures and scenes lie; made if it is not there. Raises: OSError."""
    return Path(_own_folder("cache"))


def _own_folder(below: str) -> str:
    if ROOT.startswith("bl_ext."):
        return bpy.utils.extension_path_user(ROOT, path=below, create=True)
    # Installed as a legacy add-on, which Blender gives no folder of its own.
    return bpy.utils.user_resource("CONFIG", path=str(Path("prompt2mesh") / below), create=True)
