import math

import bmesh
import bpy
from mathutils import Matrix

bm = bmesh.new()
bmesh.ops.create_cone(bm, cap_ends=True, segments=7, radius1=1, radius2=0.3, depth=2)
bmesh.ops.bevel(bm, geom=bm.edges[:], offset=0.1, segments=2, affect="EDGES", profile=0.6)
bmesh.ops.rotate(bm, verts=bm.verts, cent=(0, 0, 0), matrix=Matrix.Rotation(math.radians(30), 3, "X"))
bmesh.ops.spin(bm, geom=bm.faces[:2], angle=1.0, steps=4, axis=(0, 0, 1), cent=(3, 0, 0))
bmesh.ops.triangulate(bm, faces=bm.faces[:])
bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
me = bpy.data.meshes.new("Cone")
bm.to_mesh(me)
bm.free()
bpy.context.scene.collection.objects.link(bpy.data.objects.new("Cone", me))
