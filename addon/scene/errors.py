"""What can go wrong in the user's scene. Every message is one sentence for the user, with what to do."""

from ..core.problems import CoreError


class SceneError(CoreError):
    """Root of what this package raises. Whoever gets one finds the scene as it was."""

    code = "scene"


class UnreadableFile(SceneError):
    """The file is no .blend that this Blender can read."""

    code = "unreadable_file"


class RefusedFile(SceneError):
    """The file is sound, but holds what is not let into a scene."""

    code = "refused_file"


class NoPlace(SceneError):
    """The scene cannot take a result as it is: linked from another file, gone, or in a mode that cannot be left."""

    code = "no_place"


class NothingToSend(SceneError):
    """No selection, no window, or too much to be sent."""

    code = "nothing_to_send"
