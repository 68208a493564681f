import bpy

bpy.ops.mesh.primitive_cube_add(size=2)
base = bpy.context.object
for i, (x, y) in enumerate([(1, 1), (-1, 1), (1, -1), (-1, -1)]):
    bpy.ops.mesh.primitive_cylinder_add(radius=0.4, depth=3, location=(x, y, 0))
    cutter = bpy.context.object
    mod = base.modifiers.new(f"cut{i}", "BOOLEAN")
    mod.operation = "DIFFERENCE"
    mod.solver = "EXACT"
    mod.object = cutter
    bpy.context.view_layer.objects.active = base
    bpy.ops.object.modifier_apply(modifier=mod.name)
    bpy.data.objects.remove(cutter, do_unlink=True)
