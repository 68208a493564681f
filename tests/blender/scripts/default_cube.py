# Starts from the factory scene with its cube.
import bpy

bpy.ops.wm.read_homefile(use_factory_startup=True)
cube = bpy.data.objects["Cube"]
cube.scale = (1, 2, 0.5)
bpy.data.objects["Light"].data.energy = 500
