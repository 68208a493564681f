import bpy

mball = bpy.data.metaballs.new("Blob")
mball.resolution = 0.3
obj = bpy.data.objects.new("Blob", mball)
bpy.context.collection.objects.link(obj)
for x in (0, 1, 1.8):
    element = mball.elements.new()
    element.co = (x, 0, 0)
    element.radius = 1.2
