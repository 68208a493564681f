# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Drawing with the 3D view that even a Blender without a window has; it is as it was afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import bpy
import gpu
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray
from PIL import Image

from cloud.errors import InvalidInput

Background = tuple[float, float, float]
BACKGROUND: Background = (0.40, 0.45, 0.55)  # linear: white, black and grey things all stand out from it
TRIAL_PX = 96
HIDDEN = 0.03  # of something's pixels: with no more of them in sight it counts as hidden

_warm = False


class Viewport:
    """A 3D view that is set up for plain pictures: in use between `plain_viewport()` and its end."""

    def __init__(self, space: bpy.types.SpaceView3D, region: bpy.types.Region) -> None:
        self._space, self._region = space, region

    def draw(
        self,
        layer: bpy.types.ViewLayer,
        size_px: tuple[int, int],
        view: Matrix,
        projection: Matrix,
        *,
        depth: bool = False,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The picture, (H, W, 3) from the top down, and its depth, 0..1 and 1 where nothing is; empty if not asked for.

        Raises: RuntimeError: no framebuffer of that size can be had.
        """
        width, height = size_px
        scene = layer.id_data
        offscreen = gpu.types.GPUOffScreen(width, height, format="RGBA8")
        try:
            offscreen.draw_view3d(
                scene,
                layer,
                self._space,
                self._region,
                view,
                projection,
                do_color_management=True,
                draw_background=True,
            )
            with offscreen.bind():
                buffer = gpu.state.active_framebuffer_get()
                pixels = buffer.read_color(0, 0, width, height, 4, 0, "UBYTE")
                depths = buffer.read_depth(0, 0, width, height) if depth else None
        finally:
            offscreen.free()
        pixels.dimensions = width * height * 4
        # OpenGL gives rows from the bottom up, and a fourth channel.
        picture = np.asarray(Image.frombuffer("RGBA", size_px, pixels, "raw", "RGBA", 0, -1).convert("RGB"))
        if depths is None:
            return picture, np.empty((0, 0), dtype=np.float32)
        depths.dimensions = width * height
        return picture, np.frombuffer(depths, dtype=np.float32).reshape(height, width)[::-1]

    def seen_share(
        self, alone: bpy.types.ViewLayer, size_px: tuple[int, int], view: Matrix, projection: Matrix
    ) -> float:
        """The part of the pixels of the objects in `alone` that nothing else in the open layer hides; 1 for none."""
        _, own = self.draw(alone, size_px, view, projection, depth=True)
        _, whole = self.draw(bpy.context.view_layer, size_px, view, projection, depth=True)
        mask = own < 1
        return float((mask & (own <= whole + 1e-6)).sum() / mask.sum()) if mask.any() else 1.0

    @contextmanager
    def with_lines(self, *, every_edge: bool) -> Iterator[None]:
        """The block also draws what has no face, as lines; `every_edge`: the faces' edges too."""
        with _lent({self._space.overlay: {"show_overlays": True, "show_wireframes": every_edge}}):
            yield

    @contextmanager
    def without_backs(self) -> Iterator[None]:
        """The block draws faces from their front alone."""
        with _lent({self._space.shading: {"show_backface_culling": True}}):
            yield

    @contextmanager
    def in_colours_of(self, color_type: str, colour: tuple[float, float, float] = (0.8, 0.8, 0.8)) -> Iterator[None]:
        """The block draws with this `color_type` of the shading; `colour` is that of SINGLE."""
        with _lent({self._space.shading: {"color_type": color_type, "single_color": colour}}):
            yield


@contextmanager
def plain_viewport(background: Background = BACKGROUND) -> Iterator[Viewport]:
    """Solid, in material colours, without helpers or edge smoothing. Raises: InvalidInput: the file has no 3D view."""
    warm_up()
    space, region = _find_space()
    wanted: dict[Any, dict[str, Any]] = {
        space.shading: {
            "type": "SOLID",
            "light": "STUDIO",
            "studio_light": "paint.sl",
            "color_type": "MATERIAL",
            "background_type": "VIEWPORT",
            "background_color": background,
            "show_xray": False,
            "show_shadows": False,
            "show_cavity": True,
            "cavity_type": "SCREEN",
            "show_object_outline": False,
            "show_specular_highlight": True,
            "show_backface_culling": False,
            "use_dof": False,
        },
        space.overlay: dict.fromkeys(_switches(space.overlay), False),
        space: {name: name.startswith("show_object_viewport") for name in _switches(space)}
        | {"use_local_camera": False},
        space.region_3d: {"use_clip_planes": False},
        # Eight samples cost three times the drawing, and FXAA on a CPU as much again: edges are smoothed afterwards.
        bpy.context.preferences.system: {"viewport_aa": "OFF"},
    }
    with _lent(wanted):
        yield Viewport(space, region)


def warm_up() -> None:
    """Bring up the GPU, once a process; leaves the open scene alone."""
    global _warm
    if _warm:
        return
    if hasattr(gpu, "init"):  # Blender 5.2
        gpu.init()
    else:
        scene, lens = bpy.data.scenes.new("GPU"), bpy.data.cameras.new("GPU")
        scene.camera = bpy.data.objects.new("GPU", lens)
        try:
            render = scene.render
            render.engine, render.resolution_x, render.resolution_y = "BLENDER_WORKBENCH", 8, 8
            render.use_sequencer = render.use_compositing = False
            bpy.ops.render.render(scene=scene.name)
        finally:
            bpy.data.batch_remove([scene.camera, lens, scene])
    _warm = True


def _find_space() -> tuple[bpy.types.SpaceView3D, bpy.types.Region]:
    """A 3D view; rather one that is not in local view."""
    found = []
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                space, region = area.spaces.active, next(region for region in area.regions if region.type == "WINDOW")
                assert isinstance(space, bpy.types.SpaceView3D)
                found.append((space.local_view is not None, space, region))
    if not found:
        raise InvalidInput("This scene's file has no 3D view to draw with; ask for shading 'rendered'.")
    _, space, region = min(found, key=lambda entry: entry[0])
    return space, region


def _switches(owner: Any) -> list[str]:
    """The names of what can be switched to be shown."""
    names = [prop.identifier for prop in owner.bl_rna.properties if prop.type == "BOOLEAN" and not prop.is_readonly]
    wanted = ("show_gizmo", "show_object_viewport", "use_local_collections", "use_render_border")
    return [name for name in names if isinstance(owner, bpy.types.View3DOverlay) or name.startswith(wanted)]


@contextmanager
def _lent(wanted: dict[Any, dict[str, Any]]) -> Iterator[None]:
    """The block has these values of these owners, which get their own back."""
    before = []
    try:
        for owner, values in wanted.items():
            for name, value in values.items():
                own = _kept(getattr(owner, name))
                if own != value:
                    before.append((owner, name, own))
                    setattr(owner, name, value)
        yield
    finally:
        for owner, name, own in reversed(before):
            with suppress(TypeError):  # an enum that is empty in this state of the view
                setattr(owner, name, own)


def _kept(value: Any) -> Any:
    """A copy that does not change with its owner."""
    return value if isinstance(value, (str, bool, int, float)) else tuple(value)
