import bpy

bpy.ops.mesh.primitive_cube_add()
bpy.data.objects["Nothing of that name"].location.x = 1
