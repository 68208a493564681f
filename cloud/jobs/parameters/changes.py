"""A change of a scene's parameters: what there is to change, the job that does it, and the steps it runs again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cloud.db.models import Job, Project, Snapshot
from cloud.errors import Conflict, InvalidInput
from cloud.jobs.history.moves import Seen, lock_scene
from cloud.jobs.kept_steps import KEPT_MARK
from cloud.jobs.parameters import queries
from cloud.jobs.parameters.scene import SceneParameter, changed_codes, checked_values, scene_parameters, shown
from cloud.jobs.queries import chain_to
from cloud.jobs.queue import enqueue

if TYPE_CHECKING:
    from cloud.db.engine import Transaction
    from cloud.settings import Settings


class NoScene(Conflict):
    """The project's scene is empty."""

    code = "empty_scene"

    def __init__(self) -> None:
        super().__init__("The project has no scene yet, so it has no parameters; build one first.")


@dataclass(frozen=True)
class Scene:
    """A project's scene, as the steps that made it."""

    steps: Sequence[Snapshot]
    parameters: Sequence[SceneParameter]


@dataclass(frozen=True)
class Rerun:
    """The steps to run again, each with its code, and the snapshot that they begin with (None: the empty scene)."""

    start: Snapshot | None
    steps: Sequence[tuple[Snapshot, str]]


async def read_scene(session: "Transaction", project: Project) -> Scene:
    """The project's scene and its parameters. Raises: NoScene."""
    if project.head_snapshot_id is None:
        raise NoScene
    steps = [snapshot for snapshot, _ in await chain_to(session, project.head_snapshot_id)]
    return Scene(steps, scene_parameters([step.code for step in steps], [step.title for step in steps]))


async def request_change(
    session: "Transaction",
    project: Project,
    values: Mapping[str, Any],
    expected_head: UUID | None,
    settings: "Settings",
    *,
    job_id: UUID | None = None,
) -> Job:
    """Queue the job (`job_id`: its id) that makes the scene anew with these values. Until it succeeds nothing changes.

    Raises: NotFound, NoScene, SceneBusy. SceneChanged: the scene is not `expected_head`.
    InvalidInput: a value does not fit, nothing would change, or a step cannot run again. What `admit` raises.
    """
    await lock_scene(session, project.id, Seen(expected_head) if expected_head is not None else None)
    scene = await read_scene(session, project)
    checked = checked_values(scene.parameters, values)
    rerun = plan_rerun(scene, checked)
    prompts = await queries.prompts_of(session, list(scene.steps))
    wanted = ", ".join(f"{own_id} = {shown(value)}" for own_id, value in checked.items())
    job = Job(
        id=job_id or uuid4(),
        user_id=project.user_id,
        project_id=project.id,
        kind="parameters",
        prompt=f"{'; '.join(prompts) or 'the scene'}, with {wanted}",
        base_snapshot_id=project.head_snapshot_id,
        request={
            "values": {own_id: list(value) if isinstance(value, tuple) else value for own_id, value in checked.items()},
            "head_id": str(project.head_snapshot_id),
            "snapshot_id": str(rerun.start.id) if rerun.start else None,
            "prompts": prompts,
            "formats": ["blend", "glb"],
        },
    )
    await enqueue(session, job, settings)
    return job


def plan_rerun(scene: Scene, values: Mapping[str, Any]) -> Rerun:
    """What must run again for these values, from the first step that they change. Raises: InvalidInput."""
    checked = checked_values(scene.parameters, values)
    codes = changed_codes([step.code for step in scene.steps], scene.parameters, checked)
    if not codes:
        raise InvalidInput("Nothing would change: the parameters have these values already.")
    first = min(codes)
    for step in scene.steps[first - 1 :]:
        if step.code.startswith(KEPT_MARK):
            raise InvalidInput(f"{_named(step)} failed half way when it was made, so it cannot be run again.")
        if not _runs(step.code):
            raise InvalidInput(f"{_named(step)} was not made by code, so it cannot be run again.")
    steps = [(step, codes.get(number, step.code)) for number, step in enumerate(scene.steps[first - 1 :], first)]
    return Rerun(scene.steps[first - 2] if first > 1 else None, steps)


def _runs(code: str) -> bool:
    """There is more than comments to it: the step of another tool has a comment for its code."""
    return any(line.strip() and not line.strip().startswith("#") for line in code.splitlines())


def _named(step: Snapshot) -> str:
    return f"The step {step.title!r}" if step.title else f"Step {step.step}"
