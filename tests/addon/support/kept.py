"""Where heavy tests keep what takes minutes to make: other Blenders, and the systems that Blender's window runs in.

`kept(name, recipe, make)` gives the folder, made first where it is missing or where its recipe has changed.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

STAMP = ".recipe"


def cache_folder() -> Path:
    """The project's own folder in the user's cache, outside the repository."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "prompt2mesh"


def kept(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, as `recipe` says it is made; `make(folder)` fills it where it is not there.

    Two processes at once: one makes, the other waits. A maker that fails leaves nothing that is taken for whole.
    """
    folder = cache_folder() / name
    wanted = hashlib.sha256(recipe.encode()).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / STAMP
        if not (stamp.is_file() and stamp.read_text() == wanted):
            if folder.exists():
                shutil.rmtree(folder)
            make(folder)
            stamp.write_text(wanted)
    return folder
