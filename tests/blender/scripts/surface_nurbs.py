import bpy

bpy.ops.surface.primitive_nurbs_surface_torus_add()
bpy.ops.surface.primitive_nurbs_surface_sphere_add(location=(4, 0, 0))
bpy.ops.object.select_all(action="DESELECT")
