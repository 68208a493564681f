import os
import tempfile

import bpy

bpy.ops.mesh.primitive_cone_add()
path = os.path.join(tempfile.mkdtemp(), "again.blend")
bpy.ops.wm.save_as_mainfile(filepath=path)
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.open_mainfile(filepath=path)
bpy.data.objects["Cone"].location.z = 2
