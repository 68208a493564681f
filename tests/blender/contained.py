"""A front as a container's runtime starts it (a plain user, no capability, no new privileges), but in no container.

So the walls inside of the container are tried alone, with a whole machine around them: more than a container holds.
"""

import os
import shutil
import sys
from pathlib import Path

UID = 10001
"""The images' user."""

# Root's home, where its Python may lie, is closed to others: here its place is taken by an empty one with that Python.
_OPEN_HOME = """
python=$1 closed=$2; shift 2
if [ -n "$closed" ]; then
  copy=$(mktemp -d /mnt/p2m-python-XXXXXX)
  mount --bind "$python" "$copy"
  mount -t tmpfs -o mode=755 none "$closed"
  mkdir -p "$python"
  mount --bind "$copy" "$python"
  umount "$copy"
  rmdir "$copy"
fi
exec setpriv --reuid {uid} --regid {uid} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
"""


def as_container_user() -> list[str]:
    """What a command is put after, to run as such a container's user; nothing where we are a plain user ourselves."""
    if os.getuid():
        return []
    python = Path(sys.base_prefix).resolve()
    closed = next((str(folder) for folder in reversed(python.parents) if not folder.stat().st_mode & 0o005), "")
    script = _OPEN_HOME.format(uid=UID)
    shell = shutil.which("sh") or "/bin/sh"
    return ["unshare", "--mount", shell, "-eu", "-c", script, "contained", str(python), closed]


def own_by_container_user(folder: Path) -> Path:
    """The folder, theirs to write."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.getuid():
        os.chown(folder, UID, UID)
    return folder
