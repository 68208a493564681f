"""The scene as it stands, or that of an older step (`snapshot_id` of the request), in other formats, or on a turntable.

With `picture` in the request also a picture of it, as good as a preview: for pages that are shared. With `model` it is
the step's model for the 3D viewer instead, where that was never made or is no longer kept.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.contract import Outcome
from cloud.jobs.deliver import DeliveryFailed, deliver_export, deliver_picture, measure_scene
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.history.scenes import scene_of
from cloud.jobs.step_models import make_model

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Make the files. Raises: DeliveryFailed, NoSuchSnapshot, PodLost, PodNotReady, and as `make_model`."""
    if work.job.request.get("model"):
        return await _make_model(work, toolbox)
    if "snapshot_id" in work.job.request:
        await toolbox.open_scene(await scene_of(work.services.database, work.job, "snapshot_id"))
        named = work.job.request["snapshot_id"]
        work.recorder.scene_id = UUID(named) if named else None
    await measure_scene(toolbox, work.recorder)
    await work.recorder.stage("deliver")
    if work.job.request.get("picture"):
        await _take_picture(work, toolbox)
        if not work.recorder.objects:
            return Outcome("finished")  # nothing has a shape that a file could hold
    with work.timed("deliver"):
        for file_format in work.job.request.get("formats", []):
            await deliver_export(toolbox, work.recorder, file_format)
    return Outcome("finished")


async def _take_picture(work: "JobWork", toolbox: "PodToolbox") -> None:
    """A scene whose picture cannot be made may still have its files."""
    with work.timed("preview"):
        try:
            await deliver_picture(toolbox, work.recorder)
        except DeliveryFailed as failure:
            await work.recorder.say(str(failure))


async def _make_model(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """The step's model, unless it has one. Raises: DeliveryFailed: it can have none."""
    async with work.services.database.sessions() as session:
        snapshot = await get_snapshot(session, work.job.project_id, UUID(work.job.request["snapshot_id"]))
    if snapshot.model_id is not None:
        return Outcome("finished")
    await toolbox.open_scene(snapshot.sha256)
    await work.recorder.stage("deliver")
    with work.timed("model"):
        model = await make_model(toolbox)
    work.recorder.triangles = model.triangles
    if await work.recorder.add_model(snapshot.id, snapshot.step, model) is None:
        raise DeliveryFailed("3D view", model.reason)
    return Outcome("finished")
