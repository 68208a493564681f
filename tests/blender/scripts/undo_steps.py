import bpy

bpy.ops.mesh.primitive_cube_add()
bpy.ops.ed.undo_push(message="cube")
bpy.ops.mesh.primitive_uv_sphere_add(location=(3, 0, 0))
bpy.ops.ed.undo_push(message="sphere")
