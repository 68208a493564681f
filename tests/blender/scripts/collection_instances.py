import bpy

kit = bpy.data.collections.new("Kit")
bpy.context.scene.collection.children.link(kit)
bpy.ops.mesh.primitive_cube_add(size=0.5)
cube = bpy.context.object
for c in cube.users_collection:
    c.objects.unlink(cube)
kit.objects.link(cube)
for i in range(5):
    inst = bpy.data.objects.new(f"inst{i}", None)
    inst.instance_type = "COLLECTION"
    inst.instance_collection = kit
    inst.location = (i, 1, 0)
    bpy.context.scene.collection.objects.link(inst)
