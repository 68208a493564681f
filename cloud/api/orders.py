"""Prompts and exports on their way into the queue, whichever door they came in by."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.api.ablations import allowed_ablations
from cloud.api.model_choice import demand_usable_model
from cloud.api.scenes import demand_seen_scene
from cloud.db.models import Job
from cloud.errors import Conflict
from cloud.jobs import queue
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.options import BuildOptions
from cloud.jobs.prompt import checked_prompt
from cloud.projects import queries

if TYPE_CHECKING:
    from cloud.api.dependencies import Services
    from cloud.api.schemas import ExportIn, JobIn
    from cloud.db.engine import Transaction


class EmptyScene(Conflict):
    """There is nothing to export."""

    code = "empty_scene"

    def __init__(self) -> None:
        super().__init__("The project has no scene yet; build something first, then export it.")


async def order_build(
    services: "Services",
    transaction: "Transaction",
    owner: UUID,
    project_id: UUID,
    body: "JobIn",
    job_id: UUID,
    caller: str = "",
) -> Job:
    """Queue a prompt for the project's scene; `caller`: see `cloud.jobs.calls`.

    Raises: InvalidInput, NotFound, SceneChanged, SceneBusy, ModelNotUsable. What `admit` raises.
    """
    prompt = checked_prompt(body.prompt, services.settings.prompt_limit_chars)
    project = await queries.get_project(transaction, owner, project_id)
    await demand_seen_scene(transaction, project.id, body)
    await demand_usable_model(services, transaction, owner, body.model)
    await queries.require_reference_images(transaction, project, body.image_ids)
    options = BuildOptions(
        formats=list(dict.fromkeys(body.formats)),
        image_ids=[str(image_id) for image_id in dict.fromkeys(body.image_ids)],
        quality=body.quality,
        detail=body.detail,
        brief=body.brief,
        max_usd=body.max_usd,
        without=allowed_ablations(body.without, services.settings),
    )
    job = Job(
        id=job_id,
        user_id=owner,
        project_id=project.id,
        kind="build",
        prompt=prompt,
        model=body.model,
        request=options.model_dump(mode="json") | ({"caller": caller} if caller else {}),
    )
    await queue.enqueue(transaction, job, services.settings)
    return job


async def order_export(
    services: "Services", transaction: "Transaction", owner: UUID, project_id: UUID, body: "ExportIn", job_id: UUID
) -> Job:
    """Queue the export of the project's scene, or of one of its steps, in one format.

    Raises: NotFound, NoSuchSnapshot, EmptyScene, SceneChanged, SceneBusy. What `admit` raises.
    """
    project = await queries.get_project(transaction, owner, project_id)
    await demand_seen_scene(transaction, project.id, body)
    request: dict[str, Any] = {"formats": [body.format]}
    if body.snapshot_id is not None:
        request["snapshot_id"] = str((await get_snapshot(transaction, project.id, body.snapshot_id)).id)
    elif project.head_snapshot_id is None:
        raise EmptyScene
    job = Job(id=job_id, user_id=owner, project_id=project.id, kind="export", prompt="", request=request)
    await queue.enqueue(transaction, job, services.settings)
    return job
