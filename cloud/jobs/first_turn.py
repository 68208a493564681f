"""What the model is told first: the reference pictures, the scene as it stands, the brief, and the prompt."""

from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.brief import Brief
from cloud.agent.contract import Block
from cloud.agent.loop import Turn
from cloud.jobs import queries
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.transcript import as_turns, image_source

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


async def conversation_of(work: "JobWork", toolbox: "PodToolbox", brief: Brief | None) -> list[Turn]:
    """What was said in this job so far, or the user's first turn, which is kept here."""
    async with work.services.database.sessions() as session:
        kept = await as_turns(await queries.messages_of(session, work.job.id), work.services.store)
    if kept:
        return kept
    first = Turn("user", await _first_turn(work, toolbox, brief))
    await work.recorder.user_turn(first)
    return [first]


async def reference_blocks(work: "JobWork") -> list[Block]:
    """The job's reference pictures, in the order in which they were named."""
    ids = [UUID(image_id) for image_id in work.options.image_ids]
    async with work.services.database.sessions() as session:
        images = await queries.images_of(session, work.job.user_id, ids)
    store = work.services.store
    return [
        {"type": "image", "source": image_source(await store.get(image.sha256), image.media_type)} for image in images
    ]


async def _first_turn(work: "JobWork", toolbox: "PodToolbox", brief: Brief | None) -> list[Block]:
    """The prompt comes last, word for word."""
    scene = "empty"
    if toolbox.scene != EMPTY_SCENE:
        facts = await toolbox.call_surely("inspect", {})
        if count := len(facts.structured.get("objects", [])):
            scene = f"{count} objects; inspect before you change anything"
    told: list[Block] = [{"type": "text", "text": f"<scene>{scene}</scene>"}]
    if brief is not None:
        told.append({"type": "text", "text": f"<brief>{brief.model_dump_json(exclude_defaults=True)}</brief>"})
    return [*await reference_blocks(work), *told, {"type": "text", "text": work.job.prompt}]
