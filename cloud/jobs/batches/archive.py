"""The one zip of a batch's results, streamed: in memory there is never more than a piece of one file."""

import asyncio
import csv
import io
import json
import unicodedata
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from functools import reduce
from pathlib import PurePosixPath
from typing import IO, Any

from cloud.db.models import Artifact, Batch
from cloud.errors import Conflict
from cloud.jobs.batches.queries import ItemRow
from cloud.jobs.events import JobResult, UsageTotals
from cloud.jobs.prompt import slug_of
from cloud.storage.store import ArtifactMissing, ArtifactStore

# Blender and PNG have compressed these already.
_COMPRESSED = frozenset({".blend", ".png", ".jpg", ".jpeg", ".webp"})
_PIECE_BYTES = 256 * 1024
_SLICE_BYTES = 64 * 1024
_COLUMNS = (
    *("position", "name", "prompt", "state", "error_code", "error_message", "folder", "files"),
    *("objects", "triangles", "seconds", "usd"),
)


class NothingYet(Conflict):
    """No job of the batch has ended."""

    code = "nothing_yet"

    def __init__(self) -> None:
        super().__init__("No job of the batch has ended yet; ask again when one has.")


class _Sink(io.RawIOBase):
    """What zipfile writes to: it cannot seek, and hands on what it has got."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


async def stream_archive(store: ArtifactStore, batch: Batch, items: Sequence[ItemRow]) -> AsyncIterator[bytes]:
    """The zip's bytes. A file whose bytes are lost is left out, and `batch.json` says so.

    Raises: StoreUnavailable: the stream breaks off.
    """
    sink = _Sink()
    facts: list[dict[str, Any]] = []
    with zipfile.ZipFile(sink, "w") as archive:
        for item in items:
            fact = _fact_of(item)
            for name, artifact in _named(item.files):
                adding = _add_file(archive, sink, store, f"{fact['folder']}/{name}", artifact)
                try:
                    # It must be closed before the archive is, also when the client leaves in the middle.
                    async with aclosing(adding) as pieces:
                        async for piece in pieces:
                            yield piece
                except ArtifactMissing:
                    fact["lost_files"].append(name)
                else:
                    fact["files"].append(name)
            if not fact["files"]:
                fact["folder"] = None
            facts.append(fact)
        archive.writestr(_entry("batch.json", batch, compress=True), _report(batch, facts))
        archive.writestr(_entry("batch.csv", batch, compress=True), _table(facts))
    yield sink.take()


async def _add_file(
    archive: zipfile.ZipFile, sink: _Sink, store: ArtifactStore, path: str, artifact: Artifact
) -> AsyncGenerator[bytes, None]:
    pieces = store.stream(artifact.sha256)
    # Before anything is written of it, so that a lost file leaves no trace.
    first = await anext(pieces, b"") if artifact.bytes else b""
    entry = _entry(path, artifact, compress=PurePosixPath(path).suffix not in _COMPRESSED)
    entry.file_size = artifact.bytes  # zipfile takes zip64 for a large one
    with archive.open(entry, "w") as member:
        await _write(member, first)
        if artifact.bytes:
            async for piece in pieces:
                await _write(member, piece)
                if sink.size >= _PIECE_BYTES:
                    yield sink.take()
    yield sink.take()


async def _write(member: IO[bytes], piece: bytes) -> None:
    """In slices that take few milliseconds, so that the other requests of this process do not wait."""
    for start in range(0, len(piece), _SLICE_BYTES):
        member.write(piece[start : start + _SLICE_BYTES])
        await asyncio.sleep(0)


def _entry(path: str, dated: Batch | Artifact, *, compress: bool) -> zipfile.ZipInfo:
    moment = dated.created_at
    entry = zipfile.ZipInfo(path, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second))
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    return entry


def _named(files: Sequence[Artifact]) -> list[tuple[str, Artifact]]:
    """Each file with a name that is safe in every folder of every system, and no other's."""
    named: dict[str, Artifact] = {}
    for artifact in files:
        safe = safe_file_name(artifact.name)
        name, number = safe, 1
        while name.casefold() in {taken.casefold() for taken in named}:
            number += 1
            path = PurePosixPath(safe)
            name = f"{path.stem}-{number}{path.suffix}"
        named[name] = artifact
    return list(named.items())


def safe_file_name(name: str) -> str:
    """The name without folders, and without what some system does not take."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rstrip("/").rpartition("/")[2]
    plain = "".join("_" if c in '<>:"|?*' or unicodedata.category(c)[0] == "C" else c for c in last).strip(" .")
    return plain[-120:] or "file"


def _fact_of(item: ItemRow) -> dict[str, Any]:
    job = item.job
    result = JobResult.model_validate(job.result) if job.result else None
    return {
        "position": job.batch_position,
        "name": item.project_name,
        "prompt": job.prompt,
        "state": job.state,
        "outcome": job.outcome,
        "error": job.error,
        "project_id": str(job.project_id),
        "project_deleted": item.is_deleted,
        "job_id": str(job.id),
        "folder": f"{job.batch_position:03d}-{slug_of(job.prompt)}",
        "files": [],
        "lost_files": [],
        "objects": result.objects if result else 0,
        "triangles": result.triangles if result else 0,
        "seconds": result.seconds if result else 0.0,
        "usd": item.usage.usd,
        "summary": result.summary if result else "",
        "not_built": result.not_built if result else [],
    }


def _report(batch: Batch, facts: Sequence[dict[str, Any]]) -> str:
    states = [fact["state"] for fact in facts]
    report = {
        "id": str(batch.id),
        "name": batch.name,
        "created_at": batch.created_at.isoformat(),
        "finished": not {"queued", "running"} & set(states),
        "total": len(facts),
        "counts": {state: states.count(state) for state in sorted(set(states))},
        "usd": reduce(UsageTotals.plus, (UsageTotals(usd=fact["usd"]) for fact in facts), UsageTotals()).usd,
        "items": facts,
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _table(facts: Sequence[dict[str, Any]]) -> str:
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, _COLUMNS, extrasaction="ignore")
    table.writeheader()
    for fact in facts:
        error = fact["error"] or {}
        shown = {"error_code": error.get("code", ""), "error_message": error.get("message", "")}
        table.writerow({**fact, **shown, "folder": fact["folder"] or "", "files": " ".join(fact["files"])})
    return written.getvalue()
