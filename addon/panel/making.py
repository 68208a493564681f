"""Makes the worker with the folders that Blender gives the add-on (bpy)."""

import platform

import bpy

from ..core.desk import Home
from ..core.versions import own_version
from ..core.worker import Worker
from .package import cache_folder, config_folder


def make_worker() -> Worker:
    """A worker that is not started yet. Raises: OSError: Blender's user folder cannot be written."""
    version = ".".join(str(number) for number in bpy.app.version)
    return Worker(Home(config_folder(), cache_folder(), own_version(), version, platform.system()))
