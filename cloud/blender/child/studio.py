# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Cycles pictures: the scene's own light, or a small photographer's studio where it has none.

Everything happens in a copy of the scene that shares its objects and is removed afterwards with all that was
made for it. The settings are those that were measured to look good on two cores in about a second.
"""

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray
from PIL import Image

from cloud.blender.child import sheet as paper
from cloud.blender.child.camera import picture_size, scene_camera
from cloud.blender.child.drawing import draw_takes, mark
from cloud.blender.child.framing import Shot
from cloud.blender.child.sheet import Picture
from cloud.blender.child.stage import copied_scene
from cloud.blender.child.takes import Plan, Take

_FINE_UP_TO_PX = 640  # of size: four samples a pixel; two beyond, which look as good there
_GROUND_REACH = 60  # times the scene's extent
_SUN_FROM = (0.5, -0.55, 0.9)
_UPRIGHT = 0.5  # of a view's direction lies in the plane: looked at from above or below there is no heading
_SUN_STRENGTH = 2.6
_SKY = (0.9, 0.95, 1.0)
_SKY_STRENGTH = 0.36
_GROUND = (0.72, 0.71, 0.7, 1.0)
_FACTORY_VIEW = "AgX"
# A red of (0.8, 0.05, 0.05) in a sun of 3 W/m² comes out as (222, 60, 63) with it, (201, 95, 90) with AgX and
# (228, 82, 84) with Standard, which in a sun of 5 W/m² burns a quarter of the picture out.
TRUE_COLOURS = "Khronos PBR Neutral"
_FACTORY_WORLD_LEVEL = 0.0508  # of the grey that Blender gives a new world


def render_takes(plan: Plan, size: int, *, studio_only: bool) -> list[Picture]:
    """A picture of each take. `studio_only`: ignore the scene's own lights, show no ground."""
    pictures = [_render(take, plan, size, studio_only=studio_only) for take in plan.takes]
    return mark(plan, pictures, size) if plan.marked else pictures


def _render(take: Take, plan: Plan, size: int, *, studio_only: bool) -> Picture:
    picture, lit = _rendered(take, plan, size, studio_only=studio_only, with_own_lights=True)
    if lit and paper.is_black(picture):
        take.notes.append(f"{take.label}: black in the scene's own light, so it is shown in studio light.")
        picture, _ = _rendered(take, plan, size, studio_only=studio_only, with_own_lights=False)
    if paper.is_uniform(picture) or paper.is_black(picture):
        [drawn] = draw_takes(replace(plan, takes=[take], marked=frozenset()), size)
        if not paper.is_uniform(drawn):
            take.notes.append(f"{take.label}: a render shows nothing there, so it is drawn solid.")
            return drawn
    return picture


def _rendered(take: Take, plan: Plan, size: int, *, studio_only: bool, with_own_lights: bool) -> tuple[Picture, bool]:
    """The picture, and whether the scene's own lights are in it."""
    lights = {obj.name for obj in bpy.context.scene.objects if obj.type == "LIGHT"}
    only = None if take.only is None else take.only | lights
    with copied_scene(only) as scene:
        off = studio_only or not with_own_lights or _has_stage_lights_alone(scene)
        with _lights_off(scene, off=off), tempfile.TemporaryDirectory() as folder:
            lit = _has_lights(scene)
            if not lit:
                _build_studio(
                    scene,
                    plan.points,
                    ground=not studio_only and take.only is None and not _from_below(take, plan.points),
                    turn_rad=_heading_rad(take) if studio_only else 0.0,
                )
            elif _is_unset(scene.world):
                scene.world = _world(_SKY_STRENGTH)
                take.notes.append(f"{take.label}: the scene has no world of its own, so a soft sky stands in.")
            if lit and _is_factory_look(scene.view_settings):
                scene.view_settings.view_transform = TRUE_COLOURS
                take.notes.append(
                    f"Colours as with view_transform {TRUE_COLOURS!r}: the scene itself still has {_FACTORY_VIEW}, "
                    "Blender's default, which pales them; set scene.view_settings.view_transform to keep them."
                )
            _settings(scene, size, own_look=lit)
            scene.camera = _camera(scene, take.shot) if take.shot else scene_camera(bpy.context.scene)
            scene.timeline_markers.clear()  # one that binds a camera would have the last word
            if take.shot:
                scene.render.resolution_x = scene.render.resolution_y = size
            path = Path(folder) / "picture.png"
            scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=scene.name)
            return np.asarray(Image.open(path).convert("RGB")), lit


@contextmanager
def _lights_off(scene: bpy.types.Scene, *, off: bool) -> Iterator[None]:
    """The block renders without the scene's lights, where `off`."""
    lights = [obj for obj in scene.objects if obj.type == "LIGHT" and not obj.hide_render] if off else []
    try:
        for light in lights:
            light.hide_render = True
        yield
    finally:
        for light in lights:
            light.hide_render = False


