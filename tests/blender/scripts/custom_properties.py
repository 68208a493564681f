import bpy

bpy.ops.mesh.primitive_cube_add()
o = bpy.context.object
o["price"] = 12.5
o["tags"] = "a,b"
o["vector"] = [1.0, 2.0, 3.0]
o["nested"] = {"k": 1, "deep": {"x": 2.5}}
o.id_properties_ui("price").update(min=0, max=100)
bpy.context.scene["project"] = "demo"
