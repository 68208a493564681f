import bpy

bpy.ops.mesh.primitive_plane_add()
o = bpy.context.object
a = o.modifiers.new("Array", "ARRAY")
a.count = 6
a.relative_offset_displace = (1.1, 0, 0)
s = o.modifiers.new("Solid", "SOLIDIFY")
s.thickness = 0.2
b = o.modifiers.new("Bevel", "BEVEL")
b.width = 0.03
b.segments = 3
m = o.modifiers.new("Mirror", "MIRROR")
m.use_axis = (False, True, False)
w = o.modifiers.new("Wave", "WAVE")
w.height = 0.1
d = o.modifiers.new("Decimate", "DECIMATE")
d.ratio = 0.7
