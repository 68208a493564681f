import bpy

bpy.ops.mesh.primitive_monkey_add()
bpy.ops.object.modifier_add(type="REMESH")
bpy.context.object.modifiers["Remesh"].voxel_size = 0.15
bpy.ops.object.modifier_apply(modifier="Remesh")
bpy.ops.object.shade_smooth_by_angle(angle=0.6)
