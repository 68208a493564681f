import bpy
import numpy as np

n = 80
x, y = np.meshgrid(np.linspace(-3, 3, n), np.linspace(-3, 3, n))
z = np.sin(x**2 + y**2) / (1 + 0.3 * (x**2 + y**2))
co = np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
i = np.arange(n * n).reshape(n, n)
quads = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], axis=-1).reshape(-1, 4)
mesh = bpy.data.meshes.new("wave")
mesh.vertices.add(len(co))
mesh.vertices.foreach_set("co", co.ravel())
mesh.loops.add(quads.size)
mesh.loops.foreach_set("vertex_index", quads.ravel())
mesh.polygons.add(len(quads))
mesh.polygons.foreach_set("loop_start", np.arange(0, quads.size, 4))
mesh.update(calc_edges=True)
attribute = mesh.attributes.new("height", "FLOAT", "POINT")
attribute.data.foreach_set("value", co[:, 2].copy())
bpy.context.collection.objects.link(bpy.data.objects.new("wave", mesh))
