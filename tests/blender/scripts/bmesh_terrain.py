import bmesh
import bpy
from mathutils import Vector, noise

bm = bmesh.new()
bmesh.ops.create_grid(bm, x_segments=60, y_segments=60, size=5)
for v in bm.verts:
    v.co.z = noise.fractal(v.co * 0.4, 1.0, 2.0, 5) + 0.3 * noise.noise(v.co + Vector((3, 1, 0)))
mesh = bpy.data.meshes.new("Terrain")
bm.to_mesh(mesh)
bm.free()
for poly in mesh.polygons:
    poly.use_smooth = True
bpy.context.collection.objects.link(bpy.data.objects.new("Terrain", mesh))
