# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportReturnType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What the user sees in their 3D view, as a picture to send. (bpy)

Drawn off-screen: no render settings, no render result and no data-block of the user's is touched.
"""

import secrets
from pathlib import Path

import bpy
import gpu
import numpy as np

from .errors import NothingToSend
from .png import write_png

_SIDES_PX = (64, 4096)


def picture(context: bpy.types.Context, folder: Path, px: int = 1024) -> Path:
    """Draw the 3D view as it is: its angle, shading and overlays. `px`: the longer side. Blender's main thread only.

    Returns: a PNG file in the folder, named by us. Raises: NothingToSend: there is no window, or no 3D view in it.
    """
    if bpy.app.background:
        raise NothingToSend("Blender runs without a window, so there is no viewport to take a picture of.")
    window = context.window or next(iter(context.window_manager.windows), None)
    area = _view_of(context, window)
    if window is None or area is None:
        raise NothingToSend("Open a 3D view in this window, so that there is a viewport to take a picture of.")
    return draw(window, area, folder, px)


def draw(window: bpy.types.Window, area: bpy.types.Area, folder: Path, px: int) -> Path:
    """The picture of this 3D view; `picture` says which it is. Raises: NothingToSend: it cannot be drawn."""
    region = next(region for region in area.regions if region.type == "WINDOW")
    space = area.spaces.active
    width, height = size_of(region.width, region.height, px)
    view = space.region_3d
    try:
        offscreen = gpu.types.GPUOffScreen(width, height, format="RGBA8")
    except (RuntimeError, SystemError) as error:
        raise NothingToSend(f"The viewport cannot be drawn ({error}); try a smaller picture size.") from error
    try:
        offscreen.draw_view3d(
            window.scene,
            window.view_layer,
            space,
            region,
            view.view_matrix,
            view.window_matrix,
            do_color_management=True,
            draw_background=True,
        )
        with offscreen.bind():
            buffer = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "UBYTE")
    finally:
        offscreen.free()
    buffer.dimensions = width * height * 4
    pixels = np.array(buffer, dtype=np.uint8).reshape(height, width, 4)[::-1, :, :3]
    path = folder / f"viewport-{secrets.token_hex(6)}.png"
    write_png(path, [row.tobytes() for row in pixels], width)
    return path


def size_of(width: int, height: int, px: int) -> tuple[int, int]:
    """The picture's sides: those of the view, the longer one `px`. Raises: NothingToSend: the view has no area."""
    if width < 1 or height < 1:
        raise NothingToSend("The 3D view is too small for a picture; make it larger.")
    px = max(_SIDES_PX[0], min(_SIDES_PX[1], px))
    scale = px / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _view_of(context: bpy.types.Context, window: bpy.types.Window | None) -> bpy.types.Area | None:
    """The 3D view that the user is in, or the largest one of the window."""
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    areas = [area for area in window.screen.areas if area.type == "VIEW_3D"] if window else []
    return max(areas, key=lambda area: area.width * area.height, default=None)
