import bpy

bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3)
bpy.ops.object.mode_set(mode="SCULPT")
