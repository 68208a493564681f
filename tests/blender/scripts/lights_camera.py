import math

import bpy

for i, kind in enumerate(("POINT", "SUN", "SPOT", "AREA")):
    data = bpy.data.lights.new(kind.title(), kind)
    data.energy = 100 * (i + 1)
    data.color = (1, 0.9, 0.8)
    lamp = bpy.data.objects.new(kind.title(), data)
    lamp.location = (i * 2, 0, 4)
    bpy.context.collection.objects.link(lamp)
bpy.ops.object.camera_add(location=(0, -10, 4), rotation=(math.radians(75), 0, 0))
bpy.context.object.data.lens = 35
bpy.context.object.data.dof.use_dof = True
bpy.context.scene.camera = bpy.context.object
