import bpy

bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
me = bpy.context.object.data
layer = me.color_attributes.new("Col", "BYTE_COLOR", "CORNER")
for i, item in enumerate(layer.data):
    item.color = ((i % 7) / 7, 0.2, 0.5, 1)
bpy.ops.object.mode_set(mode="EDIT")
bpy.ops.mesh.select_all(action="SELECT")
bpy.ops.uv.smart_project(angle_limit=1.15)
bpy.ops.object.mode_set(mode="OBJECT")
