"""The code of the steps that the benchmark runs in a pod. Those that measure print one line of JSON."""

_CUBE_TRIANGLES = 12


def sphere_of(triangles: int) -> str:
    """One mesh of about that many triangles, in the middle, in an otherwise empty scene."""
    if triangles <= _CUBE_TRIANGLES:
        return "bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Subject'"
    rings = max(3, round((triangles / 4) ** 0.5))
    return (
        f"bpy.ops.mesh.primitive_uv_sphere_add(segments={2 * rings}, ring_count={rings})\n"
        "bpy.context.object.name = 'Subject'"
    )


def small_step(number: int) -> str:
    """Adds one small object, as an agent's step does."""
    return f"""
mesh = bpy.data.meshes.new("Part")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [], [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])
part = bpy.data.objects.new("Part {number}", mesh)
part.location = ({number} % 20, {number} // 20, 0)
bpy.context.collection.objects.link(part)
"""


def edit(number: int) -> str:
    """A real edit: the mesh of the subject changes."""
    return f"mesh = bpy.data.objects['Subject'].data\nmesh.vertices[0].co.z += 0.01 + {number} * 1e-6\nmesh.update()"


def bare_drawing(number: int) -> str:
    """Times Blender's own drawing of the subject after an edit, to its pixels, as FACTS says it is done best."""
    return f"""
import json, time
import gpu
from mathutils import Matrix, Vector
{edit(number)}
bpy.context.view_layer.update()
bpy.context.preferences.system.viewport_aa = "FXAA"
window = bpy.context.window_manager.windows[0]
area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
space, region = area.spaces[0], next(region for region in area.regions if region.type == "WINDOW")
space.shading.type, space.shading.color_type, space.overlay.show_overlays = "SOLID", "MATERIAL", False
place = Vector((3.5, -3.5, 2.8))
view = (Matrix.Translation(place) @ (-place).to_track_quat("-Z", "Y").to_matrix().to_4x4()).inverted()
camera = bpy.data.cameras.new("bench")
looker = bpy.data.objects.new("bench", camera)
projection = looker.calc_matrix_camera(bpy.context.evaluated_depsgraph_get(), x=512, y=512)
offscreen = gpu.types.GPUOffScreen(512, 512)
def draw():
    offscreen.draw_view3d(bpy.context.scene, bpy.context.view_layer, space, region, view, projection,
                          do_color_management=True, draw_background=False)
began = time.perf_counter()
draw()
drawn = time.perf_counter() - began
offscreen.texture_color.read()
read = time.perf_counter() - began
offscreen.free()
bpy.data.objects.remove(looker)
bpy.data.cameras.remove(camera)
print(json.dumps({{"draw_s": drawn, "draw_and_read_s": read}}))
"""


def bare_save() -> str:
    """Times Blender's own save, without compression, into the workspace."""
    return """
import json, os, time
began = time.perf_counter()
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("bench.blend"), copy=True, compress=False)
print(json.dumps({"save_s": time.perf_counter() - began}))
"""


def bare_load() -> str:
    """Times Blender's own load of what `bare_save` wrote."""
    return """
import json, os, time
began = time.perf_counter()
bpy.ops.wm.open_mainfile(filepath=os.path.abspath("bench.blend"), load_ui=False)
print(json.dumps({"load_s": time.perf_counter() - began}))
"""


def named_process(name: str) -> str:
    """Gives the process that answers a name to be found by."""
    return f"open('/proc/self/comm', 'w').write('{name}')"
