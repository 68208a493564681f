import bpy

parts = []
for z in (0, 1, 2):
    bpy.ops.mesh.primitive_cube_add(size=1 - z * 0.2, location=(0, 0, z))
    parts.append(bpy.context.object)
bpy.ops.object.select_all(action="DESELECT")
for p in parts:
    p.select_set(True)
bpy.context.view_layer.objects.active = parts[0]
bpy.ops.object.join()
bpy.ops.object.empty_add(type="ARROWS", location=(2, 0, 0))
empty = bpy.context.object
tower = bpy.data.objects[parts[0].name]
tower.parent = empty
tower.matrix_parent_inverse = empty.matrix_world.inverted()
bpy.ops.object.transform_apply(location=True, rotation=True, scale=True)
