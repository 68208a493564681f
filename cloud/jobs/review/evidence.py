"""What a reviewer goes by: pictures, the geometry report, the parts, and what an edit changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloud.agent.contract import Block, ToolResult
from cloud.agent.review import VIEWS, Evidence
from cloud.agent.scene_data import visible
from cloud.jobs.framing import Box, frame_of_things
from cloud.jobs.review.parts import fold_names, parts_list

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox

# A sheet of three by two such tiles has 1.1 megapixels, as much as every model takes without making it smaller.
TILE_PX = 416
RENDER_PX = 640
_NAMES_TOLD = 40
_ASPECTS = {"moved": "moved, turned or scaled", "remeshed": "other shape", "rematerialled": "other material"}
_IN_ALL = ("removed", "modified", "added")


async def gather(toolbox: "PodToolbox", base: str | None, before: Block | None = None) -> Evidence:
    """Look at the scene as it stands. `base` is the hash of the one that an edit began with; None: there was none.
    `before` is its picture.

    Raises: ArtifactMissing, PodLost, PodNotReady.
    """
    listed = await toolbox.call_surely("inspect", {})
    objects = listed.structured.get("objects", [])
    framed = frame_of_things(objects)
    sheet = await toolbox.call_surely(
        "look",
        {
            "views": list(VIEWS),
            "shading": "material",
            "size": TILE_PX,
            "sheet": True,
            "frame": framed[0] if framed else [],
        },
    )
    render = await toolbox.call_surely(
        "look", {"views": ["camera"], "shading": "rendered", "size": RENDER_PX, "fallback": True}
    )
    checked = await toolbox.call_surely("check", {})
    changed = (await toolbox.difference(base, toolbox.scene)).structured.get("changed", {}) if base else {}
    return Evidence(
        sheet=_picture_of(sheet),
        render=_picture_of(render),
        drawn=f"{_text_of(sheet)} {beyond(framed)}{_text_of(render)}",
        check=_text_of(checked),
        parts=parts_list(objects),
        objects=[entry["name"] for entry in objects],
        before=before if base else None,
        changes="\n".join(change_lines(changed)) if base else "",
    )


def beyond(framed: tuple[Box, str] | None) -> str:
    """What the pictures leave out of the ground, in a sentence with a space behind it; "" for nothing."""
    return f"{visible(framed[1])} goes on beyond these pictures. " if framed else ""


def change_lines(changed: Mapping[str, Any]) -> list[str]:
    """Each object that is not as it was, once, with what is other. What was asked for is the reviewer's to say."""
    groups: dict[str, list[str]] = {}
    for name in changed.get("modified", []):
        what = [words for kind, words in _ASPECTS.items() if name in changed.get(kind, [])]
        groups.setdefault(", ".join(what).capitalize() or "Otherwise changed", []).append(name)
    tinted = [] if changed.get("rematerialled") else changed.get("materials_changed", [])
    lines = [
        _told("Removed", changed.get("removed", [])),
        *(_told(words, names) for words, names in groups.items()),
        _told("Materials changed", tinted),
        _told("Materials removed", changed.get("materials_removed", [])),
        _told("Added", changed.get("added", [])),
        _told("Renamed", [f"{was} to {now}" for was, now in changed.get("renamed", {}).items()]),
        _told("Settings", changed.get("settings", [])),
    ]
    cut = {kind: count for kind, count in changed.get("counts", {}).items() if count > len(changed.get(kind, []))}
    lines += [f"In all {count} objects {kind}." for kind, count in cut.items() if kind in _IN_ALL]
    return [line for line in lines if line] or ["No object changed."]


def _told(words: str, names: Sequence[str]) -> str:
    """The names after the words, alike ones folded; "" for none."""
    folds = fold_names(names)
    more = f" and {len(folds) - _NAMES_TOLD} more" if len(folds) > _NAMES_TOLD else ""
    return f"{words}: {', '.join(folds[:_NAMES_TOLD])}{more}" if folds else ""


def _picture_of(result: ToolResult) -> Block | None:
    if result.is_error:
        return None
    return next((dict(block) for block in result.content if block.get("type") == "image"), None)


def _text_of(result: ToolResult) -> str:
    return "\n".join(block["text"] for block in result.content if block.get("type") == "text").strip()
