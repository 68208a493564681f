"""The scene's code with other values of its parameters, run again without a model: a new branch of steps, or nothing.

The new snapshots are written and become the scene in one transaction, when the last step has run. Until then an
attempt leaves only events, and the next one begins anew; after it, the next one only makes the files that are missing.
"""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cloud.agent.contract import Outcome, ToolResult
from cloud.db.models import Snapshot
from cloud.errors import Prompt2MeshError
from cloud.jobs.conversing import HandOver
from cloud.jobs.deliver import deliver_files, draw_quick_preview
from cloud.jobs.events import SnapshotTaken, StepFinished, StepStarted
from cloud.jobs.history.moves import SceneChanged
from cloud.jobs.parameters import queries
from cloud.jobs.parameters.changes import Rerun, plan_rerun, read_scene
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.queries import JobWriter
from cloud.jobs.scene_change import change_of, difference_to_base, is_nothing
from cloud.jobs.step_models import keep_model
from cloud.jobs.storable import storable_text
from cloud.projects.queries import get_project

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

_ERROR_LIMIT_CHARS = 300
_NOTHING_CHANGED = "Nothing in the scene changed: most likely a later step sets the same thing again."


class StepFailed(Prompt2MeshError):
    """A step of the scene does not run with the new values."""

    code, http_status = "step_failed", 422

    def __init__(self, title: str, error: str) -> None:
        super().__init__(f"The step {title!r} failed with the new values, so the scene is as it was: {error}")


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Run the steps again and deliver. Raises: StepFailed, SceneChanged, InvalidInput, DeliveryFailed, PodLost."""
    last = await _made_before(work)
    if last is None:
        rerun = await _plan(work)
        await _open(work, toolbox, rerun.start)
        await work.recorder.stage("build")
        with work.timed("steps"):
            made = await _run_steps(work, toolbox, rerun)
        last = await _move_scene(work, made)
    else:
        await _open(work, toolbox, last)
    work.recorder.head_id, work.recorder.steps = last.id, last.step
    await work.recorder.stage("deliver")
    await _deliver(work, toolbox, last)
    summary = f"The scene was made again: {work.job.prompt.rpartition(', with ')[2]}."
    changed = await difference_to_base(work, toolbox)
    if changed is not None:
        work.changed = change_of(changed)
        summary += f" {_NOTHING_CHANGED}" if is_nothing(changed) else ""
    return Outcome("finished", summary)


async def _made_before(work: "JobWork") -> Snapshot | None:
    """The last step, where an earlier attempt has made them all."""
    async with work.services.database.sessions() as session:
        return await queries.last_step_of(session, work.job)


async def _open(work: "JobWork", toolbox: "PodToolbox", snapshot: Snapshot | None) -> None:
    """The pod holds this scene (None: the empty one); as a rule it does so already."""
    wanted = snapshot.sha256 if snapshot else EMPTY_SCENE
    if toolbox.scene != wanted:
        with work.timed("pod"):
            await toolbox.open_scene(wanted)


async def _plan(work: "JobWork") -> Rerun:
    async with work.services.database.sessions() as session:
        project = await get_project(session, work.job.user_id, work.job.project_id)
        if str(project.head_snapshot_id) != work.job.request["head_id"]:
            raise SceneChanged(project.head_snapshot_id)
        return plan_rerun(await read_scene(session, project), work.job.request["values"])


async def _run_steps(work: "JobWork", toolbox: "PodToolbox", rerun: Rerun) -> list[dict[str, Any]]:
    """Run every step. Returns: the columns of each one's snapshot, which is in the store and in no table yet.

    Raises: StepFailed, HandOver.
    """
    async with work.services.database.sessions() as session:
        told = await queries.told_steps(session, work.job.id)
    made: list[dict[str, Any]] = []
    parent_id = rerun.start.id if rerun.start else None
    for number, (origin, code) in enumerate(rerun.steps, 1):
        if work.recorder.draining.is_set():
            raise HandOver
        facts: dict[str, Any] = {"step": number, "tool": "run_python", "title": origin.title}
        if ("step.started", number) not in told:
            await work.recorder.emit(StepStarted(**facts, code=code))
        began = time.monotonic()
        # A pod that is lost comes back with the scene before the step, so the step may run again.
        result = await toolbox.call_surely("run_python", {"code": code, "title": origin.title})
        error = storable_text(_error_of(result)) if result.is_error else None
        facts |= {"changed": storable_text(_changed_of(result)), "seconds": round(time.monotonic() - began, 3)}
        if ("step.finished", number) not in told:
            await work.recorder.emit(StepFinished(**facts, ok=error is None, error=error))
        if error is not None:
            raise StepFailed(origin.title or f"number {number}", error)
        made.append(_snapshot(work, origin, code, result, facts, parent_id))
        parent_id = made[-1]["id"]
    return made


def _snapshot(
    work: "JobWork", origin: Snapshot, code: str, result: ToolResult, facts: dict[str, Any], parent_id: UUID | None
) -> dict[str, Any]:
    taken = result.structured["snapshot"]
    return {
        "id": uuid4(),
        "user_id": work.job.user_id,
        "project_id": work.job.project_id,
        "job_id": work.job.id,
        "run_id": work.job.id,
        "parent_id": parent_id,
        "step": facts["step"],
        "title": origin.title,
        "code": code,
        "changed": facts["changed"],
        "seconds": facts["seconds"],
        "sha256": taken["sha256"],
        "bytes": int(taken["bytes"]),
    }


async def _move_scene(work: "JobWork", made: list[dict[str, Any]]) -> Snapshot:
    """Write the snapshots, and make the last of them the project's scene."""

    async def body(writer: JobWriter) -> None:
        if str(writer.project.head_snapshot_id) != work.job.request["head_id"]:
            raise SceneChanged(writer.project.head_snapshot_id)
        for facts in made:
            writer.session.add(Snapshot(**facts))
            await writer.session.flush()
            writer.emit(
                SnapshotTaken(snapshot_id=facts["id"], step=facts["step"], sha256=facts["sha256"], bytes=facts["bytes"])
            )
        await writer.move_head(made[-1]["id"])

    await work.recorder.write(body, progress=True)
    return Snapshot(**made[-1])


