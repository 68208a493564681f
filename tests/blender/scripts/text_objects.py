import bpy

bpy.ops.object.text_add(location=(0, 0, 0))
t = bpy.context.object
t.data.body = "Grüße\nWorld"
t.data.extrude = 0.1
t.data.bevel_depth = 0.01
t.data.align_x = "CENTER"
bpy.ops.object.text_add(location=(0, 0, 2))
bpy.context.object.data.body = "Mesh"
bpy.ops.object.convert(target="MESH")
