import os
import tempfile

import bpy

bpy.ops.mesh.primitive_torus_add()
folder = tempfile.mkdtemp()
bpy.ops.wm.obj_export(filepath=os.path.join(folder, "t.obj"))
bpy.ops.export_scene.gltf(filepath=os.path.join(folder, "t.glb"))
bpy.ops.object.select_all(action="SELECT")
bpy.ops.object.delete()
bpy.ops.import_scene.gltf(filepath=os.path.join(folder, "t.glb"))
bpy.ops.wm.obj_import(filepath=os.path.join(folder, "t.obj"))
