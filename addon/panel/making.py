"""Makes the worker with the folders that Blender gives the add-on (bpy)."""

from ..core.worker import Worker
from .package import cache_folder, config_folder

_CREDENTIALS = "credentials.json"


def make_worker() -> Worker:
    """A worker whose threads run. Raises: OSError: Blender's user folder cannot be written."""
    return Worker(config_folder() / _CREDENTIALS, cache_folder())
