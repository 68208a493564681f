"""What is made once for a version of Blender and serves every pod of the machine: compiled shaders, the API index.

Only a child in which no user's code has run may add to it.
"""

import logging
import secrets
from pathlib import Path

logger = logging.getLogger(__name__)


class PodCache:
    """Files under `folder`, which pods share. Methods block for a moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # Blender runs as another user

    @property
    def has_shaders(self) -> bool:
        """Compiled shaders are there."""
        return (self.folder / "shaders.zip").is_file()

    def keep_shaders(self, archive: bytes) -> None:
        """Keep a zip of Mesa's shader cache."""
        self._keep("shaders.zip", archive)

    @property
    def has_api_index(self) -> bool:
        """The API index was built."""
        return (self.folder / "api-index.bin").is_file()

    def api_index(self) -> bytes | None:
        """The API index, if it was built."""
        try:
            return (self.folder / "api-index.bin").read_bytes()
        except FileNotFoundError:
            return None

    def keep_api_index(self, index: bytes) -> None:
        """Keep the API index."""
        self._keep("api-index.bin", index)

    def _keep(self, name: str, content: bytes) -> None:
        part = self.folder / f".{name}.{secrets.token_hex(4)}.part"
        part.write_bytes(content)
        part.chmod(0o644)
        part.replace(self.folder / name)
        logger.info("kept for later pods", extra={"file": name, "bytes": len(content)})
