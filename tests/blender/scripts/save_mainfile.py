import os
import tempfile

import bpy

bpy.ops.mesh.primitive_cube_add()
path = os.path.join(tempfile.mkdtemp(), "out.blend")
bpy.ops.wm.save_as_mainfile(filepath=path, compress=True)
bpy.ops.mesh.primitive_cube_add(location=(3, 0, 0))
bpy.ops.wm.save_mainfile()
assert os.path.getsize(path) > 1000
