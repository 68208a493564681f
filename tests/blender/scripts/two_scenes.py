import bpy

first = bpy.context.scene
second = bpy.data.scenes.new("Second")
bpy.context.window.scene = second
bpy.ops.mesh.primitive_cube_add()
bpy.context.window.scene = first
bpy.ops.mesh.primitive_ico_sphere_add()
