"""A step's scene for the 3D viewer, where there is none (any more)."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import JobOut
from cloud.api.shapes import job_out
from cloud.db.models import Job
from cloud.jobs import queue
from cloud.jobs.history import queries as history
from cloud.jobs.queries import open_project_writer
from cloud.projects import queries as projects

router = APIRouter(prefix="/projects/{project_id}", tags=["history"], responses=documented(404, 422))


class StepModelOut(BaseModel):
    """The model, or the job that makes it."""

    model_id: UUID | None = Field(description="The artifact (200); null: it is yet to be made (202).")
    job: JobOut | None = Field(
        description="What makes it: its event `model` names the artifact. It fails where the step can have none."
    )


@router.post(
    "/snapshots/{snapshot_id}/model",
    summary="Have a step's 3D model",
    responses={202: {"model": StepModelOut, "description": "It is being made."}, **documented(403)},
)
async def make_model(
    project_id: UUID,
    snapshot_id: UUID,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    response: Response,
) -> StepModelOut:
    """A small .glb (Draco, WebP textures) of the scene after the step. Asked again meanwhile, it is the same job."""
    project = await projects.get_project(transaction, owner, project_id)
    await open_project_writer(transaction, project.id)  # two who ask at once get one job
    snapshot = await history.get_snapshot(transaction, project.id, snapshot_id)
    if snapshot.model_id is not None:
        return StepModelOut(model_id=snapshot.model_id, job=None)
    response.status_code = 202
    job = await history.unfinished_model_job(transaction, project.id, snapshot.id)
    if job is None:
        request = {"formats": [], "snapshot_id": str(snapshot.id), "model": True}
        job = Job(user_id=owner, project_id=project.id, kind="export", prompt="", request=request)
        await queue.enqueue(transaction, job, services.settings)
    return StepModelOut(model_id=None, job=job_out(job))
