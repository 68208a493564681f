# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Solid pictures: each take drawn in the 3D view, and what to do where that shows nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from cloud.blender.child import sheet as paper
from cloud.blender.child.framing import frame_points
from cloud.blender.child.sheet import Picture
from cloud.blender.child.stage import copied_layer, copied_scene
from cloud.blender.child.swatches import drawn_in_base_colours, textured
from cloud.blender.child.takes import Plan, Take
from cloud.blender.child.viewport import BACKGROUND, Background, Viewport, plain_viewport

_NEUTRAL = (0.85, 0.85, 0.85)


def draw_takes(plan: Plan, size: int, background: Background = BACKGROUND) -> list[Picture]:
    """A picture of each take, with `size` pixels on its longer side."""
    with plain_viewport(background) as port, drawn_in_base_colours():
        bpy.context.view_layer.update()
        if plan.marked:
            with port.in_colours_of("SINGLE", _NEUTRAL):
                drawn = [_draw(port, take, plan, size) for take in plan.takes]
            return mark(plan, drawn, size, port)
        with port.in_colours_of("TEXTURE" if textured() else "MATERIAL"):
            return [_draw(port, take, plan, size) for take in plan.takes]


def mark(plan: Plan, pictures: list[Picture], size: int, port: Viewport | None = None) -> list[Picture]:
    """The pictures of the plan's takes with its marked objects in the accent colour."""
    if port is None:
        with plain_viewport() as own:
            return mark(plan, pictures, size, own)
    masks = []
    with copied_scene(plan.marked) as alone:
        layer = copied_layer(alone)
        for take in plan.takes:
            _, depths = port.draw(layer, *take.lens(size), depth=True)
            masks.append(depths)
    marked = []
    for take, picture, own in zip(plan.takes, pictures, masks, strict=True):
        with _layer_of(take) as layer:
            _, whole = port.draw(layer, *take.lens(size), depth=True)
        front = (own < 1) & (own <= whole + 1e-6)
        marked.append(paper.emphasise(picture, front, (own < 1) & ~front))
    return marked


def _draw(port: Viewport, take: Take, plan: Plan, size: int) -> Picture:
    lens = take.lens(size)
    with _layer_of(take) as layer:
        if plan.visible.lines_alone:
            with port.with_lines(every_edge=False):
                picture, _ = port.draw(layer, *lens)
        else:
            picture, _ = port.draw(layer, *lens)
        if not paper.is_uniform(picture):
            return paper.smooth_edges(picture)
        with port.with_lines(every_edge=True):
            picture, _ = port.draw(layer, *lens)
    if not paper.is_uniform(picture):
        take.notes.append(f"{take.label}: too thin to be seen but by its edges, which are drawn as lines.")
        return paper.smooth_edges(picture)
    if take.shot:
        take.notes.append(f"{take.label}: nothing is to be seen there.")
        return picture
    return _beside_camera(port, take, plan, size)


def _beside_camera(port: Viewport, take: Take, plan: Plan, size: int) -> Picture:
    """What a camera inside of something sees through its backs, or else the subject from three quarters."""
    lens = take.lens(size)
    with port.without_backs(), _layer_of(take) as layer:
        picture, _ = port.draw(layer, *lens)
    if not paper.is_uniform(picture):
        take.notes.append("The camera stands inside of an object, which is drawn without its backs.")
        return paper.smooth_edges(picture)
    take.notes.append("The camera sees nothing, or stands inside of an object: shown from three quarters instead.")
    take.label, take.shot = "three quarter (camera sees nothing)", frame_points("three_quarter", plan.points)
    return _draw(port, take, plan, size)


@contextmanager
def _layer_of(take: Take) -> Iterator[bpy.types.ViewLayer]:
    """The layer that the take is drawn from: the open one, or one with its objects alone."""
    if take.only is None:
        layer = bpy.context.view_layer
        assert isinstance(layer, bpy.types.ViewLayer)
        yield layer
    else:
        with copied_scene(take.only) as scene:
            yield copied_layer(scene)
