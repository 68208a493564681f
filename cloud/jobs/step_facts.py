"""What a tool call comes down to: the words of its events, its replayable code, its row."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud.agent.contract import Block, ToolResult
from cloud.agent.loop import Step
from cloud.jobs.events import StepFinished, StepStarted
from cloud.jobs.kept_steps import IMPORT_MARK, KEPT_MARK
from cloud.jobs.storable import storable_text
from cloud.jobs.transcript import pack, unpack

if TYPE_CHECKING:
    from cloud.storage.store import ArtifactStore

_ERROR_LIMIT_CHARS = 400


@dataclass(frozen=True)
class NewFile:
    """A file for the user, with its bytes."""

    kind: str
    name: str
    media_type: str
    content: bytes


def started_event(step: Step) -> StepStarted:
    """The event of a call that begins."""
    return StepStarted(
        step=step.number, tool=storable_text(step.tool), title=storable_text(step.title), code=shown_code(step)
    )


def finished_event(step: Step, result: ToolResult, seconds: float) -> StepFinished:
    """The event of a call that has ended."""
    return StepFinished(
        step=step.number,
        tool=storable_text(step.tool),
        title=storable_text(step.title),
        ok=not result.is_error,
        seconds=round(seconds, 3),
        changed=changed_words(result),
        error=storable_text(_error(result)) if result.is_error else None,
    )


def shown_code(step: Step) -> str | None:
    """The code that the call runs; None if it runs none."""
    code = step.arguments.get("code") if step.tool == "run_python" else None
    return storable_text(code) if isinstance(code, str) else None


def replayed_code(step: Step, result: ToolResult) -> str:
    """The code that a replay of this step runs."""
    code = step.arguments.get("code")
    if step.tool == "import_file":
        return storable_text(f"{IMPORT_MARK}{json.dumps(step.arguments, sort_keys=True)}\n")
    if not isinstance(code, str):
        return storable_text(f"# {step.title}: the tool {step.tool} did this, no code can.\n")
    code = code.removeprefix("\ufeff")  # as the pod does: no line but a file's first may begin with it
    return storable_text(KEPT_MARK + code if result.is_error else code)


def changed_words(result: ToolResult) -> str:
    """What the call changed of the scene, in one line."""
    changed = result.structured.get("changed")
    return storable_text(str(changed.get("summary", ""))) if isinstance(changed, Mapping) else ""


def pictures_in(step: Step, result: ToolResult) -> list[NewFile]:
    """The pictures that the call gave, with names for the user."""
    images = [block for block in result.content if block.get("type") == "image"]
    views = result.structured.get("views") or []
    pictures: list[NewFile] = []
    for index, image in enumerate(images):
        view = f"-{_view_word(views[index])}" if len(images) > 1 and index < len(views) else ""
        media_type = image["source"]["media_type"]
        ending = f".{media_type.rpartition('/')[2]}"
        name = f"step-{step.number:02d}-look{view}"
        if any(other.name == name + ending for other in pictures):
            name += f"-{index + 1}"
        name += ending
        pictures.append(NewFile("picture", name, media_type, base64.b64decode(image["source"]["data"])))
    return pictures


async def packed_result(result: ToolResult, store: "ArtifactStore") -> dict[str, Any]:
    """The result for a row: what goes to the model, and the facts that our own code needs again."""
    facts = {key: int(result.structured[key]) for key in ("objects", "triangles") if _is_count(result, key)}
    return {"content": await pack(result.content, store), "is_error": result.is_error, "facts": facts}


async def unpacked_result(kept: Mapping[str, Any], store: "ArtifactStore") -> ToolResult:
    """The result of such a row. Raises: ArtifactMissing: a picture is gone."""
    return ToolResult(await unpack(kept["content"], store), kept["is_error"], dict(kept["facts"]))


def _view_word(label: object) -> str:
    """A view's label as part of a file name, of `[a-z0-9_]` alone and without what it says in brackets."""
    return re.sub(r"[^a-z0-9]+", "_", str(label).partition("(")[0].lower()).strip("_")[:40] or "view"


def _is_count(result: ToolResult, key: str) -> bool:
    return bool(result.structured.get("snapshot")) and isinstance(result.structured.get(key), int)


def _error(result: ToolResult) -> str:
    error = result.structured.get("error")
    if isinstance(error, Mapping) and error.get("message"):
        kind = error.get("type")
        said = f"{kind}: {error['message']}" if kind else str(error["message"])
        return said[:_ERROR_LIMIT_CHARS]
    text = " ".join(_text_of(block) for block in result.content).strip()
    return text[:_ERROR_LIMIT_CHARS] or "The tool failed and gave no reason."


def _text_of(block: Block) -> str:
    return str(block.get("text", "")) if block.get("type") == "text" else ""
