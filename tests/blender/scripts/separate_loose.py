import bpy

bpy.ops.mesh.primitive_cube_add()
bpy.ops.object.mode_set(mode="EDIT")
bpy.ops.mesh.primitive_uv_sphere_add(location=(4, 0, 0), segments=8, ring_count=6)
bpy.ops.mesh.separate(type="LOOSE")
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.object.origin_set(type="ORIGIN_GEOMETRY", center="BOUNDS")
