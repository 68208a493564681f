"""How much a Blender child may use."""

import json
from dataclasses import asdict, dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one child and all that it starts. Each is enforced by the kernel where it can be."""

    memory_bytes: int = 4096 * MIB
    """Of all its processes together, files in its folders included."""
    processes: int = 512
    """Processes and threads at once. Blender itself has about thirty threads."""
    workspace_bytes: int = 1024 * MIB
    """The user's folder, and as much again for `/tmp`."""
    file_bytes: int = 2048 * MIB
    """One file: a snapshot or an export is no larger."""
    store_bytes: int = 8192 * MIB
    """All snapshots, exports and uploads that the front keeps."""

    def as_json(self) -> str:
        """For the child's command line."""
        return json.dumps(asdict(self))
