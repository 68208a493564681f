import bpy

bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8)
o = bpy.context.object
bpy.ops.object.particle_system_add()
ps = o.particle_systems[-1]
ps.seed = 7
ps.settings.type = "HAIR"
ps.settings.count = 150
ps.settings.hair_length = 0.4
ps.settings.child_type = "INTERPOLATED"
ps.settings.child_percent = 3
group = o.vertex_groups.new(name="Density")
group.add([v.index for v in o.data.vertices if v.co.z > 0], 1.0, "REPLACE")
ps.vertex_group_density = "Density"
