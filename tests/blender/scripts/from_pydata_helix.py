from math import cos, pi, sin

import bpy

verts, faces = [], []
N, TURNS = 200, 5
for i in range(N):
    a = i / N * TURNS * 2 * pi
    for r in (1.0, 1.3):
        verts.append((r * cos(a), r * sin(a), a * 0.1))
for i in range(N - 1):
    faces.append((2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2))
mesh = bpy.data.meshes.new("helix")
mesh.from_pydata(verts, [], faces)
mesh.update(calc_edges=True)
mesh.validate()
obj = bpy.data.objects.new("helix", mesh)
bpy.context.collection.objects.link(obj)
bpy.context.view_layer.objects.active = obj
obj.select_set(True)
