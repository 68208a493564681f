import bpy

colours = {"Red": (1, 0, 0, 1), "Green": (0, 1, 0, 1), "Blue": (0, 0, 1, 1)}
bpy.ops.mesh.primitive_cube_add()
mesh = bpy.context.object.data
for name, colour in colours.items():
    material = bpy.data.materials.new(name)
    material.diffuse_color = colour
    mesh.materials.append(material)
for polygon in mesh.polygons:
    polygon.material_index = polygon.index % 3
