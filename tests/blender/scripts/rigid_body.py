import bpy

bpy.ops.mesh.primitive_plane_add(size=10)
bpy.ops.rigidbody.object_add()
bpy.context.object.rigid_body.type = "PASSIVE"
for z in range(3, 8):
    bpy.ops.mesh.primitive_cube_add(size=0.8, location=(0, 0.1 * z, z))
    bpy.ops.rigidbody.object_add(type="ACTIVE")
    bpy.context.object.rigid_body.mass = z
scene = bpy.context.scene
scene.rigidbody_world.point_cache.frame_end = 60
