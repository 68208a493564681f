import bpy

bpy.ops.object.empty_add(location=(0, 0, 3))
target = bpy.context.object
bpy.ops.object.camera_add(location=(7, -7, 5))
cam = bpy.context.object
track = cam.constraints.new("TRACK_TO")
track.target = target
track.track_axis, track.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
bpy.context.scene.camera = cam
bpy.ops.mesh.primitive_cube_add()
limit = bpy.context.object.constraints.new("LIMIT_LOCATION")
limit.use_min_z = True
follow = bpy.context.object.constraints.new("COPY_LOCATION")
follow.target = target
follow.influence = 0.5
