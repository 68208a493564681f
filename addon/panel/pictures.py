"""Shows picture files of the cache in panels (bpy)."""

from pathlib import Path

import bpy.utils.previews

_KEPT = 96
"""Pictures that are shown or were shown lately: a page of projects, a history and a live view."""


class Pictures:
    """Icons made of files. Blender loads a file when its icon is first drawn, in a thread of its own.

    Blender's main thread only. A file is never changed once it is here: a new picture has a new name.
    """

    def __init__(self) -> None:
        self._previews = bpy.utils.previews.new()
        self._drawn: dict[str, None] = {}

    def icon(self, path: Path | None) -> int:
        """For `icon_value`; 0, which is no icon, where there is no picture."""
        if path is None:
            return 0
        name = str(path)
        self._drawn.pop(name, None)
        self._drawn[name] = None
        if name not in self._previews:
            self._previews.load(name, name, "IMAGE")
        return self._previews[name].icon_id

    def forget_old(self) -> None:
        """Drop those not drawn for the longest time. Never called while a panel is drawn, for that may show them."""
        for name in list(self._drawn)[:-_KEPT]:
            del self._drawn[name]
            del self._previews[name]

    def close(self) -> None:
        """Drop all."""
        bpy.utils.previews.remove(self._previews)
        self._drawn.clear()
