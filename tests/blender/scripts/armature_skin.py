import bpy

bpy.ops.mesh.primitive_cylinder_add(vertices=12, depth=4, location=(0, 0, 2))
body = bpy.context.object
bpy.ops.object.mode_set(mode="EDIT")
bpy.ops.mesh.subdivide(number_cuts=6)
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.object.armature_add()
arm = bpy.context.object
bpy.ops.object.mode_set(mode="EDIT")
arm.data.edit_bones[0].tail = (0, 0, 2)
bpy.ops.armature.select_all(action="SELECT")
bpy.ops.armature.extrude_move(TRANSFORM_OT_translate={"value": (0, 0, 2)})
bpy.ops.object.mode_set(mode="OBJECT")
body.select_set(True)
arm.select_set(True)
bpy.context.view_layer.objects.active = arm
bpy.ops.object.parent_set(type="ARMATURE_AUTO")
arm.pose.bones[-1].rotation_quaternion = (0.9, 0.4, 0, 0)
