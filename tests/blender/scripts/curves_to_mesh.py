import bpy

bpy.ops.curve.primitive_bezier_circle_add(radius=1)
bpy.context.object.data.bevel_depth = 0.1
bpy.ops.object.convert(target="MESH")
bpy.ops.object.modifier_add(type="SUBSURF")
