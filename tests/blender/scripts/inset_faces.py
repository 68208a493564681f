import bpy

bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8)
bpy.ops.object.mode_set(mode="EDIT")
bpy.ops.mesh.select_mode(type="FACE")
bpy.ops.mesh.select_all(action="SELECT")
bpy.ops.mesh.inset(thickness=0.03, depth=-0.05, use_individual=True)
bpy.ops.object.mode_set(mode="OBJECT")
bpy.context.object.data.polygons[0].select = True