def _settings(scene: bpy.types.Scene, size: int, *, own_look: bool) -> None:
    render, cycles = scene.render, scene.cycles
    render.resolution_x, render.resolution_y = picture_size(scene, size)
    render.pixel_aspect_x = render.pixel_aspect_y = 1
    render.resolution_percentage = 100
    render.engine = "CYCLES"
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    render.image_settings.compression = 0
    render.use_border = render.use_compositing = render.use_sequencer = render.film_transparent = False
    render.use_motion_blur = render.use_multiview = False
    render.image_settings.color_depth, render.image_settings.color_management = "8", "FOLLOW_SCENE"
    cycles.device, cycles.samples, cycles.use_adaptive_sampling = "CPU", 4 if size <= _FINE_UP_TO_PX else 2, False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    cycles.denoising_input_passes = "RGB_ALBEDO"
    cycles.max_bounces, cycles.transmission_bounces, cycles.transparent_max_bounces = 6, 6, 8
    cycles.diffuse_bounces, cycles.glossy_bounces = 1, 3
    cycles.use_light_tree = False
    cycles.caustics_reflective, cycles.caustics_refractive, cycles.blur_glossy = False, True, 1.0
    cycles.sample_clamp_indirect = 4.0
    if not own_look:
        scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
        scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def _is_factory_look(view: bpy.types.ColorManagedViewSettings) -> bool:
    """Nobody has chosen how the scene's colours are shown. Whoever wants AgX has its looks and exposure to choose."""
    plain = (view.view_transform, view.look, view.use_curve_mapping) == (_FACTORY_VIEW, "None", False)
    return plain and (view.exposure, view.gamma) == (0.0, 1.0)


def _has_stage_lights_alone(scene: bpy.types.Scene) -> bool:
    """Whether each light is marked as a mere default (`p2m_kind` "stage"): then the studio shows the scene better."""
    return all(obj.get("p2m_kind") == "stage" for obj in scene.objects if obj.type == "LIGHT")


def _has_lights(scene: bpy.types.Scene) -> bool:
    return any(obj.type == "LIGHT" and not obj.hide_render for obj in scene.objects)


def _is_unset(world: bpy.types.World | None) -> bool:
    """No world, or one as Blender makes it; a night that somebody has set is a night."""
    if world is None:
        return True
    if not world.use_nodes or not world.node_tree:
        return _is_factory_grey(world.color, 1.0)
    for node in world.node_tree.nodes:
        if node.type == "BACKGROUND":
            colour, strength = node.inputs["Color"], node.inputs["Strength"]
            if colour.is_linked or strength.is_linked:
                return False
            return _is_factory_grey(colour.default_value, strength.default_value)
    return False


def _is_factory_grey(colour: Sequence[float], strength: float) -> bool:
    return strength == 1.0 and all(abs(part - _FACTORY_WORLD_LEVEL) < 1e-3 for part in colour[:3])


def _heading_rad(take: Take) -> float:
    """How many quarter turns the picture's camera has gone round the subject, from the front: its light comes along."""
    if take.shot is None:
        return 0.0
    back = take.shot.pose.to_3x3().col[2]  # from the subject to the camera
    if math.hypot(back.x, back.y) < _UPRIGHT:
        return 0.0
    return round(math.atan2(back.x, -back.y) / (math.pi / 2)) * math.pi / 2


def _build_studio(scene: bpy.types.Scene, points: NDArray[np.float64], *, ground: bool, turn_rad: float) -> None:
    """Sky, sun and perhaps a floor. `turn_rad`: the sun goes so far round the subject with the camera."""
    scene.world = _world(_SKY_STRENGTH)
    sun = bpy.data.lights.new("Studio Key", "SUN")
    sun.energy, sun.angle = _SUN_STRENGTH, 0.35
    direction = Matrix.Rotation(turn_rad, 3, "Z") @ Vector(_SUN_FROM)
    _place(scene, sun).rotation_euler = direction.to_track_quat("Z", "Y").to_euler()
    if ground:
        extent = float(np.ptp(points, axis=0).max()) or 1.0
        _lay_ground(scene, points, extent)


def _from_below(take: Take, points: NDArray[np.float64]) -> bool:
    """Whether a ground under the subject would hide it."""
    eye = take.shot.eye if take.shot else scene_camera(bpy.context.scene).matrix_world.translation
    return eye.z <= points[:, 2].min()


def _lay_ground(scene: bpy.types.Scene, points: NDArray[np.float64], extent: float) -> None:
    """A wide neutral floor just under the lowest point: it takes the shadow and is the backdrop."""
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    reach, level = _GROUND_REACH * extent, float(points[:, 2].min()) - 0.0005 * extent
    corners = [(middle[0] + x * reach, middle[1] + y * reach, level) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mesh = bpy.data.meshes.new("Studio Ground")
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Studio Ground")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    diffuse, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    diffuse.inputs["Color"].default_value = _GROUND
    material.node_tree.links.new(diffuse.outputs[0], output.inputs["Surface"])
    mesh.materials.append(material)
    _place(scene, mesh)


def _world(strength: float) -> bpy.types.World:
    world = bpy.data.worlds.new("Studio Sky")
    world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (*_SKY, 1.0)
    background.inputs["Strength"].default_value = strength
    world.cycles.sampling_method = "NONE"  # an even sky needs none, and costs a third less so
    return world


def _camera(scene: bpy.types.Scene, shot: Shot) -> bpy.types.Object:
    camera = _place(scene, bpy.data.cameras.new("Studio Camera"))
    shot.apply_to(camera)
    camera.data.clip_end = shot.far * _GROUND_REACH
    return camera


def _place(scene: bpy.types.Scene, data: Any) -> bpy.types.Object:
    obj = bpy.data.objects.new(data.name, data)
    scene.collection.objects.link(obj)
    return obj
