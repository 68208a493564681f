import bpy

bpy.ops.mesh.primitive_cube_add()
bpy.ops.object.editmode_toggle()
bpy.ops.mesh.subdivide(number_cuts=3, smoothness=0.5)
bpy.ops.mesh.bevel(offset=0.05, segments=2)
