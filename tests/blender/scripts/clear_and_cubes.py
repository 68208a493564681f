# An old habit: clear the scene with operators, then a row of cubes.
import bpy

bpy.ops.object.select_all(action="SELECT")
bpy.ops.object.delete(use_global=False)
for i in range(12):
    bpy.ops.mesh.primitive_cube_add(size=1, location=(i * 1.5, 0, 0.5))
    bpy.context.active_object.name = f"Cube_{i:02d}"
    bpy.context.active_object.rotation_euler[2] = i * 0.1
