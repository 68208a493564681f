"""A linked file outlives its download: it lies in a folder of its own, where nothing is tidied up."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import UnreadableFile

FOLDER = "linked"


@contextlib.contextmanager
def lasting(path: Path) -> Iterator[Path]:
    """The same file, under the same name in the folder `linked` beside it; the block's failure takes it away again.

    A second name of the same bytes where the disk has such, else a copy. The user's scenes show it from there, in this
    Blender and in others, so it is never deleted here. Raises: UnreadableFile: it cannot be put there.
    """
    target, made = path.parent / FOLDER / path.name, False
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if not target.exists() or target.stat().st_size != path.stat().st_size:
            _put(path, target)
            made = True
    except OSError as error:
        raise UnreadableFile(f"The file cannot be kept for linking ({error.strerror or error}); append it.") from error
    try:
        yield target
    except BaseException:
        if made:
            with contextlib.suppress(OSError):  # the system holds it; it does no harm
                target.unlink()
        raise


def _put(path: Path, target: Path) -> None:
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:
        shutil.copyfile(path, part)
    part.replace(target)
