"""The JSON of batches, and how rows become it."""

import datetime as dt
from collections.abc import Sequence
from functools import reduce
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from cloud.agent.brief import Brief
from cloud.api.patterns import LINE, TEXT
from cloud.api.schemas import Body, JobError
from cloud.db.models import Batch
from cloud.jobs.batches.queries import STATES, BatchSummary, ItemRow
from cloud.jobs.events import JobResult, UsageTotals
from cloud.jobs.formats import ExportFormat
from cloud.jobs.options import Detail, Quality

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Name = Annotated[str, Field(max_length=200, json_schema_extra={"pattern": LINE})]
Prompt = Annotated[str, Field(json_schema_extra={"pattern": TEXT})]
UNFINISHED = ("queued", "running")


class BatchItemIn(Body):
    """One prompt with what belongs to it."""

    prompt: Prompt
    name: Name | None = Field(default=None, description="The project's name; null: made of the prompt.")
    model: str | None = Field(default=None, min_length=1, max_length=200)
    formats: list[ExportFormat] | None = None
    quality: Quality | None = None
    detail: Detail | None = None
    max_usd: float | None = Field(default=None, gt=0, le=1e6)
    brief: Brief | Prompt | None = Field(default=None, description="The brief to build by, also as text.")


class BatchIn(Body):
    """What `POST /v1/batches` takes as JSON. For the document alone: `cloud.jobs.batches` reads it."""

    name: Name | None = None
    quality: Quality | None = Field(default=None, description="Of the items that name none; so are the next two.")
    detail: Detail | None = None
    max_usd: float | None = Field(default=None, gt=0, le=1e6, description="Of each item.")
    items: Annotated[
        list[Prompt | BatchItemIn],
        Field(min_length=1, examples=[["a chair", "a table"]]),
    ]


class BatchCounts(BaseModel):
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


class BatchOut(BaseModel):
    id: UUID
    name: str
    created_at: dt.datetime
    total: int
    counts: BatchCounts
    done: float = Field(description="The part that has ended, from 0 to 1.")
    usage: UsageTotals = Field(description="What all jobs of the batch have used, earlier tries too.")


class BatchItemOut(BaseModel):
    position: int = Field(description="From 1, in the order in which the prompts came.")
    prompt: str
    name: str
    project_id: UUID
    project_deleted: bool
    job_id: UUID = Field(description="The newest job of this item.")
    state: State
    stage: str | None = Field(description="Of a running job: prepare, refine, build, review, mend or deliver.")
    outcome: str | None
    error: JobError | None
    preview_id: UUID | None = Field(description="The artifact of its picture.")
    objects: int
    triangles: int
    seconds: float
    usd: float | None = Field(description="null: the model's price is unknown.")


class BatchDetail(BatchOut):
    items: list[BatchItemOut]


def batch_out(summary: BatchSummary) -> BatchOut:
    """A batch without its items."""
    total = sum(summary.counts.values())
    left = sum(summary.counts[state] for state in UNFINISHED)
    return BatchOut(
        id=summary.batch.id,
        name=summary.batch.name,
        created_at=summary.batch.created_at,
        total=total,
        counts=BatchCounts(**summary.counts),
        done=round(1 - left / total, 4) if total else 1.0,
        usage=summary.usage,
    )


def batch_detail(batch: Batch, items: Sequence[ItemRow]) -> BatchDetail:
    """A batch with its items."""
    counts = dict.fromkeys(STATES, 0)
    for item in items:
        counts[item.job.state] += 1
    out = batch_out(
        BatchSummary(batch, counts, reduce(UsageTotals.plus, [item.usage for item in items], UsageTotals()))
    )
    return BatchDetail(**out.model_dump(), items=[_item_out(item) for item in items])


def _item_out(item: ItemRow) -> BatchItemOut:
    job = item.job
    result = JobResult.model_validate(job.result) if job.result else None
    return BatchItemOut.model_validate(
        {
            "position": job.batch_position,
            "prompt": job.prompt,
            "name": item.project_name,
            "project_id": job.project_id,
            "project_deleted": item.is_deleted,
            "job_id": job.id,
            "state": job.state,
            "stage": item.stage,
            "outcome": job.outcome,
            "error": job.error or None,
            "preview_id": item.preview_id,
            "objects": result.objects if result else 0,
            "triangles": result.triangles if result else 0,
            "seconds": result.seconds if result else 0.0,
            "usd": item.usage.usd,
        }
    )
