import bpy

bpy.ops.mesh.primitive_plane_add(size=4)
o = bpy.context.object
o.modifiers.new("Emitter", "PARTICLE_SYSTEM")
settings = o.particle_systems[0].settings
settings.count = 300
settings.lifetime = 80
settings.frame_start, settings.frame_end = 1, 40
settings.normal_factor = 2.5
settings.physics_type = "NEWTON"
settings.effector_weights.gravity = 0.4
