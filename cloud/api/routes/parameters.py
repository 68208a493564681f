"""The named numbers, colours and counts of a project's scene: list them, and make the scene anew with other values."""

from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.idempotency import IdempotencyDep
from cloud.api.problems import documented
from cloud.api.schemas import Body, JobOut
from cloud.api.shapes import job_out
from cloud.db.models import Snapshot
from cloud.jobs.parameters.changes import read_scene, request_change
from cloud.jobs.parameters.scene import SceneParameter
from cloud.projects import queries

router = APIRouter(prefix="/projects", tags=["parameters"], responses=documented(404, 409, 422))

_VALUES = Field(
    max_length=500,
    examples=[{"CHAIR_HEIGHT": 1.1, "CHAIR_FRAME_COLOR": "#c81e1e"}],
    description="A value for each parameter to change, by id.",
)


class ParameterOut(BaseModel):
    id: str = Field(
        description="Its name; its step's title or a number follows where an earlier step gives it another value."
    )
    name: str
    label: str
    type: Literal["number", "count", "colour", "switch"]
    value: bool | int | float | str | tuple[float, ...] = Field(
        description="A colour is a text `#rrggbb`, or linear red, green, blue and perhaps alpha, each 0 to 1."
    )
    min: float | None = Field(description="The least value, of a colour's channel too; null for a switch.")
    max: float | None
    unit: str = Field(description="`m`, `deg`, …; empty where the code does not say it.")
    description: str
    step: int = Field(description="The first of the scene's steps that has it, counted from 1; later ones follow it.")
    step_title: str
    snapshot_id: UUID


class ParametersOut(BaseModel):
    head_snapshot_id: UUID | None = Field(description="The scene whose parameters these are: send it back as is.")
    items: list[ParameterOut]


class ParametersIn(Body):
    values: Annotated[dict[str, Any], _VALUES]
    expected_head: UUID | None = Field(default=None, description="Refuse with 409 if the scene is another one by now.")


@router.get("/{project_id}/parameters", summary="List a scene's parameters")
async def list_parameters(project_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> ParametersOut:
    """Of every step that made the scene, in order. A scene whose code names none has an empty list."""
    project = await queries.get_project(transaction, owner, project_id)
    scene = await read_scene(transaction, project)
    items = [_parameter_out(each, scene.steps[each.step - 1]) for each in scene.parameters]
    return ParametersOut(head_snapshot_id=project.head_snapshot_id, items=items)


@router.post(
    "/{project_id}/parameters", status_code=202, summary="Change a scene's parameters", responses=documented(403)
)
async def change_parameters(
    project_id: UUID,
    body: ParametersIn,
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> JobOut:
    """Queue a job that runs the scene's code again with these values, without a model. The scene changes at its end,
    or, if a step fails, not at all. Undo brings back the scene before."""
    job_id = uuid4()
    if earlier := await idempotency.made_before(transaction, job_id):
        return job_out(await queries.get_job(transaction, owner, earlier))
    project = await queries.get_project(transaction, owner, project_id)
    job = await request_change(transaction, project, body.values, body.expected_head, services.settings, job_id=job_id)
    return job_out(job)


def _parameter_out(each: SceneParameter, step: Snapshot) -> ParameterOut:
    parameter = each.parameter
    return ParameterOut(
        id=each.id,
        name=parameter.name,
        label=each.label,
        type=parameter.kind,
        value=parameter.value,
        min=parameter.min,
        max=parameter.max,
        unit=parameter.unit,
        description=parameter.description,
        step=each.step,
        step_title=step.title,
        snapshot_id=step.id,
    )
