"""A front as a container's runtime starts it (a plain user, no capability, no new privileges), but in no container.

So the walls inside of the container are tried alone, with a whole machine around them: more than a container holds.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

UID = 10001
"""The images' user."""

_CLONE = Path(__file__).resolve().parents[2]


def as_container_user() -> list[str]:
    """What a command is put after, to run as such a container's user; nothing where we are a plain user ourselves."""
    if os.getuid():
        return []
    script = "\n".join([*_openings([Path(sys.base_prefix).resolve(), _CLONE]), _RUN.format(uid=UID)])
    return ["unshare", "--mount", shutil.which("sh") or "/bin/sh", "-eu", "-c", script, "contained"]


_RUN = """
exec setpriv --reuid {uid} --regid {uid} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
"""


def _openings(wanted: list[Path]) -> list[str]:
    """Lines of shell that let everybody reach these folders, in a mount namespace of their own.

    Root's home, where its Python may lie, is closed to others, and so may be the folder of this clone: the place of
    each is taken by an empty one with what is wanted of it.
    """
    keep, hide, show = [], set[str](), []
    for at, folder in enumerate(wanted):
        if around := _closed_around(folder):
            place, kept = shlex.quote(str(folder)), f'"$kept{at}"'
            keep.append(f"kept{at}=$(mktemp -d /mnt/p2m-opened-XXXXXX); mount --bind {place} {kept}")
            hide.add(f"mount -t tmpfs -o mode=755 none {shlex.quote(str(around))}")
            show.append(f"mkdir -p {place}; mount --bind {kept} {place}; umount {kept}; rmdir {kept}")
    return [*keep, *hide, *show]


def _closed_around(wanted: Path) -> Path | None:
    """The outermost folder around it that others cannot go through."""
    return next((folder for folder in reversed(wanted.parents) if not folder.stat().st_mode & 0o001), None)


def own_by_container_user(folder: Path) -> Path:
    """The folder, theirs to write."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.getuid():
        os.chown(folder, UID, UID)
    return folder
