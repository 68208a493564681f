import math

import bpy

bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
for frame in range(1, 101, 10):
    cube.location = (math.cos(frame / 10), math.sin(frame / 10), 0)
    cube.rotation_euler.z = frame / 10
    cube.keyframe_insert(data_path="location", frame=frame)
    cube.keyframe_insert(data_path="rotation_euler", index=2, frame=frame)
for curve in cube.animation_data.action.fcurves:
    for key in curve.keyframe_points:
        key.interpolation = "LINEAR"
bpy.context.scene.frame_set(37)
