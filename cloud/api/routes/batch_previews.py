"""What a batch would be, before it is sent: its prompts as they are read, or what is wrong with them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, ServicesDep
from cloud.api.problems import documented
from cloud.api.routes.batches import BODY, kind_of
from cloud.jobs.batches.parsing import BatchItem, Limits, parse_batch
from cloud.jobs.formats import ExportFormat
from cloud.jobs.options import PROFILES, BuildOptions, Detail, Quality

router = APIRouter(tags=["batches"], responses=documented(422))

_USUAL: Quality = BuildOptions().quality


class BatchPreviewItem(BaseModel):
    """One prompt as it would be built. null, and no formats: the usual ones."""

    prompt: str
    name: str = Field(description="Of its project.")
    model: str | None
    formats: list[ExportFormat]
    quality: Quality | None
    detail: Detail | None
    max_usd: float | None


class BatchPreview(BaseModel):
    """A batch that can be sent as it is."""

    name: str | None
    total: int
    limit: int = Field(description="Prompts of one batch at most.")
    most_usd: float = Field(description="What all together may cost at most, by their budgets, where models cost.")
    items: list[BatchPreviewItem]


@router.post("/batch-previews", summary="Read many prompts", responses=documented(400, 413), openapi_extra=BODY)
async def preview_batch(
    request: Request,
    _owner: OwnerDep,
    services: ServicesDep,
    quality: Annotated[Quality | None, Query(description="Of the items that name none.")] = None,
    detail: Annotated[Detail | None, Query(description="Of the items that name none.")] = None,
) -> BatchPreview:
    """How a batch would be read; nothing is made. What cannot be used is told with its line, as when it is sent."""
    kind = kind_of(request)
    limits = Limits(services.settings.batch_limit, services.settings.prompt_limit_chars)
    shared = {"quality": quality, "detail": detail}
    parsed = await asyncio.to_thread(parse_batch, await request.body(), kind, limits, shared)
    return BatchPreview(
        name=parsed.name,
        total=len(parsed.items),
        limit=limits.items,
        most_usd=_most_usd(parsed.items, services.settings.max_job_usd),
        items=[_item_out(item) for item in parsed.items],
    )


def _most_usd(items: list[BatchItem], least_usd: float) -> float:
    """The sum of what `job_budget` would allow each."""
    budgets = [min(PROFILES[item.quality or _USUAL].usd, item.max_usd or least_usd, least_usd) for item in items]
    return round(sum(budgets), 2)


def _item_out(item: BatchItem) -> BatchPreviewItem:
    names = ("prompt", "name", "model", "formats", "quality", "detail", "max_usd")
    return BatchPreviewItem.model_validate({name: getattr(item, name) for name in names})
