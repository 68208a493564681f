# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Light, camera and world, so that a scene is well lit and framed in Blender itself."""

import math

import bpy
from mathutils import Euler, Vector

STAGE_NAMES = ("Key Light", "Fill Light", "Camera")


def add_stage(azimuth_deg: float = -32.0, elevation_deg: float = 22.0, lens_mm: float = 50.0) -> bpy.types.Object:
    """Frame everything at a three-quarter angle from the front (-Y). Run again, it replaces what it made before.

    Returns: the camera, which is the scene's active one.
    """
    scene = bpy.context.scene
    clear_stage()
    low, high = scene_bounds()
    center, radius = (low + high) / 2, max((high - low).length / 2, 0.01)
    key = add_stage_light("Key Light", "SUN", center, radius, (48.0, 8.0, azimuth_deg - 28.0))
    key.data.energy = 3.2
    key.data.angle = math.radians(6)
    fill = add_stage_light("Fill Light", "AREA", center, radius, (62.0, 0.0, azimuth_deg + 75.0))
    fill.data.size = radius * 2.5
    fill.data.energy = 24.0 * radius * radius
    fill.data.color = (0.86, 0.92, 1.0)
    light_world(scene)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera["p2m_kind"] = "stage"
    scene.collection.objects.link(camera)
    camera.data.lens = lens_mm
    camera.rotation_euler = Euler((math.radians(90 - elevation_deg), 0.0, math.radians(azimuth_deg)))
    frame_corners(camera, scene)
    scene.camera = camera
    return camera


def clear_stage() -> None:
    """Remove what an earlier `add_stage` made, and nothing else."""
    for obj in [obj for obj in bpy.data.objects if obj.get("p2m_kind") == "stage"]:
        data = obj.data
        bpy.data.objects.remove(obj)
        if data is not None and data.users == 0:
            (bpy.data.cameras if isinstance(data, bpy.types.Camera) else bpy.data.lights).remove(data)


def visible_points() -> list[Vector]:
    """Places on the skin of all visible things, in world space; flat planes count only where there is nothing else.

    A wide floor under a small thing must not push the camera away.
    """
    bpy.context.view_layer.update()
    corners, floors = [], []
    for obj in bpy.context.scene.objects:
        if obj.type not in {"MESH", "CURVE", "SURFACE", "META", "FONT"} or obj.hide_render:
            continue
        points = [Vector(corner) for corner in obj.bound_box]
        if obj.type == "MESH" and len(obj.data.vertices) > 8:
            # The skin itself frames tighter than its box; two thousand places of it are enough.
            points = [vert.co for vert in list(obj.data.vertices)[:: len(obj.data.vertices) // 2000 + 1]]
        flat = max(obj.dimensions) > 0 and obj.dimensions.z < 1e-4
        (floors if flat else corners).extend(obj.matrix_world @ point for point in points)
    return corners or floors or [Vector((-1, -1, 0)), Vector((1, 1, 2))]


def scene_bounds() -> tuple[Vector, Vector]:
    """The lowest and highest corner of everything visible."""
    xs, ys, zs = zip(*visible_points(), strict=True)
    return Vector((min(xs), min(ys), min(zs))), Vector((max(xs), max(ys), max(zs)))


def add_stage_light(
    name: str, kind: str, center: Vector, radius: float, turn_deg: tuple[float, float, float]
) -> bpy.types.Object:
    """A light that looks at the scene's middle from the direction of `turn_deg`."""
    light = bpy.data.objects.new(name, bpy.data.lights.new(name, kind))
    light["p2m_kind"] = "stage"
    light.rotation_euler = Euler([math.radians(angle) for angle in turn_deg])
    light.location = center + light.rotation_euler.to_matrix() @ Vector((0, 0, radius * 3.0))
    bpy.context.scene.collection.objects.link(light)
    return light


def light_world(scene: bpy.types.Scene) -> None:
    """A soft neutral world; one that the user already has stays."""
    if scene.world is None:
        scene.world = bpy.data.worlds.new("World")
    world = scene.world
    if world.node_tree is None:
        world.use_nodes = True
    background = next((node for node in world.node_tree.nodes if node.type == "BACKGROUND"), None)
    if background is not None and not world.get("p2m_kind"):
        background.inputs["Color"].default_value = (0.62, 0.68, 0.76, 1.0)
        background.inputs["Strength"].default_value = 0.65
        world["p2m_kind"] = "stage"


def frame_corners(camera: bpy.types.Object, scene: bpy.types.Scene, margin: float = 1.12) -> None:
    """Move the turned camera back along its view until every corner is inside, with a margin."""
    render = scene.render
    wide, tall = render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y
    half = camera.data.sensor_width / 2 / camera.data.lens / margin
    tan_x, tan_y = (half, half * tall / wide) if wide >= tall else (half * wide / tall, half)
    turn = camera.rotation_euler.to_matrix()
    points = [turn.transposed() @ corner for corner in visible_points()]
    # In view space each corner p asks for |p.xy - c.xy| <= tan * (c.z - p.z); the tightest cone gives c.
    spans = []
    for axis, tan in ((0, tan_x), (1, tan_y)):
        upper = max(point[axis] + tan * point.z for point in points)
        lower = min(point[axis] - tan * point.z for point in points)
        spans.append(((upper + lower) / 2, (upper - lower) / 2 / tan))
    distance = max(spans[0][1], spans[1][1])
    camera.location = turn @ Vector((spans[0][0], spans[1][0], distance))
    deepest = min(point.z for point in points)
    camera.data.clip_start = max(0.001, (distance - max(point.z for point in points)) * 0.2)
    camera.data.clip_end = max(100.0, (distance - deepest) * 4.0)
