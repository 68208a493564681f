import bpy

bpy.ops.object.grease_pencil_add(type="MONKEY")
bpy.ops.object.volume_add()
bpy.ops.object.speaker_add()
bpy.ops.object.lightprobe_add(type="SPHERE")
