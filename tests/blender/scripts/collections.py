import bpy

root = bpy.context.scene.collection
town = bpy.data.collections.new("Town")
root.children.link(town)
for street in ("North", "South"):
    col = bpy.data.collections.new(street)
    town.children.link(col)
    for n in range(3):
        mesh = bpy.data.meshes.new("house")
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
        house = bpy.data.objects.new("house", mesh)
        house.location.x = n * 2
        col.objects.link(house)
bpy.context.view_layer.layer_collection.children["Town"].children["South"].exclude = True
