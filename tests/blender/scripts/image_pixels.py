import bpy
import numpy as np

image = bpy.data.images.new("Checker", 64, 64)
pixels = np.ones((64, 64, 4), dtype=np.float32)
pixels[::2, ::2, :3] = 0.1
image.pixels.foreach_set(pixels.ravel())
image.update()
mat = bpy.data.materials.new("Checked")
mat.use_nodes = True
tex = mat.node_tree.nodes.new("ShaderNodeTexImage")
tex.image = image
bsdf = mat.node_tree.nodes["Principled BSDF"]
mat.node_tree.links.new(tex.outputs["Color"], bsdf.inputs["Base Color"])
bpy.ops.mesh.primitive_plane_add()
bpy.context.object.data.materials.append(mat)
