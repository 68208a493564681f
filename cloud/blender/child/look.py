# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Pictures of the scene, which they leave as it was."""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import gpu
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray
from PIL import Image

from cloud.blender.child.framing import Shot, frame_points, visible_points
from cloud.blender.child.studio import render_shot
from cloud.blender.child.swatches import drawn_in_base_colours
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

_BACKGROUND = (0.82, 0.83, 0.85)


def look_at_scene(views: Sequence[str], shading: str, size: int) -> Message:
    """One PNG a view, `size` pixels square (`camera`: in the scene's aspect). Raises: InvalidInput."""
    began = time.monotonic()
    graph = bpy.context.evaluated_depsgraph_get()
    points = visible_points(graph)
    if not len(points):
        return Message(
            {"text": "The scene is empty: there is nothing to see.", "structured": {"views": [], "seconds": 0}}
        )
    if "camera" in views and bpy.context.scene.camera is None:
        raise InvalidInput("The scene has no camera; ask for another view, or add one and make it scene.camera.")
    shots = [None if view == "camera" else frame_points(view, points) for view in views]
    if shading == "solid":
        pictures = _draw_solid(shots, size)
    else:
        pictures = render_shot(shots, size, points, studio_only=shading == "material")
    seconds = round(time.monotonic() - began, 3)
    text = f"{shading}: {', '.join(views)}"
    return Message({"text": text, "structured": {"views": list(views), "seconds": seconds}}, pictures)


def warm_up_gpu() -> None:
    """Bring up the GPU context and compile the shaders, so that the first picture is fast. Leaves some other scene."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    render = bpy.context.scene.render
    render.engine, render.resolution_x, render.resolution_y = "BLENDER_WORKBENCH", 8, 8
    bpy.ops.render.render()
    look_at_scene(["three_quarter"], "solid", 64)


def _draw_solid(shots: Sequence[Shot | None], size: int) -> list[bytes]:
    scene, layer = bpy.context.scene, bpy.context.view_layer
    space, region = _viewport()
    bpy.context.preferences.system.viewport_aa = "FXAA"
    pictures = []
    with _plain_shading(space), drawn_in_base_colours():
        layer.update()
        for shot in shots:
            width, height, view, projection = _matrices(shot, size)
            offscreen = gpu.types.GPUOffScreen(width, height, format="RGBA8")
            try:
                offscreen.draw_view3d(
                    scene, layer, space, region, view, projection, do_color_management=True, draw_background=True
                )
                pictures.append(_png(_pixels(offscreen, width, height)))
            finally:
                offscreen.free()
    return pictures


def _matrices(shot: Shot | None, size: int) -> tuple[int, int, Matrix, Matrix]:
    """Width, height, view and projection; None is the scene's own camera."""
    if shot:
        return size, size, shot.pose.inverted(), shot.projection
    scene = bpy.context.scene
    width, height = picture_size(scene, size)
    camera = scene.camera
    graph = bpy.context.evaluated_depsgraph_get()
    return width, height, camera.matrix_world.inverted(), camera.calc_matrix_camera(graph, x=width, y=height)


def picture_size(scene: bpy.types.Scene, size: int) -> tuple[int, int]:
    """The scene's aspect, with the longer side at `size` pixels."""
    wide, high = scene.render.resolution_x, scene.render.resolution_y
    return max(16, round(size * wide / max(wide, high))), max(16, round(size * high / max(wide, high)))


def _viewport() -> tuple[bpy.types.SpaceView3D, bpy.types.Region]:
    """The 3D view that even a Blender without a window has."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                space, region = area.spaces.active, next(region for region in area.regions if region.type == "WINDOW")
                assert isinstance(space, bpy.types.SpaceView3D)
                return space, region
    raise InvalidInput("This scene's file has no 3D view to draw with; ask for shading 'rendered'.")


@contextmanager
def _plain_shading(space: bpy.types.SpaceView3D) -> Iterator[None]:
    """Solid, in material colours, without overlays; as before afterwards."""
    wanted: dict[Any, dict[str, Any]] = {
        space.shading: {
            "type": "SOLID",
            "light": "STUDIO",
            "studio_light": "paint.sl",
            "color_type": "MATERIAL",
            "background_type": "VIEWPORT",
            "background_color": _BACKGROUND,
            "show_xray": False,
            "show_shadows": False,
            "show_cavity": True,
            "show_object_outline": False,
            "show_specular_highlight": True,
            "show_backface_culling": False,
        },
        space.overlay: {"show_overlays": False},
        space: {"show_gizmo": False},
    }
    before = {owner: {name: _kept(getattr(owner, name)) for name in values} for owner, values in wanted.items()}
    try:
        for owner, values in wanted.items():
            for name, value in values.items():
                setattr(owner, name, value)
        yield
    finally:
        for owner, values in before.items():
            for name, value in values.items():
                setattr(owner, name, value)


def _kept(value: Any) -> Any:
    """A copy that does not change with its owner."""
    return value if isinstance(value, (str, bool, int, float)) else tuple(value)


def _pixels(offscreen: gpu.types.GPUOffScreen, width: int, height: int) -> NDArray[np.uint8]:
    with offscreen.bind():
        buffer = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "UBYTE")
    buffer.dimensions = width * height * 4
    return np.array(buffer, dtype=np.uint8).reshape(height, width, 4)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Rows come from the bottom up, as OpenGL gives them."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[::-1, :, :3])).save(file, "PNG", compress_level=3)
    return file.getvalue()
