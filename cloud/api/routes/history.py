"""A project's history: look at its steps, go to any of them, branch, label, compare.

Undo, redo and restore answer with the project, whose `thumbnail_id` is the picture of the scene as it is now, and
`model_id` its model for the 3D viewer: they change rows alone, so both are there at once. A snapshot without a picture
(null) is drawn by `POST …/compare` with it; one without a model has it made by `POST …/model`.
"""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, PagingDep, ServicesDep, TransactionDep
from cloud.api.downloads import DOWNLOAD_RESPONSES, StoredFile, WantedDep, attachment_header, send_file
from cloud.api.noted_downloads import DownloadNotesDep
from cloud.api.patterns import LINE, LINE_OR_NOTHING
from cloud.api.problems import documented
from cloud.api.scenes import seen_by
from cloud.api.schemas import Body, JobOut, Page, ProjectOut, SceneSeen
from cloud.api.shapes import job_out, page_out, project_out
from cloud.db.models import Job, Project
from cloud.errors import InvalidInput
from cloud.jobs import queue
from cloud.jobs.events import UsageTotals
from cloud.jobs.history import branching, moves
from cloud.jobs.history import queries as history
from cloud.jobs.history.scripts import script_of
from cloud.projects import queries as projects
from cloud.projects.names import control_in

router = APIRouter(prefix="/projects/{project_id}", tags=["history"], responses=documented(404, 422))

EMPTY = "empty"
_LABEL_LIMIT_CHARS = 80

SceneName = Annotated[
    UUID | Literal["empty"], Field(description="A snapshot's id, or `empty`: the scene that a project begins with.")
]


class TurnCost(UsageTotals):
    """What the model's turn used that asked for a step; the tool calls of one turn share it."""

    shared_by: int = Field(description="How many tool calls this turn asked for: the sum is not theirs each.")


class SnapshotOut(BaseModel):
    """The scene after one step."""

    id: UUID
    parent_id: UUID | None = Field(description="The scene before the step; null is the empty scene.")
    step: int = Field(description="The number of the tool call within its job.")
    title: str
    label: str = Field(description="The name that the user gave it; empty: none.")
    job_id: UUID | None = Field(description="The job that made it; in a branch, a job of the origin.")
    tool: str | None
    changed: str = Field(description="What the step changed in the scene, in one line.")
    seconds: float
    cost: TurnCost | None = Field(description="What the model's turn cost; null: no model call asked for the step.")
    sha256: str
    bytes: int
    thumbnail_id: UUID | None = Field(description="The artifact that is its picture.")
    model_id: UUID | None = Field(
        description="The artifact that is its scene for the 3D viewer; null: `POST …/model` makes it."
    )
    is_head: bool = Field(description="Whether the project's scene is this one now.")
    created_at: dt.datetime


class SnapshotDetailOut(SnapshotOut):
    """A step with its code and its neighbours."""

    code: str = Field(description="What made it of its parent.")
    before_id: UUID | None = Field(description="The same as `parent_id`.")
    children_ids: list[UUID] = Field(description="What was made of it, oldest first.")


class LabelIn(Body):
    label: Annotated[
        str,
        Field(
            max_length=_LABEL_LIMIT_CHARS,
            examples=["before the roof"],
            description="Empty: none.",
            json_schema_extra={"pattern": LINE_OR_NOTHING},
        ),
    ]


class BranchIn(Body):
    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": LINE})] | None,
        Field(description="Of the new project; null: made of the origin's."),
    ] = None


class CompareIn(Body):
    a: SceneName | None = Field(description="The first scene; null is the empty one.")
    b: SceneName | None = Field(description="The second scene; null is the empty one.")


