"""What the model is told first: the reference pictures, the scene as it stands, the brief, and the prompt."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.agent.access import OFFLINE_MODEL
from cloud.agent.brief import Brief, brief_text
from cloud.agent.contract import Block
from cloud.agent.loop import Turn
from cloud.agent.scene_data import scene_data, visible
from cloud.jobs import queries
from cloud.jobs.framing import frame_of_things
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.review.evidence import TILE_PX
from cloud.jobs.scene_list import scene_list
from cloud.jobs.transcript import as_turns, image_source

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

# Together about 1,100 tokens, once a job: less than the two calls that they save.
_FACTS_LIMIT_BYTES = 2_400
# As the reviewer's sheet shows the scene after the work, so that the two can be compared.
_PICTURE = {"views": ["three_quarter"], "shading": "material", "size": TILE_PX}
_PICTURE_TOLD = ", and their picture (three_quarter view, material)"
_LABEL_LIMIT_CHARS = 100
_COLLECTIONS_TOLD, _COLLECTIONS_LIMIT_CHARS = 12, 300
_SCENE = "<scene>"


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
    """The job's reference pictures, in the order in which they were named, each after a text that labels it."""
    ids = [UUID(image_id) for image_id in work.options.image_ids]
    async with work.services.database.sessions() as session:
        images = await queries.images_of(session, work.job.user_id, ids)
    blocks: list[Block] = []
    for number, image in enumerate(images, 1):
        label = f"Reference {number}: {visible(image.name)[:_LABEL_LIMIT_CHARS]}"
        data = await work.services.store.get(image.sha256)
        blocks.append({"type": "text", "text": label})
        blocks.append({"type": "image", "source": image_source(data, image.media_type)})
    return blocks


async def scene_blocks(toolbox: "PodToolbox", request: str, *, with_picture: bool = True) -> list[Block]:
    """The scene as it stands: what `inspect` says of it, marked as data, and its picture. One block if it is empty.

    Of a large scene the objects that the request names come first.

    Raises: PodLost, PodNotReady.
    """
    found = None if toolbox.scene == EMPTY_SCENE else await toolbox.call_surely("inspect", {})
    objects = found.structured.get("objects", []) if found else []
    count = len(objects)
    if found is None or not count:
        return [{"type": "text", "text": f"{_SCENE}empty</scene>"}]
    said = "\n".join(block["text"] for block in found.content if block.get("type") == "text")
    facts = _facts_of(said, objects, found.structured.get("pages", 1), request)
    pictures: list[Block] = []
    if with_picture:
        framed = frame_of_things(objects)
        seen = await toolbox.call_surely("look", _PICTURE | {"frame": framed[0] if framed else []})
        pictures = [] if seen.is_error else [block for block in seen.content if block.get("type") == "image"]
    shown = f"as they stand before your work{_PICTURE_TOLD if pictures else ''}"
    things = "1 object" if count == 1 else f"{count} objects"
    return [{"type": "text", "text": f"{_SCENE}{things}; {shown}:</scene>\n{scene_data(facts)}"}, *pictures]


def picture_before(first: Turn) -> Block | None:
    """The picture of the scene that stood before the job, from its first turn; None: there is none."""
    for told, shown in itertools.pairwise(first.content):
        if told["type"] == "text" and told["text"].startswith(_SCENE):
            return shown if shown["type"] == "image" else None
    return None


async def _first_turn(work: "JobWork", toolbox: "PodToolbox", brief: Brief | None) -> list[Block]:
    """The prompt comes last, word for word."""
    # The offline modeller has no eyes: a picture would cost its jobs time for nothing.
    told = await scene_blocks(toolbox, work.job.prompt, with_picture=work.model != OFFLINE_MODEL)
    if brief is not None:
        told.append({"type": "text", "text": f"<brief>\n{brief_text(brief)}\n</brief>"})
    return [*await reference_blocks(work), *told, {"type": "text", "text": work.job.prompt}]


def _facts_of(said: str, objects: Sequence[Mapping[str, Any]], pages: int, request: str) -> str:
    """What `inspect` says, where that is short; else its heading and a list that begins with what is asked about."""
    if pages == 1 and len(said.encode(errors="replace")) <= _FACTS_LIMIT_BYTES:
        return said
    counted = Counter(name for entry in objects for name in entry.get("collections", []))
    named = ", ".join(f"{name} ({count})" for name, count in counted.most_common(_COLLECTIONS_TOLD))
    heading = [*_heading_of(said), *([f"Collections: {named}"[:_COLLECTIONS_LIMIT_CHARS]] if named else [])]
    return scene_list(objects, "\n".join(heading), request, _FACTS_LIMIT_BYTES)


def _heading_of(said: str) -> Iterator[str]:
    """The lines on the whole scene, before those of its objects."""
    for line in said.splitlines()[:2]:
        if line.startswith("Materials: ") or line[:1].isdigit():
            yield line
