"""The rows that a running job writes, made of what the agent and its tools gave."""

from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from cloud.agent.contract import ToolResult
from cloud.agent.loop import Step
from cloud.agent.model import CutOffCall, ModelReply
from cloud.agent.prices import TokenCounts
from cloud.db.models import Job, Snapshot, Usage
from cloud.db.models import Step as StepRow
from cloud.jobs.events import UsageTotals
from cloud.jobs.step_facts import NewFile, changed_words, replayed_code, shown_code
from cloud.jobs.storable import storable_text
from cloud.storage.store import ArtifactStore


async def stored_file(job: Job, new: NewFile, store: ArtifactStore) -> dict[str, Any]:
    """Put the bytes into the store. Returns: the columns of the file's row. Raises: StoreUnavailable."""
    stored = await store.put(new.content)
    return {
        "id": uuid4(),
        "user_id": job.user_id,
        "project_id": job.project_id,
        "job_id": job.id,
        "kind": new.kind,
        "name": new.name,
        "media_type": new.media_type,
        "sha256": stored.sha256,
        "bytes": stored.bytes,
    }


def usage_row(
    job: Job,
    paid: ModelReply | CutOffCall,
    billed_to: str,
    *,
    purpose: str = "build",
    message_seq: int | None = None,
    consultation_key: str | None = None,
    row_id: UUID | None = None,
) -> Usage:
    """What a model call cost; one that was cut off has neither message nor consultation, and is an estimate.

    `row_id` is that of the row which the call's beginning has left.
    """
    tokens = paid.tokens
    return Usage(
        id=row_id or uuid4(),
        user_id=job.user_id,
        job_id=job.id,
        message_seq=message_seq,
        consultation_key=consultation_key,
        purpose=purpose,
        billed_to=billed_to,
        is_estimate=isinstance(paid, CutOffCall),
        model=paid.model,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cache_read_tokens=tokens.cache_read_tokens,
        cache_write_tokens=tokens.cache_write_tokens,
        usd=paid.usd or 0,
    )


def add_usage(totals: UsageTotals, tokens: TokenCounts, usd: float | None) -> UsageTotals:
    """The totals with one more call in them."""
    return totals.plus(UsageTotals(**asdict(tokens), usd=usd))


def started_step(job: Job, attempt: int, message_seq: int, step: Step, before_id: UUID | None) -> StepRow:
    """A tool call that begins on this scene."""
    return StepRow(
        job_id=job.id,
        number=step.number,
        message_seq=message_seq,
        tool=storable_text(step.tool),
        title=storable_text(step.title),
        code=shown_code(step),
        attempt=attempt,
        before_snapshot_id=before_id,
    )


def snapshot_of_step(
    job: Job,
    snapshot_id: UUID,
    parent_id: UUID | None,
    message_seq: int,
    step: Step,
    result: ToolResult,
    seconds: float,
) -> Snapshot:
    """The scene that a tool call has left; the result names its file."""
    taken = result.structured["snapshot"]
    return Snapshot(
        id=snapshot_id,
        user_id=job.user_id,
        project_id=job.project_id,
        job_id=job.id,
        run_id=job.id,
        parent_id=parent_id,
        step=step.number,
        message_seq=message_seq,
        title=storable_text(step.title),
        code=replayed_code(step, result),
        changed=changed_words(result),
        seconds=round(seconds, 3),
        sha256=taken["sha256"],
        bytes=int(taken["bytes"]),
    )
