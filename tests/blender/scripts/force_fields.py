import bpy

bpy.ops.object.effector_add(type="WIND", location=(0, -3, 1))
bpy.context.object.field.strength = 40
bpy.ops.object.effector_add(type="TURBULENCE")
bpy.context.object.field.noise = 2
