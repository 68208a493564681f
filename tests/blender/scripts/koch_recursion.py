import bpy
from mathutils import Matrix, Vector


def branch(verts, edges, start, direction, length, depth):
    end = start + direction * length
    verts += [start, end]
    edges.append((len(verts) - 2, len(verts) - 1))
    if depth:
        for angle in (-0.5, 0.1, 0.6):
            turned = Matrix.Rotation(angle, 3, "Y") @ Matrix.Rotation(angle * 2, 3, "X") @ direction
            branch(verts, edges, end, turned, length * 0.7, depth - 1)


verts, edges = [], []
branch(verts, edges, Vector((0, 0, 0)), Vector((0, 0, 1)), 1.0, 5)
mesh = bpy.data.meshes.new("Tree")
mesh.from_pydata(verts, edges, [])
tree = bpy.data.objects.new("Tree", mesh)
bpy.context.collection.objects.link(tree)
bpy.context.view_layer.objects.active = tree
skin = tree.modifiers.new("Skin", "SKIN")
