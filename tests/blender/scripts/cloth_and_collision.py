import bpy

bpy.ops.mesh.primitive_grid_add(x_subdivisions=20, y_subdivisions=20, size=3, location=(0, 0, 2))
cloth = bpy.context.object
cloth.modifiers.new("Cloth", "CLOTH").settings.quality = 6
pin = cloth.vertex_groups.new(name="pin")
pin.add([0, 19], 1.0, "ADD")
cloth.modifiers["Cloth"].settings.vertex_group_mass = "pin"
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.8)
bpy.context.object.modifiers.new("Collision", "COLLISION")
