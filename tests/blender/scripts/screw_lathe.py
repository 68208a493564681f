import bpy

mesh = bpy.data.meshes.new("profile")
mesh.from_pydata([(1, 0, 0), (1.2, 0, 0.5), (0.6, 0, 1.2), (0.7, 0, 1.6)], [(0, 1), (1, 2), (2, 3)], [])
vase = bpy.data.objects.new("Vase", mesh)
bpy.context.collection.objects.link(vase)
screw = vase.modifiers.new("Screw", "SCREW")
screw.steps = screw.render_steps = 32
screw.use_merge_vertices = True
