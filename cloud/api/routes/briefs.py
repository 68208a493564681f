"""Briefs: a prompt made into what is to be built, to be read and changed before it is built."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.idempotency import IdempotencyDep
from cloud.api.model_choice import demand_usable_model
from cloud.api.patterns import TEXT
from cloud.api.problems import documented
from cloud.api.schemas import Body, JobOut
from cloud.api.shapes import job_out
from cloud.db.models import Job
from cloud.jobs import queue
from cloud.jobs.formats import ExportFormat
from cloud.jobs.options import BuildOptions, Quality
from cloud.jobs.prompt import checked_prompt
from cloud.projects import queries

router = APIRouter(prefix="/projects", tags=["briefs"], responses=documented(404, 422))


class BriefIn(Body):
    prompt: Annotated[
        str, Field(examples=["a medieval castle tower with a wooden door"], json_schema_extra={"pattern": TEXT})
    ]
    detail: Literal["concise", "moderate", "comprehensive"] = Field(
        default="moderate", description="At most 150, 450 or 1,200 words."
    )
    model: str | None = Field(
        default=None, min_length=1, max_length=200, description="A model id; null takes the server's default."
    )
    image_ids: list[UUID] = Field(default=[], max_length=8, description="Uploaded reference images.")
    quality: Quality = Field(default="standard", description="How much effort the model takes.")
    max_usd: float | None = Field(default=None, gt=0, le=1e6, allow_inf_nan=False, description="What it may cost.")
    formats: list[ExportFormat] = Field(default=[], description="Of the build that is to follow: kept with this job.")


@router.post("/{project_id}/briefs", status_code=202, summary="Refine a prompt", responses=documented(403))
async def create_brief(
    project_id: UUID,
    body: BriefIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> JobOut:
    """Queue a job that makes a brief of the prompt; it stands in the job's `result.brief`. Send it, changed or not, as
    the `brief` of the prompt's job. For a scene that is there already the brief is about the change."""
    prompt = checked_prompt(body.prompt, services.settings.prompt_limit_chars)
    job_id = uuid4()
    if earlier := await idempotency.made_before(transaction, job_id):
        return job_out(await queries.get_job(transaction, owner, earlier))
    project = await queries.get_project(transaction, owner, project_id)
    await demand_usable_model(services, transaction, owner, body.model)
    await queries.require_reference_images(transaction, project, body.image_ids)
    options = BuildOptions(
        formats=body.formats,
        image_ids=[str(image_id) for image_id in dict.fromkeys(body.image_ids)],
        quality=body.quality,
        detail=body.detail,
        max_usd=body.max_usd,
    )
    job = Job(
        id=job_id,
        user_id=owner,
        project_id=project.id,
        kind="refine",
        prompt=prompt,
        model=body.model,
        request=options.model_dump(mode="json"),
    )
    await queue.enqueue(transaction, job, services.settings)
    return job_out(job)
