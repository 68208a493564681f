"""A call of one of the pod's tools by a user's own agent: on the scene as it stands, one step, no model.

`request`: `tool`, `title`, `arguments` and, where somebody waits for it, `caller` (`cloud.jobs.calls`). The step, its
snapshot, picture and events are written as those of a model's call; its result is that of the row in `steps`. A call
that fails inside Blender is an answer too: the job succeeds, its step says what was wrong.
"""

import time
from typing import TYPE_CHECKING

from cloud.agent.contract import Outcome, ToolResult
from cloud.agent.loop import Step
from cloud.agent.scene_data import visible
from cloud.jobs.kinds import READING_TOOLS
from cloud.jobs.thumbnails import PhotographedToolbox

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

_SUMMARY_LIMIT_CHARS = 400


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Run the tool, or take what it gave in an earlier attempt. Raises: HandOver, PodLost, PodNotReady."""
    request, recorder = work.job.request, work.recorder
    step = Step(1, request["tool"], request["title"], request["arguments"])
    photographed = PhotographedToolbox(toolbox, recorder)
    recorder.on_snapshot = photographed.take
    try:
        kept = await recorder.recall(step)
        with work.timed("call"):
            result = kept or await _called(work, toolbox, step)
        if kept is not None:
            await photographed.take_missing()
        await photographed.settle()
    finally:
        await photographed.aclose()
    return Outcome("finished", _summary(step, result))


async def _called(work: "JobWork", toolbox: "PodToolbox", step: Step) -> ToolResult:
    await work.recorder.step_started(step)
    began = time.monotonic()
    # What only reads may be asked again and again; a step that ends Blender time after time is its author's to mend.
    call = toolbox.call_surely if step.tool in READING_TOOLS else toolbox.call
    result = await call(step.tool, step.arguments)
    await work.recorder.step_finished(step, result, time.monotonic() - began)
    return result


def _summary(step: Step, result: ToolResult) -> str:
    # Of nothing but what a kept result says too: an attempt that takes one up ends with the same words.
    return visible(f"{step.title}: it failed" if result.is_error else step.title)[:_SUMMARY_LIMIT_CHARS]
