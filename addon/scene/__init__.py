"""The user's scene: a result comes in, a selection and a picture go out. All on Blender's main thread. (bpy)

Nothing here talks to a network, and nothing that a file holds is run. Errors are `SceneError`: one sentence.
"""

from . import selection, viewport
from .errors import NoPlace, NothingToSend, RefusedFile, SceneError, UnreadableFile
from .importing import bring_in, steps
from .options import Imported, ImportOptions, Step

__all__ = [
    "ImportOptions",
    "Imported",
    "NoPlace",
    "NothingToSend",
    "RefusedFile",
    "SceneError",
    "Step",
    "UnreadableFile",
    "bring_in",
    "selection",
    "steps",
    "viewport",
]
