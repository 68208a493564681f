import bpy

bpy.ops.mesh.primitive_uv_sphere_add(radius=1)
ball = bpy.context.object
bpy.ops.object.add(type="LATTICE")
lattice = bpy.context.object
lattice.data.points_u = lattice.data.points_v = lattice.data.points_w = 3
lattice.scale = (2.2, 2.2, 2.2)
for point in lattice.data.points:
    point.co_deform.x *= 1.0 + 0.3 * point.co.z
ball.modifiers.new("Lattice", "LATTICE").object = lattice
