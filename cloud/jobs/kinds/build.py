"""A prompt, built by the agent, reviewed, mended, and brought home."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cloud.agent.ablation import absence_note, without
from cloud.agent.access import OFFLINE_MODEL
from cloud.agent.client import CallOptions, MessagesClient
from cloud.agent.contract import Outcome
from cloud.agent.loop import Agent, Turn
from cloud.agent.prompts import load_prompt
from cloud.jobs.deliver import DeliveryFailed, deliver_files, deliver_preview
from cloud.jobs.first_turn import conversation_of
from cloud.jobs.kinds.refine import brief_of
from cloud.jobs.ledger.budget import job_budget
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.review.course import Course
from cloud.jobs.scene_change import scene_change
from cloud.jobs.stood_before import base_of
from cloud.jobs.thumbnails import PhotographedToolbox

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


_SHAPELESS = frozenset({"CAMERA", "LIGHT", "EMPTY"})


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Build and deliver, from wherever an earlier attempt got to.

    Raises: what of ours makes it fail, besides what the outcome says.
    """
    work.brief = await brief_of(work)
    toolbox.base = await base_of(work) or EMPTY_SCENE
    with work.timed("pod"):
        conversation = await conversation_of(work, toolbox, work.brief)
    work.outcome = await _built(work, toolbox, conversation)
    built = work.recorder.snapshots > 0
    if work.outcome.kind == "finished" and work.job.base_snapshot_id is None and await _is_empty(toolbox):
        said = work.outcome.summary or "The model ended its work without building anything."
        if built:
            said = f"Nothing was built: the scene is empty at the end. {work.outcome.summary}".strip()
        work.outcome = replace(work.outcome, kind="failed", reason=said, code="nothing_built")
        return work.outcome
    if built or work.outcome.kind == "finished":
        await work.recorder.stage("deliver")
        work.changed = await scene_change(work, toolbox)
        await _deliver(work, toolbox)
    return work.outcome


async def _is_empty(toolbox: "PodToolbox") -> bool:
    """Whether the scene holds nothing that has a shape, as where all was deleted at the end."""
    if toolbox.scene == EMPTY_SCENE:
        return True
    found = await toolbox.call_surely("inspect", {})
    objects = found.structured.get("objects", [])
    return not found.is_error and all(entry.get("type") in _SHAPELESS for entry in objects)


async def _deliver(work: "JobWork", toolbox: "PodToolbox") -> None:
    """Raises: DeliveryFailed: the picture or a file could not be made; the others are there."""
    no_picture: DeliveryFailed | None = None
    with work.timed("preview"):
        try:
            await deliver_preview(toolbox, work.recorder)
        except DeliveryFailed as failure:
            no_picture = failure
    with work.timed("deliver"):
        await deliver_files(toolbox, work.recorder, work.options.formats)
    if no_picture is not None:
        raise no_picture


async def _built(work: "JobWork", toolbox: "PodToolbox", conversation: list[Turn]) -> Outcome:
    """What comes of the conversation; where it has ended in an earlier attempt, the same again, unasked."""
    client = work.services.models.client(work.model)
    photographed = PhotographedToolbox(toolbox, work.recorder)
    work.recorder.on_snapshot = photographed.take

    async def run_agent() -> Outcome:
        return await _agent_outcome(work, client, photographed, conversation)

    mends = min(work.options.profile.mends, work.services.settings.max_mends)
    course = Course(
        work=work,
        toolbox=toolbox,
        model=client,
        conversation=conversation,
        run_agent=run_agent,
        is_reviewed=lambda: _is_reviewed(work, client),
        budget=lambda: job_budget(work),
        mends=mends,
    )
    try:
        return await course.run()
    finally:
        await photographed.aclose()
        await client.aclose()


async def _agent_outcome(
    work: "JobWork", client: MessagesClient, photographed: PhotographedToolbox, conversation: list[Turn]
) -> Outcome:
    """One run of the agent; no picture of the scene is on its way after it."""
    agent = Agent(
        model=client,
        toolbox=without(photographed, work.options.without),
        recorder=work.recorder,
        system=load_prompt("build") + absence_note(work.options.without),
        budget=await job_budget(work),
        conversation=conversation,
        steps=work.recorder.steps,
        options=CallOptions(effort=work.options.profile.effort),
    )
    try:
        await photographed.take_missing()
        outcome = await agent.run()
        await photographed.take_missing()
        await photographed.settle()
        return outcome
    finally:
        for part, seconds in agent.seconds.items():
            work.timings[part] = work.timings.get(part, 0.0) + seconds


async def _is_reviewed(work: "JobWork", client: MessagesClient) -> bool:
    """Whether somebody looks at the result: not where the model cannot see, as the offline modeller."""
    if not (work.options.profile.review and work.services.settings.review) or work.model == OFFLINE_MODEL:
        return False
    return (await client.facts()).image_input is not False
