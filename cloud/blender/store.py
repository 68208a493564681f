"""The front's own files: snapshots (a tree), exports and uploads. The child reads some and writes none.

The child hands a file over as an open descriptor; what is kept is a copy under the hash of what was read.
All methods that read or write a file block: call them in a thread.
"""

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.errors import InvalidInput, Prompt2MeshError

EMPTY_SCENE = ""
KEPT_SNAPSHOTS = 100  # here; the backend keeps them all

_CHUNK_BYTES = 2**20
_SCENE_BEGINNINGS = (b"BLENDER", b"\x28\xb5\x2f\xfd")  # the second is that of a compressed one
_PREFIX = re.compile(r"[0-9a-f]{6,64}")


class StoreFull(Prompt2MeshError):
    """The pod's disk quota is used up, or a file is larger than any may be."""

    code, http_status = "disk_quota", 507


class NoFile(Prompt2MeshError):
    """What the child handed over cannot be kept: a folder, a pipe, a device, a file of the kernel's."""

    code = "no_file"


@dataclass
class Snapshot:
    """A saved scene. `parent` is the snapshot that the step began with ("": the empty scene; None: not known)."""

    sha256: str
    bytes: int
    parent: str | None = None
    title: str = ""
    label: str = ""
    objects: int | None = None
    triangles: int | None = None
    created_at: float = 0.0


@dataclass(frozen=True)
class StoredFile:
    """A file as it was taken."""

    name: str
    bytes: int
    sha256: str


