import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_monkey_add(location=(0, 0, 1))
bpy.ops.object.shade_smooth()
obj = bpy.context.object
mod = obj.modifiers.new("Subsurf", "SUBSURF")
mod.levels = 1
