import bpy

bpy.ops.mesh.primitive_cube_add()
a = bpy.context.object
bpy.ops.mesh.primitive_cube_add(location=(3, 0, 0))
b = bpy.context.object
driver = b.driver_add("location", 2).driver
driver.type = "SCRIPTED"
var = driver.variables.new()
var.name = "x"
var.targets[0].id = a
var.targets[0].data_path = "location.x"
driver.expression = "x * 2 + 1"
a.location.x = 1.5
bpy.context.view_layer.update()
