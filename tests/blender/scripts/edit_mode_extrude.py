import bpy

bpy.ops.mesh.primitive_plane_add(size=2)
bpy.ops.object.mode_set(mode="EDIT")
bpy.ops.mesh.select_all(action="SELECT")
for i in range(5):
    bpy.ops.mesh.extrude_region_move(TRANSFORM_OT_translate={"value": (0, 0, 0.5)})
    bpy.ops.transform.resize(value=(0.8, 0.8, 0.8))
    bpy.ops.transform.rotate(value=0.2, orient_axis="Z")
bpy.ops.object.mode_set(mode="OBJECT")