class PodStore:
    """Folders `snapshots`, `exports` and `imports` under one root, together at most `limit_bytes`."""

    def __init__(self, root: Path, *, limit_bytes: int, file_limit_bytes: int) -> None:
        self.snapshots_folder = root / "snapshots"
        self.exports_folder = root / "exports"
        self.imports_folder = root / "imports"
        self._limit_bytes, self._file_limit_bytes = limit_bytes, file_limit_bytes
        self._tree: dict[str, Snapshot] = {}
        for folder in (self.snapshots_folder, self.exports_folder, self.imports_folder):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)  # the child is another user; nobody else can enter the folders above

    def take_snapshot(self, fd: int, *, parent: str, title: str, counts: dict[str, Any]) -> Snapshot:
        """Keep the scene that `fd` holds, and drop the oldest beyond the quota. Raises: StoreFull, NoFile."""
        part, digest, size = self._copy(fd, self.snapshots_folder, _SCENE_BEGINNINGS)
        part.replace(self.snapshot_path(digest))
        if digest in self._tree:  # a step that changed nothing: the scene is the snapshot that it was
            return self._tree[digest]
        snapshot = Snapshot(
            digest,
            size,
            parent,
            title,
            objects=_count(counts.get("objects")),
            triangles=_count(counts.get("triangles")),
            created_at=time.time(),
        )
        self._tree[digest] = snapshot
        self._drop_old(keep={digest, parent})
        return snapshot

    def take_export(self, fd: int, name: str) -> StoredFile:
        """Keep a file for the user under `name`, and drop the oldest ones for it. Raises: StoreFull, NoFile."""
        size = os.fstat(fd).st_size
        exports = sorted(self.exports_folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        while exports and self.used_bytes() + size > self._limit_bytes:
            exports.pop().unlink()
        self.check_room(size)
        part, digest, size = self._copy(fd, self.exports_folder, (b"",))
        part.replace(self.exports_folder / name)
        return StoredFile(name, size, digest)

    def snapshot_path(self, sha256: str) -> Path:
        """Where a snapshot lies, whether or not it is there."""
        return self.snapshots_folder / f"{sha256}.blend"

    def find(self, asked: str, among: Sequence[Snapshot]) -> str:
        """The whole hash of the one of `among` that a hash, its beginning or a label names, if its file is here.

        "" and "empty" are the empty scene. Raises: InvalidInput.
        """
        if asked in (EMPTY_SCENE, "empty"):
            return EMPTY_SCENE
        by_hash = {entry.sha256 for entry in among if _PREFIX.fullmatch(asked) and entry.sha256.startswith(asked)}
        by_label = {entry.sha256 for entry in among if asked and entry.label == asked}
        for found in (by_hash, by_label):
            if len(found) == 1 and self.snapshot_path(*found).is_file():
                return found.pop()
        raise InvalidInput(f"There is no snapshot {asked[:80]!r} here; list them to see which there are.")

    def label(self, sha256: str, label: str, among: Sequence[Snapshot]) -> None:
        """Name a snapshot; of `among` none other has the name then."""
        for each in among:
            if each.label == label and each.sha256 in self._tree:
                self._tree[each.sha256].label = ""  # a label means one snapshot: the newest that got it
        self.entry(sha256).label = label

    def entry(self, sha256: str) -> Snapshot:
        """What is known of a snapshot. Raises: FileNotFoundError."""
        if sha256 not in self._tree:  # it was uploaded
            status = self.snapshot_path(sha256).stat()
            self._tree[sha256] = Snapshot(sha256, status.st_size, created_at=status.st_mtime)
        return self._tree[sha256]

    def parent_of(self, sha256: str) -> str:
        """The snapshot before this one; the empty scene where none is known."""
        parent = self._tree[sha256].parent if sha256 in self._tree else None
        return parent if parent and self.snapshot_path(parent).is_file() else EMPTY_SCENE

    def list_snapshots(self) -> list[Snapshot]:
        """Newest first."""
        entries = []
        for path in self.snapshots_folder.glob("[0-9a-f]*.blend"):
            try:
                entries.append(self.entry(path.stem))
            except FileNotFoundError:  # dropped meanwhile
                continue
        return sorted(entries, key=lambda entry: entry.created_at, reverse=True)

    def used_bytes(self) -> int:
        """What all kept files take."""
        total = 0
        for folder in (self.snapshots_folder, self.exports_folder, self.imports_folder):
            for file in os.scandir(folder):
                total += file.stat(follow_symlinks=False).st_size
        return total

    def check_room(self, more_bytes: int) -> None:
        """Raises: StoreFull: there is no room for so much more."""
        if self.used_bytes() + more_bytes > self._limit_bytes:
            raise StoreFull(f"The pod's disk quota of {self._limit_bytes >> 20} MiB is used up.")

    def _copy(self, fd: int, folder: Path, beginnings: tuple[bytes, ...]) -> tuple[Path, str, int]:
        """A copy in `folder` of the descriptor's file, which begins with one of `beginnings`.

        Returns: its path, hash and size. Raises: StoreFull, NoFile.
        """
        status = os.fstat(fd)
        # Files of /proc are regular too, but empty until somebody reads them: with our rights, here.
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            raise NoFile("Blender handed over something that is no file")
        if not _read(fd, 0).startswith(beginnings):
            raise NoFile("Blender handed over something that is no scene")
        self._check_size(status.st_size)
        part = folder / f".{secrets.token_hex(8)}.part"
        digest, size = hashlib.sha256(), 0
        try:
            with part.open("xb") as target:
                os.fchmod(target.fileno(), 0o644)
                while chunk := _read(fd, size):
                    size += len(chunk)
                    self._check_size(size)
                    digest.update(chunk)
                    target.write(chunk)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part, digest.hexdigest(), size

    def _check_size(self, size: int) -> None:
        if size > min(self._file_limit_bytes, self._limit_bytes):
            limit = min(self._file_limit_bytes, self._limit_bytes) >> 20
            raise StoreFull(f"The scene's file is larger than the {limit} MiB that one file may have; make it smaller.")

    def _drop_old(self, keep: set[str]) -> None:
        """Keep the newest snapshots, within the number and the quota."""
        entries = self.list_snapshots()
        room = self._limit_bytes - (self.used_bytes() - sum(entry.bytes for entry in entries))
        for number, entry in enumerate(entries):
            room -= entry.bytes
            if (number >= KEPT_SNAPSHOTS or room < 0) and entry.sha256 not in keep:
                self.snapshot_path(entry.sha256).unlink(missing_ok=True)
                self._tree.pop(entry.sha256, None)


def _read(fd: int, offset: int) -> bytes:
    try:
        return os.pread(fd, _CHUNK_BYTES, offset)
    except OSError as error:  # opened for writing alone, or for its path
        raise NoFile("Blender handed over a file that cannot be read") from error


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
