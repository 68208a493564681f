import random

import bpy

random.seed(42)
for x in range(6):
    for y in range(6):
        h = random.uniform(0.5, 4)
        bpy.ops.mesh.primitive_cube_add(location=(x * 1.5, y * 1.5, h / 2))
        bpy.context.object.scale = (0.5, 0.5, h / 2)
