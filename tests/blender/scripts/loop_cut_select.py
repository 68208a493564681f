import bpy
import bmesh

bpy.ops.mesh.primitive_cylinder_add(vertices=24, depth=3)
obj = bpy.context.object
bpy.ops.object.mode_set(mode="EDIT")
bm = bmesh.from_edit_mesh(obj.data)
for face in bm.faces:
    face.select = face.normal.z > 0.9
bmesh.update_edit_mesh(obj.data)
bpy.ops.mesh.delete(type="FACE")
bpy.ops.mesh.select_all(action="SELECT")
bpy.ops.mesh.normals_make_consistent(inside=False)
bpy.ops.object.mode_set(mode="OBJECT")
solid = obj.modifiers.new("Solidify", "SOLIDIFY")
solid.thickness = 0.1
bpy.ops.object.modifier_apply(modifier=solid.name)
