"""Batches: many prompts in one request, followed, cancelled and downloaded as one."""

import asyncio
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from cloud.api.batch_shapes import BatchDetail, BatchIn, BatchOut, Name, batch_detail, batch_out
from cloud.api.dependencies import OwnerDep, PagingDep, ServicesDep, TransactionDep
from cloud.api.downloads import attachment_header
from cloud.api.idempotency import IdempotencyDep
from cloud.api.model_choice import demand_usable_model
from cloud.api.noted_downloads import DownloadNotesDep
from cloud.api.patterns import CSV, JSON_LINES, TEXT
from cloud.api.problems import documented
from cloud.api.schemas import Page
from cloud.api.shapes import page_out
from cloud.db.engine import Transaction
from cloud.db.models import Batch
from cloud.errors import InvalidInput
from cloud.jobs.batches import queries, work
from cloud.jobs.batches.archive import NothingYet, stream_archive
from cloud.jobs.batches.parsing import Kind, Limits, checked_batch_name, parse_batch
from cloud.jobs.options import Detail, Quality
from cloud.jobs.prompt import slug_of

router = APIRouter(prefix="/batches", tags=["batches"], responses=documented(404, 422))

_KINDS: dict[str, Kind] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/plain": "txt",
}
_JSON: dict[str, Any] = {"schema": BatchIn.model_json_schema(ref_template="#/components/schemas/{model}")}
_LEAST: dict[Kind, str] = {"csv": CSV, "jsonl": JSON_LINES, "txt": TEXT}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: _JSON if kind == "json" else {"schema": {"type": "string", "pattern": _LEAST[kind]}}
            for media_type, kind in _KINDS.items()
        },
    }
}


@router.post("", status_code=202, summary="Send many prompts", responses=documented(400, 403, 413), openapi_extra=BODY)
async def create_batch(
    request: Request,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    idempotency: IdempotencyDep,
    name: Annotated[Name | None, Query(description="What the batch is called.")] = None,
    quality: Annotated[Quality | None, Query(description="Of the items that name none.")] = None,
    detail: Annotated[Detail | None, Query(description="Of the items that name none.")] = None,
) -> BatchDetail:
    """Make a project and a job of each prompt, all of them or none.

    Send JSON, CSV (a header row with `prompt`, and `name`, `model`, `formats`, `quality`, `detail`, `max_usd`, `brief`
    if you like), one JSON object or string a line, or (text/plain) one prompt a line. What cannot be used is told with
    its line.
    """
    kind = kind_of(request)
    given_name = None if name is None else checked_batch_name(name)
    limits = Limits(services.settings.batch_limit, services.settings.prompt_limit_chars)
    shared = {"quality": quality, "detail": detail}
    parsed = await asyncio.to_thread(parse_batch, await request.body(), kind, limits, shared)
    batch_id = uuid4()
    if earlier := await idempotency.made_before(transaction, batch_id):
        return await _detail(transaction, owner, earlier)
    for model in {item.model for item in parsed.items}:
        await demand_usable_model(services, transaction, owner, model)
    count = len(parsed.items)
    usual_name = f"{count} prompt{'s' if count > 1 else ''}"
    batch = Batch(id=batch_id, user_id=owner, name=given_name or parsed.name or usual_name)
    await work.make_batch(transaction, batch, parsed.items, services.settings)
    return await _detail(transaction, owner, batch_id)


@router.get("", summary="List batches")
async def list_batches(owner: OwnerDep, transaction: TransactionDep, paging: PagingDep) -> Page[BatchOut]:
    """One's own batches, newest first, without their items."""
    return page_out(await queries.list_batches(transaction, owner, paging.cursor, paging.limit), batch_out)


@router.get("/{batch_id}", summary="Get a batch")
async def get_batch(batch_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> BatchDetail:
    """How far the whole is, and each item with its newest job. Cheap enough to ask every second."""
    return await _detail(transaction, owner, batch_id)


@router.post("/{batch_id}/cancel", status_code=202, summary="Cancel a batch", responses=documented(409))
async def cancel_batch(batch_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> BatchDetail:
    """Every job that has not ended is cancelled; what is done stays."""
    await work.cancel_batch(transaction, owner, batch_id)
    return await _detail(transaction, owner, batch_id)


@router.post("/{batch_id}/retry", status_code=202, summary="Try failures again", responses=documented(403, 409))
async def retry_batch(
    batch_id: UUID, owner: OwnerDep, transaction: TransactionDep, services: ServicesDep
) -> BatchDetail:
    """A new job for each item that failed or was cancelled, in the same project, from where the old one began."""
    await work.retry_batch(transaction, owner, batch_id, services.settings)
    return await _detail(transaction, owner, batch_id)


@router.get(
    "/{batch_id}/archive",
    summary="Download a batch's results",
    response_class=StreamingResponse,
    responses={200: {"description": "A zip", "content": {"application/zip": {}}}, **documented(409)},
)
async def get_archive(
    batch_id: UUID, owner: OwnerDep, services: ServicesDep, notes: DownloadNotesDep
) -> StreamingResponse:
    """One zip: a folder of files for each item that has ended, and `batch.json` and `batch.csv`, which tell of all.

    While the batch is unfinished it holds what there is, and says so in `batch.json`.
    """
    # In a session of its own: the download lives long, and must not hold a connection.
    async with services.database.sessions() as session:
        batch = await queries.get_batch(session, owner, batch_id)
        items = await queries.items_of(session, batch_id)
        await queries.add_files(session, items)
    if all(item.job.finished_at is None for item in items):
        raise NothingYet
    headers = {
        "Content-Disposition": attachment_header(f"{slug_of(batch.name)}.zip"),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    archive = stream_archive(services.store, batch, items)
    response = StreamingResponse(archive, headers=headers, media_type="application/zip")
    await notes.note(f"batch:{batch_id}", response)
    return response


async def _detail(transaction: Transaction, owner: UUID, batch_id: UUID) -> BatchDetail:
    batch = await queries.get_batch(transaction, owner, batch_id)
    items = await queries.items_of(transaction, batch_id)
    await queries.add_stages(transaction, items)
    return batch_detail(batch, items)


def kind_of(request: Request) -> Kind:
    """By the Content-Type. Raises: InvalidInput: it is none of these."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return _KINDS[media_type]
    except KeyError:
        raise InvalidInput(
            "The body must be a JSON object, sent with Content-Type: application/json, or a file sent as text/csv, "
            "application/x-ndjson or text/plain."
        ) from None
