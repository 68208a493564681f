bl_info = {"name": "Guarded", "blender": (2, 80, 0), "category": "Object"}

if "bpy" in locals():
    import importlib

    importlib.reload(parts)  # noqa: F821
else:
    import math as parts

import bpy

bpy.ops.mesh.primitive_circle_add(vertices=int(parts.pi * 4))
