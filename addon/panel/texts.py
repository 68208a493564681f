# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""Draws sentences in the sidebar, wrapped to its width (bpy)."""

import functools
from typing import Any

import blf
import bpy

from .wrapping import shortened, wrapped

_MOST_CHARS = 4_000
"""What a server says may be longer; nobody reads that in a sidebar, and measuring it would take time."""
_UNIT_PX = 20
"""Height and icon of a row, at a scale of 1."""
_TABS_PX, _MARGINS_PX, _BOX_PX = 24, 38, 16
_FONT = 0


def say(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    text: str,
    *,
    icon: str = "NONE",
    alert: bool = False,
    boxes: int = 0,
    taken_px: float = 0,
    most_lines: int = 12,
) -> None:
    """Draw `text` on as many lines as it takes. `boxes`: how many boxes it stands in; `taken_px`, at a scale of 1:
    what stands beside it."""
    column = layout.column(align=True)
    column.alert = alert
    column.scale_y = 0.85
    options: dict[str, Any] = {"icon": icon}
    room = int(room_px(context, boxes, icon) - taken_px * _scale())
    for number, line in enumerate(_lines(text[:_MOST_CHARS], room, _size(), most_lines)):
        if number and icon != "NONE":
            options["icon"] = "BLANK1"
        column.label(text=line, translate=False, **options)


def one_line(context: bpy.types.Context, text: str, *, taken_px: float = 0, boxes: int = 0) -> str:
    """`text` for a label or a button of one line; `taken_px`, at a scale of 1, is what else stands in the row."""
    room = room_px(context, boxes, "NONE") - taken_px * _scale()
    return _shortened(text[:_MOST_CHARS], int(room), _size())


def room_px(context: bpy.types.Context, boxes: int = 0, icon: str = "NONE") -> float:
    """How wide a text may be in the region that is drawn, zoomed or not."""
    region = context.region
    view = region.view2d
    width = view.region_to_view(region.width, 0)[0] - view.region_to_view(0, 0)[0]
    taken = _TABS_PX + _MARGINS_PX + _BOX_PX * boxes + (_UNIT_PX if icon != "NONE" else 0)
    return max(width - taken * _scale(), 3 * _UNIT_PX * _scale())


def _scale() -> float:
    return bpy.context.preferences.system.ui_scale


def _size() -> float:
    """The height of a label's letters, in pixels."""
    return bpy.context.preferences.ui_styles[0].widget.points * _scale()


@functools.lru_cache(maxsize=256)
def _lines(text: str, width_px: int, size: float, most_lines: int) -> list[str]:
    return wrapped(text, width_px, functools.partial(_measured, size), most_lines)


@functools.lru_cache(maxsize=512)
def _shortened(text: str, width_px: int, size: float) -> str:
    return shortened(text, width_px, functools.partial(_measured, size))


def _measured(size: float, text: str) -> float:
    blf.size(_FONT, size)
    return blf.dimensions(_FONT, text)[0]
