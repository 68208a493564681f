import bpy

tex = bpy.data.textures.new("Clouds", type="CLOUDS")
tex.noise_scale = 0.6
bpy.ops.mesh.primitive_grid_add(x_subdivisions=40, y_subdivisions=40, size=6)
d = bpy.context.object.modifiers.new("Displace", "DISPLACE")
d.texture = tex
d.strength = 0.8
