"""A prompt, built by the agent, and brought home."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.budget import Budget
from cloud.agent.contract import Block, Outcome
from cloud.agent.loop import Agent, Turn
from cloud.agent.prompts import load_prompt
from cloud.jobs import queries
from cloud.jobs.deliver import deliver_files, deliver_preview
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.thumbnails import PhotographedToolbox
from cloud.jobs.transcript import as_turns, image_source

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


async def run(work: "JobWork", toolbox: "PodToolbox") -> Outcome:
    """Build and deliver, from wherever an earlier attempt got to.

    Raises: what of ours makes it fail, besides what the outcome says.
    """
    with work.timed("pod"):
        conversation = await _conversation(work, toolbox)
    await work.recorder.stage("build")
    work.outcome = await _agent_outcome(work, toolbox, conversation)
    built = work.recorder.snapshots > 0
    if work.outcome.kind == "finished" and work.job.base_snapshot_id is None and not built:
        said = work.outcome.summary or "The model ended its work without building anything."
        work.outcome = replace(work.outcome, kind="failed", reason=said, code="nothing_built")
    if built or work.outcome.kind == "finished":
        await work.recorder.stage("deliver")
        with work.timed("preview"):
            await deliver_preview(toolbox, work.recorder)
        with work.timed("deliver"):
            await deliver_files(toolbox, work.recorder, work.job.request.get("formats", []))
    return work.outcome


async def _agent_outcome(work: "JobWork", toolbox: "PodToolbox", conversation: list[Turn]) -> Outcome:
    """What the agent makes of the conversation; where it has ended in an earlier attempt, the same again, unasked."""
    settings = work.services.settings
    client = work.services.models.client(work.model)
    photographed = PhotographedToolbox(toolbox, work.recorder)
    work.recorder.on_snapshot = photographed.take
    agent = Agent(
        model=client,
        toolbox=photographed,
        recorder=work.recorder,
        budget=Budget(settings.max_steps, settings.max_job_usd, work.recorder.model_calls, work.recorder.usage.usd),
        system=load_prompt("build"),
        conversation=conversation,
        steps=work.recorder.steps,
    )
    try:
        await photographed.take_missing()
        outcome = await agent.run()
        await photographed.take_missing()
        await photographed.settle()
        return outcome
    finally:
        work.timings |= agent.seconds
        await photographed.aclose()
        await client.aclose()


async def _conversation(work: "JobWork", toolbox: "PodToolbox") -> list[Turn]:
    """What was said in this job so far, or the user's first turn, which is kept here."""
    async with work.services.database.sessions() as session:
        kept = await as_turns(await queries.messages_of(session, work.job.id), work.services.store)
    if kept:
        return kept
    first = Turn("user", await _first_turn(work, toolbox))
    await work.recorder.user_turn(first)
    return [first]


async def _first_turn(work: "JobWork", toolbox: "PodToolbox") -> list[Block]:
    """The reference pictures, the state of the scene, and last the prompt, word for word."""
    ids = [UUID(image_id) for image_id in work.job.request.get("image_ids", [])]
    async with work.services.database.sessions() as session:
        images = await queries.images_of(session, work.job.user_id, ids)
    blocks: list[Block] = [
        {"type": "image", "source": image_source(await work.services.store.get(image.sha256), image.media_type)}
        for image in images
    ]
    scene = "empty"
    if toolbox.scene != EMPTY_SCENE:
        facts = await toolbox.call_surely("inspect", {})
        if count := len(facts.structured.get("objects", [])):
            scene = f"{count} objects; inspect before you change anything"
    return [
        *blocks,
        {"type": "text", "text": f"<scene>{scene}</scene>"},
        {"type": "text", "text": work.job.prompt},
    ]
