"""The one zip of a batch's results, streamed: in memory there is never more than a piece of one file."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import reduce
from typing import Any

from cloud.db.models import Batch
from cloud.errors import Conflict
from cloud.jobs.batches.queries import ItemRow
from cloud.jobs.events import JobResult, UsageTotals
from cloud.jobs.prompt import slug_of
from cloud.jobs.zip_stream import Names, ZipStream
from cloud.storage.store import ArtifactMissing, ArtifactStore

_COLUMNS = (
    *("position", "name", "prompt", "state", "error_code", "error_message", "folder", "files"),
    *("objects", "triangles", "seconds", "usd"),
)


class NothingYet(Conflict):
    """No job of the batch has ended."""

    code = "nothing_yet"

    def __init__(self) -> None:
        super().__init__("No job of the batch has ended yet; ask again when one has.")


async def stream_archive(store: ArtifactStore, batch: Batch, items: Sequence[ItemRow]) -> AsyncIterator[bytes]:
    """The zip's bytes. A file whose bytes are lost is left out, and `batch.json` says so.

    Raises: StoreUnavailable: the stream breaks off.
    """
    facts: list[dict[str, Any]] = []
    names = Names()
    with ZipStream() as archive:
        for item in items:
            fact = _fact_of(item)
            for artifact in item.files:
                path = names.take(fact["folder"], artifact.name)
                name = path.rpartition("/")[2]
                adding = archive.add_stored(store, path, artifact.sha256, artifact.bytes, artifact.created_at)
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
        archive.add_text("batch.json", _report(batch, facts), batch.created_at)
        archive.add_text("batch.csv", _table(facts), batch.created_at)
    yield archive.take()


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
