"""A file of the user's, brought into the scene as one step, and the scene's files made of it."""

import time
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.contract import Outcome, ToolResult
from cloud.agent.loop import Step
from cloud.agent.scene_data import visible
from cloud.db.models import Artifact
from cloud.errors import NotFound
from cloud.jobs import queries
from cloud.jobs.deliver import deliver_files, draw_quick_preview
from cloud.jobs.thumbnails import PhotographedToolbox
from cloud.projects.uploads import pod_name_of

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

_SUMMARY_LIMIT_CHARS = 400
_COLLECTION_LIMIT_CHARS = 60


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Import and deliver, from wherever an earlier attempt got to.

    Raises: DeliveryFailed, PodLost, PodNotReady, ArtifactMissing. NotFound: the upload is gone.
    """
    upload = await _upload_of(work)
    photographed = PhotographedToolbox(toolbox, work.recorder)
    work.recorder.on_snapshot = photographed.take
    await work.recorder.stage("import")
    try:
        with work.timed("import"):
            result = await _imported(work, toolbox, upload)
        said = _words(result, upload.name)
        if result.is_error:
            return Outcome("failed", reason=said, code="import_failed")
        work.outcome = Outcome("finished", said)
        await photographed.take_missing()
        await photographed.settle()
    finally:
        await photographed.aclose()
    await work.recorder.stage("deliver")
    with work.timed("preview"):
        # An import brings no light that one could count on: the quick picture has its own.
        if not work.recorder.has_file("preview", "preview.png") and (picture := await draw_quick_preview(toolbox)):
            await work.recorder.add_files([replace(picture, kind="preview")])
    with work.timed("deliver"):
        await deliver_files(toolbox, work.recorder, work.job.request.get("formats", []))
    return work.outcome


async def _upload_of(work: "JobWork") -> Artifact:
    artifact_id = UUID(work.job.request["artifact_id"])
    async with work.services.database.sessions() as session:
        found = await queries.images_of(session, work.job.user_id, [artifact_id])
    if not found:
        raise NotFound("file", artifact_id)
    return found[0]


async def _imported(work: "JobWork", toolbox: "PodToolbox", upload: Artifact) -> ToolResult:
    """What the pod says of the import, or what it said in an earlier attempt."""
    recorder = work.recorder
    collection = PurePath(upload.name).stem[:_COLLECTION_LIMIT_CHARS]
    told = {"file": upload.name, "scale": float(work.job.request.get("scale", 1.0)), "collection": collection}
    step = Step(recorder.steps + 1, "import_file", f"Import {upload.name}", told | {"sha256": upload.sha256})
    if (kept := await recorder.recall(step)) is not None:
        return kept
    await recorder.step_started(step)
    began = time.monotonic()
    in_pod = pod_name_of(upload.name)
    toolbox.offer_import(in_pod, upload.sha256)
    # A pod that is lost comes back with the scene before the step, and gets the file again.
    result = await toolbox.call_surely("import_file", told | {"file": in_pod})
    await recorder.step_finished(step, result, time.monotonic() - began)
    return result


def _words(result: ToolResult, name: str) -> str:
    """The first line of what the pod says, with the file's own name."""
    text = " ".join(str(block.get("text", "")) for block in result.content if block.get("type") == "text").strip()
    line = visible(text.split("\n", 1)[0]).replace(pod_name_of(name), name)
    return line[:_SUMMARY_LIMIT_CHARS] or f"{name} cannot be imported, and Blender gave no reason."