async def _own_project(project_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> Project:
    return await projects.get_project(transaction, owner, project_id)


OwnProjectDep = Annotated[Project, Depends(_own_project)]


@router.get("/snapshots", summary="List the steps")
async def list_snapshots(project: OwnProjectDep, transaction: TransactionDep, paging: PagingDep) -> Page[SnapshotOut]:
    """Every step of the project, newest first, also those that the scene has gone back from. A tree by `parent_id`."""
    page = await history.list_steps(transaction, project.id, paging.cursor, paging.limit)
    return page_out(page, lambda step: SnapshotOut.model_validate(_facts(step, project)))


@router.get("/snapshots/{snapshot_id}", summary="Look at a step")
async def get_snapshot(snapshot_id: UUID, project: OwnProjectDep, transaction: TransactionDep) -> SnapshotDetailOut:
    """The step with its code, the scene before it and what was made of it."""
    return await _show(snapshot_id, project, transaction)


@router.patch("/snapshots/{snapshot_id}", summary="Label a step")
async def label_snapshot(
    snapshot_id: UUID, body: LabelIn, project: OwnProjectDep, transaction: TransactionDep
) -> SnapshotDetailOut:
    """Name a step, so that it is found again."""
    label = body.label.strip()
    if control_in(label):
        raise InvalidInput("The label holds a line break or another control character; leave it out.")
    (await history.get_snapshot(transaction, project.id, snapshot_id)).label = label
    await transaction.flush()
    return await _show(snapshot_id, project, transaction)


@router.get(
    "/snapshots/{snapshot_id}/content",
    summary="Download a step's .blend",
    response_class=StreamingResponse,
    responses=DOWNLOAD_RESPONSES,
)
async def get_snapshot_content(
    project_id: UUID,
    snapshot_id: UUID,
    owner: OwnerDep,
    services: ServicesDep,
    wanted: WantedDep,
    notes: DownloadNotesDep,
) -> Response:
    """The scene as it was after the step. For other formats: `POST …/exports` with its `snapshot_id`."""
    async with services.database.sessions() as session:
        project = await projects.get_project(session, owner, project_id)
        snapshot = await history.get_snapshot(session, project.id, snapshot_id)
    name = f"step-{snapshot.step:02d}-{snapshot.sha256[:8]}.blend"
    file = StoredFile(name, "application/x-blender", snapshot.sha256, snapshot.bytes)
    response = await send_file(services.store, file, wanted)
    await notes.note(f"snapshot:{snapshot_id}", response, name=name)
    return response


@router.get(
    "/snapshots/{snapshot_id}/script",
    summary="Get a step's script",
    response_class=Response,
    responses={200: {"description": "A Python file", "content": {"text/x-python": {}}}},
)
async def get_snapshot_script(
    snapshot_id: UUID, project: OwnProjectDep, transaction: TransactionDep, notes: DownloadNotesDep
) -> Response:
    """Python that rebuilds the scene of this step from the empty one: `python script.py OUT.blend` under `bpy`."""
    snapshot = await history.get_snapshot(transaction, project.id, snapshot_id)
    script = await script_of(transaction, snapshot.id)
    headers = {"Content-Disposition": attachment_header("script.py"), "X-Content-Type-Options": "nosniff"}
    response = Response(script.encode(), media_type="text/x-python; charset=utf-8", headers=headers)
    await notes.note(f"snapshot:{snapshot_id}", response, name="script.py")
    return response


@router.post("/snapshots/{snapshot_id}/restore", summary="Go to a step", responses=documented(409))
async def restore_snapshot(
    snapshot_id: Annotated[SceneName, Path()],
    project: OwnProjectDep,
    transaction: TransactionDep,
    body: SceneSeen | None = None,
) -> ProjectOut:
    """The project's scene is this step's from now on (`empty`: nothing); what came after it stays in the history."""
    wanted = None if snapshot_id == EMPTY else snapshot_id
    return project_out(await moves.restore(transaction, project.id, wanted, seen_by(body)))


@router.post("/undo", summary="Undo the last step", responses=documented(409))
async def undo(project: OwnProjectDep, transaction: TransactionDep, body: SceneSeen | None = None) -> ProjectOut:
    """The project's scene is what it was before its last step."""
    return project_out(await moves.undo(transaction, project.id, seen_by(body)))


@router.post("/redo", summary="Redo what was undone", responses=documented(409))
async def redo(project: OwnProjectDep, transaction: TransactionDep, body: SceneSeen | None = None) -> ProjectOut:
    """Take the last undo back. A new step or a restore ends what can be redone."""
    return project_out(await moves.redo(transaction, project.id, seen_by(body)))


@router.post("/snapshots/{snapshot_id}/branch", status_code=201, summary="Branch off a project")
async def branch_off(
    snapshot_id: UUID, project: OwnProjectDep, transaction: TransactionDep, body: BranchIn | None = None
) -> ProjectOut:
    """A new project with this step's scene and the history up to it. The origin may be deleted afterwards."""
    name = body.name if body else None
    return project_out(await branching.branch(transaction, project, snapshot_id, name))


@router.post("/compare", status_code=202, summary="Compare two steps", tags=["jobs"], responses=documented(403))
async def compare(
    body: CompareIn, project: OwnProjectDep, transaction: TransactionDep, services: ServicesDep
) -> JobOut:
    """Queue a job that says what differs (`result.comparison`) and draws both from the same place. Changes nothing."""
    named = [None if side == EMPTY else side for side in (body.a, body.b)]
    for side in named:
        if side is not None:
            await history.get_snapshot(transaction, project.id, side)
    first, second = (str(side) if side else None for side in named)
    request = {"formats": [], "snapshot_id": first, "other_id": second}
    job = Job(user_id=project.user_id, project_id=project.id, kind="compare", prompt="", request=request)
    await queue.enqueue(transaction, job, services.settings)
    return job_out(job)


async def _show(snapshot_id: UUID, project: Project, transaction: TransactionDep) -> SnapshotDetailOut:
    step = await history.get_step(transaction, project.id, snapshot_id)
    children = await history.children_of(transaction, snapshot_id)
    neighbours = {"before_id": step.snapshot.parent_id, "children_ids": children}
    return SnapshotDetailOut.model_validate(_facts(step, project) | {"code": step.snapshot.code} | neighbours)


def _facts(step: history.HistoryStep, project: Project) -> dict[str, object]:
    snapshot = step.snapshot
    plain = ("id", "parent_id", "step", "title", "label", "job_id", "changed", "seconds", "sha256", "bytes")
    return {
        **{name: getattr(snapshot, name) for name in (*plain, "thumbnail_id", "model_id", "created_at")},
        "tool": step.tool,
        "cost": {**step.cost.model_dump(), "shared_by": step.shared_by} if step.cost else None,
        "is_head": snapshot.id == project.head_snapshot_id,
    }
