"""What a reviewer goes by: pictures, the geometry report, the parts, and what an edit changed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cloud.agent.contract import Block, ToolResult
from cloud.agent.review import VIEWS, Evidence
from cloud.jobs.review.parts import parts_list

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox

# A sheet of three by two such tiles has 1.1 megapixels, as much as every model takes without making it smaller.
TILE_PX = 416
RENDER_PX = 640
_NAMES_TOLD = 40


async def gather(toolbox: "PodToolbox", base: str | None) -> Evidence:
    """Look at the scene as it stands. `base` is the hash of the one that an edit began with; None: there was none.

    Raises: ArtifactMissing, PodLost, PodNotReady.
    """
    listed = await toolbox.call_surely("inspect", {})
    objects = listed.structured.get("objects", [])
    sheet = await toolbox.call_surely(
        "look", {"views": list(VIEWS), "shading": "material", "size": TILE_PX, "sheet": True}
    )
    render = await toolbox.call_surely(
        "look", {"views": ["camera"], "shading": "rendered", "size": RENDER_PX, "fallback": True}
    )
    checked = await toolbox.call_surely("check", {})
    changed = (await toolbox.difference(base, toolbox.scene)).structured.get("changed", {}) if base else {}
    return Evidence(
        sheet=_picture_of(sheet),
        render=_picture_of(render),
        drawn=f"{_text_of(sheet)} {_text_of(render)}",
        check=_text_of(checked),
        parts=parts_list(objects),
        objects=[entry["name"] for entry in objects],
        changes="\n".join(_change_lines(changed)) if base else "",
    )


def _change_lines(changed: Mapping[str, Any]) -> Iterator[str]:
    """Each object that is not as it was, and in what. Facts alone: what was asked for is the reviewer's to say."""
    yield f"In short: {changed.get('summary') or 'no object changed'}."
    for kind, words in (
        ("removed", "Removed"),
        ("moved", "Moved, turned or scaled"),
        ("remeshed", "Other shape"),
        ("rematerialled", "Other material"),
        ("materials_changed", "Materials changed"),
        ("materials_removed", "Materials removed"),
        ("added", "Added"),
    ):
        names = changed.get(kind, [])
        if names:
            more = changed.get("counts", {}).get(kind, len(names)) - len(names[:_NAMES_TOLD])
            yield f"{words}: {', '.join(names[:_NAMES_TOLD])}" + (f" and {more} more" if more > 0 else "")


def _picture_of(result: ToolResult) -> Block | None:
    if result.is_error:
        return None
    return next((dict(block) for block in result.content if block.get("type") == "image"), None)


def _text_of(result: ToolResult) -> str:
    return "\n".join(block["text"] for block in result.content if block.get("type") == "text").strip()
