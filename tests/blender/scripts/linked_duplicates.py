import bpy

bpy.ops.mesh.primitive_monkey_add(size=0.5)
for i in range(6):
    bpy.ops.object.duplicate_move_linked(TRANSFORM_OT_translate={"value": (1.2, 0, 0)})
    bpy.context.object.scale *= 1.05
copy = bpy.context.object.copy()
copy.data = copy.data.copy()
bpy.context.collection.objects.link(copy)
