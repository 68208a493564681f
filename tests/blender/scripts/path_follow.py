import bpy

bpy.ops.curve.primitive_nurbs_path_add(radius=2)
path = bpy.context.object
path.data.use_path = True
path.data.path_duration = 50
bpy.ops.mesh.primitive_cone_add()
c = bpy.context.object.constraints.new("FOLLOW_PATH")
c.target = path
c.use_curve_follow = True
path.data.eval_time = 12
