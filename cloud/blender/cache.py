"""What is made once for a version of Blender and serves every pod of the machine: compiled shaders, the API index.

Only a child in which no user's code has run may add to it.
"""

import hashlib
import logging
import platform
import secrets
import shutil
from importlib.metadata import version
from pathlib import Path

logger = logging.getLogger(__name__)

_SHADERS, _SHADERS_FOR, _API_INDEX = "shaders.zip", "shaders.processor", "api-index.bin"


def cache_folder(root: Path) -> Path:
    """Where the cache for the installed Blender lies below `root`."""
    return root / f"bpy-{version('bpy')}"


class PodCache:
    """Files under `folder`, which pods share. Methods block for a moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # Blender runs as another user

    def take_over(self, seed: Path) -> None:
        """Copy what another cache has and this one lacks: shaders only if they were compiled for this processor."""
        names = [_API_INDEX]
        try:
            if (seed / _SHADERS_FOR).read_text() == _this_processor():
                names.append(_SHADERS)
        except FileNotFoundError:
            logger.warning("there is no cache to begin with", extra={"folder": str(seed)})
            return
        for name in names:
            if not (self.folder / name).exists() and (seed / name).is_file():
                shutil.copyfile(seed / name, self.folder / name)

    @property
    def has_shaders(self) -> bool:
        """Compiled shaders are there."""
        return (self.folder / _SHADERS).is_file()

    def keep_shaders(self, archive: bytes) -> None:
        """Keep a zip of Mesa's shader cache."""
        self._keep(_SHADERS_FOR, _this_processor().encode())
        self._keep(_SHADERS, archive)

    @property
    def has_api_index(self) -> bool:
        """The API index was built."""
        return (self.folder / _API_INDEX).is_file()

    def api_index(self) -> bytes | None:
        """The API index, if it was built."""
        try:
            return (self.folder / _API_INDEX).read_bytes()
        except FileNotFoundError:
            return None

    def keep_api_index(self, index: bytes) -> None:
        """Keep the API index."""
        self._keep(_API_INDEX, index)

    def _keep(self, name: str, content: bytes) -> None:
        part = self.folder / f".{name}.{secrets.token_hex(4)}.part"
        part.write_bytes(content)
        part.chmod(0o644)
        part.replace(self.folder / name)
        logger.info("kept for later pods", extra={"file": name, "bytes": len(content)})


def _this_processor() -> str:
    """Of the same kind as another one if this is equal: Mesa compiles for exactly what a processor can do."""
    kinds = ("vendor_id", "cpu family", "model\t", "flags", "Features", "CPU part")
    first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    facts = sorted(line for line in first.splitlines() if line.startswith(kinds))
    return hashlib.sha256("\n".join([platform.machine(), *facts]).encode()).hexdigest()
