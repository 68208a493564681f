import bpy

bpy.ops.object.armature_add(enter_editmode=True)
arm = bpy.context.object
bones = arm.data.edit_bones
root = bones[0]
root.name = "root"
previous = root
for i in range(4):
    bone = bones.new(f"spine_{i}")
    bone.head = previous.tail
    bone.tail = (0.2 * i, 0, previous.tail.z + 0.5)
    bone.parent = previous
    bone.use_connect = True
    previous = bone
bpy.ops.object.mode_set(mode="POSE")
arm.pose.bones["spine_1"].rotation_mode = "XYZ"
arm.pose.bones["spine_1"].rotation_euler = (0.4, 0, 0)
ik = arm.pose.bones["spine_3"].constraints.new("IK")
ik.chain_count = 3
