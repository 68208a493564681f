"""The scene as it stands, or that of an older step (`snapshot_id` of the request), in other formats."""

from typing import TYPE_CHECKING

from cloud.agent.contract import Outcome
from cloud.jobs.deliver import count_geometry, deliver_export
from cloud.jobs.history.scenes import scene_of

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Make the files. Raises: DeliveryFailed, NoSuchSnapshot, PodLost, PodNotReady."""
    if "snapshot_id" in work.job.request:
        await toolbox.open_scene(await scene_of(work.services.database, work.job, "snapshot_id"))
    work.recorder.objects, work.recorder.triangles = await count_geometry(toolbox)
    await work.recorder.stage("deliver")
    with work.timed("deliver"):
        for file_format in work.job.request.get("formats", []):
            await deliver_export(toolbox, work.recorder, file_format)
    return Outcome("finished")
