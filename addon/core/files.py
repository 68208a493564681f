"""Files in the add-on's own folder: under names of ours, whole or not at all, and for nobody else to read."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .problems import CoreError

PART = ".part"
_LEFT_AFTER_S = 86_400.0


class FileTrouble(CoreError):
    """A file cannot be written or read: a full disk, missing rights."""

    code = "file_trouble"

    def __init__(self, done: str, error: OSError) -> None:
        why = error.strerror or type(error).__name__
        super().__init__(f"{done} ({why}); check the disk's free space and your rights there.")


@contextlib.contextmanager
def file_errors(done: str) -> Iterator[None]:
    """Has an OSError become FileTrouble; `done`: what cannot be done."""
    try:
        yield
    except OSError as error:
        raise FileTrouble(done, error) from error


def own_folder(folder: Path) -> Path:
    """The folder, made for the user alone. Raises: FileTrouble."""
    with file_errors("The add-on's folder cannot be made"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextlib.contextmanager
def partial_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file to write, and its path; at the end it is deleted, unless it was renamed. Raises: FileTrouble."""
    path = own_folder(folder) / f"{secrets.token_hex(8)}{PART}"
    with file_errors("A file cannot be written"):
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "w+b")
    try:
        with file:
            yield file, path
    finally:
        with contextlib.suppress(OSError):  # it was renamed; or the system holds it, then the next start tidies up
            path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> Path:
    """Put a small file there. Returns: `path`. Raises: FileTrouble."""
    with partial_file(path.parent) as (file, partial), file_errors("A file cannot be written"):
        file.write(content)
        file.close()
        partial.replace(path)
    return path


def drop_leftovers(folder: Path) -> None:
    """Delete what a Blender that ended in the middle has left of downloads; another one may be at the newer ones."""
    with contextlib.suppress(OSError):  # no folder yet
        for left in folder.glob(f"*{PART}"):
            if time.time() - left.stat().st_mtime > _LEFT_AFTER_S:
                left.unlink(missing_ok=True)


def drop_own(path: Path, cache: Path) -> None:
    """Delete a file of the add-on's own folder; any other is left alone."""
    with contextlib.suppress(OSError):  # gone already, or the system holds it
        if path.resolve().is_relative_to(cache.resolve()) and path.is_file():
            path.unlink()
