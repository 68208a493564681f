# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""Has the sidebars drawn anew that show our tab, and nothing else of the window (bpy)."""

import bpy

CATEGORY = "Prompt2Mesh"
"""The tab in the sidebar of the 3D view."""


def redraw_sidebars() -> None:
    """In all windows. Never the view itself: it may be expensive to draw."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                _redraw_sidebar(area)
            elif area.type == "PREFERENCES":
                area.tag_redraw()


def _redraw_sidebar(area: bpy.types.Area) -> None:
    for region in area.regions:
        # A region that is hidden is 1 pixel wide; the tab is known since Blender 4.3 only.
        if region.type == "UI" and region.width > 1:
            tab = getattr(region, "active_panel_category", CATEGORY)
            if tab in (CATEGORY, "UNSUPPORTED"):
                region.tag_redraw()