async def _deliver(work: "JobWork", toolbox: "PodToolbox", last: Snapshot) -> None:
    """The viewer's model, a quick picture, the files and the script, but for those that an earlier attempt has made."""
    recorder = work.recorder
    if (missing := await recorder.head_to_show()) is not None and missing.model:
        with work.timed("model"):
            await keep_model(toolbox, recorder, last.id, last.step)
    with work.timed("preview"):
        picture = None if recorder.has_file("preview", "preview.png") else await draw_quick_preview(toolbox)
        if picture is not None:
            small = replace(picture, kind="thumbnail", name=f"step-{last.step:02d}-thumbnail.png")
            await recorder.add_thumbnail(last.id, last.step, small)
            await recorder.add_files([picture])
    with work.timed("deliver"):
        await deliver_files(toolbox, recorder, ())


def _changed_of(result: ToolResult) -> str:
    changed = result.structured.get("changed")
    return str(changed.get("summary", "")) if isinstance(changed, dict) else ""


def _error_of(result: ToolResult) -> str:
    error = result.structured.get("error")
    if isinstance(error, dict) and error.get("message"):
        kind, line = error.get("type"), error.get("line")
        where = f" (line {line})" if line else ""
        return f"{f'{kind}: ' if kind else ''}{error['message']}{where}"[:_ERROR_LIMIT_CHARS]
    return " ".join(str(block.get("text", "")) for block in result.content).strip()[:_ERROR_LIMIT_CHARS] or "no reason."
