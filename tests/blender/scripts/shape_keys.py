import bpy

bpy.ops.mesh.primitive_cube_add()
o = bpy.context.object
o.shape_key_add(name="Basis")
up = o.shape_key_add(name="Up", from_mix=False)
for point in up.data:
    if point.co.z > 0:
        point.co.z += 1
up.value = 0.5
up.keyframe_insert("value", frame=1)
up.value = 1.0
up.keyframe_insert("value", frame=20)
