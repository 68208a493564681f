"""Two scenes of a project's history side by side: what differs, and a picture of each from the same place.

The request names them: `snapshot_id` the first, `other_id` the second, None the empty scene. The project's scene stays
where it is. `JobResult.comparison`:

    {"a", "b": snapshot id or null,
     "a_picture_id", "b_picture_id": artifact id, or null where there is nothing to see,
     "changed": {"summary": str,                        # what leads from a to b, in a few words
                 "added", "removed", "modified", "moved", "remeshed", "rematerialled": [object],
                 "materials_added", "materials_removed", "materials_changed": [material],
                 "collections_added", …: [collection],  # each list at most 200 long
                 "renamed": {old: new}, "settings": [str], "counts": {list's name: how many there are}}}
"""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cloud.agent.contract import Outcome, ToolResult
from cloud.errors import Prompt2MeshError
from cloud.jobs.deliver import measure_scene
from cloud.jobs.history.queries import files_of_job
from cloud.jobs.history.scenes import scene_of
from cloud.jobs.step_facts import NewFile

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

PICTURE_SIZE_PX = 512
_FRAMING_SIZE_PX = 64
_VIEW = "three_quarter"
_PICTURES = ("compare-a.png", "compare-b.png")

Frame = list[list[float]]
"""The low and the high corner of what a picture holds, in metres."""


class ComparisonFailed(Prompt2MeshError):
    """Blender could not open or draw one of the scenes."""

    code, http_status = "comparison_failed", 500

    def __init__(self, why: str) -> None:
        super().__init__(f"The two scenes could not be compared: {why}")


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Compare. Raises: ComparisonFailed, NoSuchSnapshot, PodLost, PodNotReady."""
    request, database = work.job.request, work.services.database
    first, second = [await scene_of(database, work.job, field) for field in ("snapshot_id", "other_id")]
    await work.recorder.stage("compare")
    with work.timed("pictures"):
        await toolbox.open_scene(first)
        frames = [await _frame_of(toolbox)]
        await toolbox.open_scene(second)
        frames.append(await _frame_of(toolbox))
        frame = _around([each for each in frames if each])
        second_picture = await _draw(toolbox, frame)
        await toolbox.open_scene(first)
        first_picture = await _draw(toolbox, frame)
    with work.timed("difference"):
        result = _checked(await toolbox.difference(first, second))
    await toolbox.open_scene(second)
    await measure_scene(toolbox, work.recorder)
    pictures = await _keep(work, first_picture, second_picture)
    work.comparison = {
        "a": request["snapshot_id"],
        "b": request["other_id"],
        "a_picture_id": pictures.get(_PICTURES[0]),
        "b_picture_id": pictures.get(_PICTURES[1]),
        "changed": result.structured["changed"],
    }
    return Outcome("finished", summary=result.structured["changed"]["summary"])


async def _frame_of(toolbox: "PodToolbox") -> Frame:
    """What a picture of the whole scene holds; nothing for one without anything to see."""
    arguments = {"views": [_VIEW], "shading": "solid", "size": _FRAMING_SIZE_PX}
    return _checked(await toolbox.call_surely("look", arguments)).structured.get("frame", [])


def _around(frames: Sequence[Frame]) -> Frame:
    """The box around all of them."""
    if not frames:
        return []
    lows, highs = zip(*frames, strict=True)
    return [[min(axis) for axis in zip(*lows, strict=True)], [max(axis) for axis in zip(*highs, strict=True)]]


async def _draw(toolbox: "PodToolbox", frame: Frame) -> bytes | None:
    arguments: dict[str, Any] = {"views": [_VIEW], "shading": "rendered", "size": PICTURE_SIZE_PX, "frame": frame}
    result = _checked(await toolbox.call_surely("look", arguments))
    images = [block for block in result.content if block.get("type") == "image"]
    return base64.b64decode(images[0]["source"]["data"]) if images else None


async def _keep(work: "JobWork", *pictures: bytes | None) -> dict[str, str]:
    """Keep those that there are. Returns: their ids by name."""
    for name, picture in zip(_PICTURES, pictures, strict=True):
        if picture is not None and not work.recorder.has_file("picture", name):
            await work.recorder.add_files([NewFile("picture", name, "image/png", picture)])
    async with work.services.database.sessions() as session:
        files = await files_of_job(session, work.job.id)
    return {name: str(files[name]) for name in _PICTURES if name in files}


def _checked(result: ToolResult) -> ToolResult:
    if result.is_error:
        text = " ".join(str(block.get("text", "")) for block in result.content).strip()
        raise ComparisonFailed(text[:300] or "no reason given.")
    return result
