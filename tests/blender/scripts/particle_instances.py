import bpy

bpy.ops.mesh.primitive_cone_add(radius1=0.1, depth=0.3, location=(0, 0, -5))
leaf = bpy.context.object
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
tree = bpy.context.object
system = tree.modifiers.new("Leaves", "PARTICLE_SYSTEM").particle_system
s = system.settings
s.type = "HAIR"
s.use_advanced_hair = True
s.render_type = "OBJECT"
s.instance_object = leaf
s.count = 60
s.particle_size = 0.4
s.size_random = 0.5
