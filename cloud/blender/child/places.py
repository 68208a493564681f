"""The folders that the child knows. Where they lie is the front's affair; in the sandbox they are mounts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The child's folders. It can write to `workspace` and `scratch` alone, and both end with it."""

    workspace: Path
    """The user's own folder: the working directory of their code."""
    scratch: Path
    """Where files are made that are handed over to the front."""
    snapshots: Path
    """`{sha256}.blend`, read-only."""
    imports: Path
    """Files that the user uploaded, read-only."""
    cache: Path
    """What was made once for this version of Blender: compiled shaders, the API index. Read-only."""
