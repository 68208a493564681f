"""Brings a `.blend` here: whole, checked, under a name of ours; a failed one leaves nothing."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .calls import Calls, path_of
from .files import file_errors, own_folder, partial_file
from .problems import BadAnswer, NotAllowed, Refused, Stopped, Unreachable

FOLDER = "downloads"
FILE_LIMIT_BYTES = 1 << 30
MARGIN_BYTES = 64 * 2**20
STALLED_S = 60.0
TELL_EACH_S = 0.25
TRIES = 5
_SYNC_EACH_BYTES = 32 * 2**20
_BEGINNINGS = (b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")  # plain, Zstandard, gzip

Tell = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all), at most 4 times a second."""


@dataclass(frozen=True)
class Wanted:
    """A file of the server: where it is, its bytes and its SHA-256 as the API says."""

    path: str
    size: int
    sha256: str


def find_blend(calls: Calls, project_id: str, snapshot_id: str | None) -> tuple[str, Wanted]:
    """The step that the scene is, and its file: the delivered one, else the step's own. Raises: what Calls do."""
    step, artifact_id = calls.offered_blend(project_id, snapshot_id)
    if artifact_id is not None:
        size, sha256 = calls.artifact(artifact_id)
        return step, Wanted(path_of("artifacts", artifact_id, "content"), size, sha256)
    snapshot = calls.snapshot(project_id, step)
    return step, Wanted(path_of("projects", project_id, "snapshots", step, "content"), snapshot.bytes, snapshot.sha256)


def bring(calls: Calls, wanted: Wanted, cache: Path, tell: Tell) -> Path:
    """The file, in the add-on's own folder, named by what is in it: the same again is not brought again.

    Raises: NotAllowed: it is too large for us or the disk. BadAnswer: it is not what was said. FileTrouble. What Calls
    do.
    """
    if not wanted.sha256:
        raise BadAnswer("a file has no SHA-256")
    folder = own_folder(cache / FOLDER)
    target = folder / f"{wanted.sha256[:32]}.blend"
    _demand_room(wanted.size, folder)
    with file_errors("The scene cannot be kept"):
        if _is_there(target, wanted):
            tell(wanted.size, wanted.size)
            return target
    with partial_file(folder) as (file, partial):
        digest = _Receiver(file, wanted, tell)
        for left in reversed(range(TRIES)):
            try:
                digest.receive(calls)
                break
            except (Unreachable, Refused) as error:
                if error.kind != "again" or not left:
                    raise
                calls.transport.line.wait(0.5 * (TRIES - left))
        digest.demand_right()
        with file_errors("The scene cannot be kept"):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            partial.replace(target)
    return target


class _Receiver:
    """Writes a file as it comes, over as many connections as it takes."""

    def __init__(self, file: BinaryIO, wanted: Wanted, tell: Tell) -> None:
        self._file = file
        self._wanted = wanted
        self._tell = tell
        self._got = 0
        self._synced = 0
        self._told_s = 0.0
        self._digest = hashlib.sha256()
        self._head = b""

    def receive(self, calls: Calls) -> None:
        """Go on where the last connection ended. Raises: Unreachable: this one ended too early."""
        headers = {"Accept": "*/*"}
        if self._got:
            headers |= {"Range": f"bytes={self._got}-", "If-Range": f'"{self._wanted.sha256}"'}
        with calls.transport.open_file(self._wanted.path, headers, limit_s=STALLED_S) as answer:
            if answer.status != 206:
                self._begin_anew()
            if answer.length is not None and answer.length != self._wanted.size - self._got:
                raise BadAnswer("a file has another size than was said")
            extended = self._got
            while piece := answer.piece():
                self._take(piece)
                if self._got - extended >= 1 << 20:  # a server that sends slower than this has stalled
                    calls.transport.line.extend(STALLED_S)
                    extended = self._got
                if calls.transport.line.was_cut:
                    raise Stopped
        if self._got < self._wanted.size:
            raise Unreachable("The download ended in the middle; try again in a moment.")

    def demand_right(self) -> None:
        """Raises: BadAnswer: it is not the file that was said."""
        if self._got != self._wanted.size or self._digest.hexdigest() != self._wanted.sha256:
            raise BadAnswer("a file is not the one that was said: its SHA-256 differs")
        if not self._head.startswith(_BEGINNINGS):
            raise BadAnswer("a file is no .blend")

    def _begin_anew(self) -> None:
        with file_errors("The scene cannot be kept"):
            self._file.seek(0)
            self._file.truncate()
        self._got, self._synced, self._head, self._digest = 0, 0, b"", hashlib.sha256()

    def _take(self, piece: bytes) -> None:
        if self._got + len(piece) > self._wanted.size:
            raise BadAnswer("a file is larger than was said")
        if len(self._head) < 8:
            self._head = (self._head + piece)[:8]
        with file_errors("The scene cannot be kept"):
            self._file.write(piece)
            if self._got - self._synced >= _SYNC_EACH_BYTES:  # else the last one takes longer than `stop` waits
                self._file.flush()
                os.fsync(self._file.fileno())
                self._synced = self._got
        self._digest.update(piece)
        self._got += len(piece)
        now_s = time.monotonic()
        if now_s - self._told_s >= TELL_EACH_S:
            self._told_s = now_s
            self._tell(self._got, self._wanted.size)


def _demand_room(size: int, folder: Path) -> None:
    if not 0 < size <= FILE_LIMIT_BYTES:
        raise NotAllowed(
            f"The scene has {size / 2**20:,.0f} MiB, and the add-on takes at most {FILE_LIMIT_BYTES / 2**20:,.0f}; "
            "download it in the browser instead."
        )
    with file_errors("The disk cannot be looked at"):
        free = shutil.disk_usage(folder).free
    if size + MARGIN_BYTES > free:
        raise NotAllowed(
            f"The scene has {size / 2**20:,.0f} MiB, and the disk has {free / 2**20:,.0f} left; make room there."
        )


def _is_there(path: Path, wanted: Wanted) -> bool:
    """Whether the very file is there, from an earlier download."""
    if not path.is_file() or path.stat().st_size != wanted.size:
        return False
    digest: Any = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest() == wanted.sha256
